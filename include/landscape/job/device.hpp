// The kinds of device that losses can be evaluated on, in one table, and the choice among them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "landscape/backend/cuda_backend.hpp"
#include "landscape/backend/loss_backend.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/parallel/communicator.hpp"

namespace landscape {

/// What a backend is made for; a device takes from it what concerns it.
struct BackendOrder {
  const NetworkSpec& spec;
  const Problem& problem;
  const PointSet& points;
  int threads = 1;
  int node_rank = 0;  // among the processes that share the machine's devices
  Precision precision = Precision::double_precision;
};

struct Device {
  DeviceChoice choice;       // its word in --device is its name in files
  DeviceStatus (*status)();  // how many this process has, or why none
  std::unique_ptr<LossBackend> (*make)(const BackendOrder&);
  bool takes_single;       // --precision single
  bool uses_threads;       // those of --threads
  double least_step_work;  // of a training, points x parameters, from which a step is worth the trip
};

/// In the order in which --device auto prefers them; the last is always there.
std::span<const Device> devices();
/// Throws Error where there is none of the name.
const Device& find_device(std::string_view name);
std::unique_ptr<LossBackend> make_backend_on(std::string_view device, const BackendOrder& order);

struct ChosenDevice {
  std::string name;
  std::string note;  // how ranks share devices, or why one is left idle; empty where neither matters
};
/// The device asked for, or with auto the first that every rank has. Throws UsageError, with the reason, where the one
/// asked for cannot be had. Collective, or with null for this process alone.
ChosenDevice choose_device(const RunConfig& config, const Communicator* comm);

/// For work with products of the Hessian, which the CPU alone has. Throws UsageError where a GPU was asked for.
void settle_on_cpu(RunConfig& config);

/// Where rank 0 trains while profiles run on `device`: there too, but with auto only where a step is long enough.
std::string choose_training_device(const RunConfig& config, const std::string& device);

/// Products of a point and a parameter in one step of a training.
double work_of_step(const RunConfig& config);

}  // namespace landscape
