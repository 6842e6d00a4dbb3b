// How the rest of the program reaches the GPU. Built without CUDA, a stub behind the same functions says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "landscape/backend/loss_backend.hpp"

namespace landscape {

/// What this process has of one kind of device.
struct DeviceStatus {
  int n_devices = 0;     // visible and usable
  std::string reason{};  // why n_devices is 0: "built without CUDA", "no driver", ...
  std::vector<std::string>
      identities{};  // (n_devices), the same for every process that sees the device (16 bytes each)
};
DeviceStatus cuda_status();

/// The device of a rank: an index below n_devices, which is at least 1.
constexpr int device_of_rank(int node_local_rank, int n_devices) { return node_local_rank % n_devices; }

/// Backend on device_of_rank(node_local_rank, n_devices). Throws Error with the reason where there is none.
std::unique_ptr<LossBackend> make_cuda_backend(const NetworkSpec& spec, const Problem& problem, const PointSet& points,
                                               int node_local_rank);

}  // namespace landscape
