// How the rest of the program reaches the GPU. Built without CUDA, a stub behind the same functions says so.
#pragma once

#include <memory>
#include <string>

#include "landscape/backend/loss_backend.hpp"

namespace landscape {

/// What the CUDA runtime says about this process's devices.
struct CudaStatus {
  int n_devices = 0;   // visible and usable
  std::string reason;  // why n_devices is 0: "built without CUDA", "no driver", ...
};
CudaStatus cuda_status();

/// Backend on device (node_local_rank mod n_devices). Throws Error with the reason where there is none.
std::unique_ptr<LossBackend> make_cuda_backend(const NetworkSpec& spec, Problem problem, const PointSet& points,
                                               int node_local_rank);

}  // namespace landscape
