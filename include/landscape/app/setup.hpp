// The state that every rank of a job has before any work: the configuration, the quadrature points, the steps, the
// threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "landscape/app/command_line.hpp"
#include "landscape/app/progress.hpp"
#include "landscape/app/run_config.hpp"
#include "landscape/backend/loss_backend.hpp"
#include "landscape/model/minimizer.hpp"
#include "landscape/parallel/communicator.hpp"
#include "landscape/parallel/thread_share.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

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

/// Reads files that options name, in so far as they settle options: a loaded minimizer settles the network, given
/// directions their number. Throws UsageError where explicit options contradict the files.
RunConfig resolve_config(const Invocation& invocation);

/// Collective. Rank 0 reads options and files, all ranks parse the text that it broadcasts. Throws on all ranks alike.
Setup set_up(const Communicator& comm, const Invocation& invocation);

/// Collective. The evaluating backend of this rank on setup.device.
std::unique_ptr<LossBackend> make_backend(const Communicator& comm, const Setup& setup);

/// Rank 0's backend for training on setup.training_device. Not collective.
std::unique_ptr<LossBackend> make_training_backend(const Setup& setup, const PointSet& points);

}  // namespace landscape
