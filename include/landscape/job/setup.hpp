// The state that every rank of a job has before any work: the configuration, the quadrature points, the steps, the
// threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/config/command.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/job/progress.hpp"
#include "landscape/model/minimizer.hpp"
#include "landscape/parallel/communicator.hpp"
#include "landscape/parallel/thread_share.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

class Analysis;

struct Setup {
  const Command* command = nullptr;
  const Analysis* analysis = nullptr;  // the command's; null where it evaluates nothing
  RunConfig config;
  PointSet points;  // of the profiles
  ThreadShare share;
  int threads = 1;              // of this rank when all ranks work
  int training_threads = 1;     // of rank 0 while the others wait
  std::string device;           // "cpu" or "cuda": the same on all ranks
  std::string training_device;  // of rank 0
  std::string device_note;      // how ranks share devices, where it matters
  Stopwatch clock;              // since the job began
};

/// Collective. The evaluating backend of this rank on setup.device.
std::unique_ptr<LossBackend> make_backend(const Communicator& comm, const Setup& setup);

/// Rank 0's backend for training on setup.training_device. Not collective.
std::unique_ptr<LossBackend> make_training_backend(const Setup& setup, const PointSet& points);

/// Whether this rank was signalled, or the job's time limit has passed.
bool should_stop(const Setup& setup);

/// "SIGUSR1" or "the time limit", for messages.
std::string stop_reason(const Setup& setup);

}  // namespace landscape
