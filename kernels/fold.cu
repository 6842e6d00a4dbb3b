// Networks start + s d, formed and folded on the device: one block per network, its neurons spread over the threads.
// The arithmetic is that of landscape/math/folded_network.hpp, bit for bit.
#include <algorithm>

#include "device_api.cuh"
#include "launchers.hpp"

namespace landscape::cuda {
namespace {

__global__ void form_and_fold(FoldTask task) {
  const std::int64_t n = task.n;
  const double* theta = task.starts;
  if (task.directions != nullptr) {
    const std::int64_t slot = blockIdx.x < task.count ? blockIdx.x : task.count - 1;
    const std::int64_t item = task.first + slot;
    const std::int64_t k = item / task.n_steps;
    const double step = task.steps[item - k * task.n_steps];
    const std::int64_t start = k / task.n_directions;
    const double* direction = task.directions + (k - start * task.n_directions - task.first_direction) * n;
    theta += start * n;
    const std::int64_t n_evaluated = math::parameter_count(task.shape);
    double* moved = task.moved + static_cast<std::int64_t>(blockIdx.x) * n_evaluated;
    if (task.places != nullptr) {
      for (std::int64_t i = threadIdx.x; i < n_evaluated; i += blockDim.x) moved[i] = 0.0;
      __syncthreads();
    }
    for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x)
      moved[task.places == nullptr ? i : task.places[i]] = math::fma(step, direction[i], theta[i]);
    __syncthreads();
    theta = moved;
  }
  // What `fold` leaves out is copied and packed with the rest, though never used.
  double* folded = task.folded + static_cast<std::int64_t>(blockIdx.x) * task.stride;
  for (std::int64_t i = threadIdx.x; i < task.stride; i += blockDim.x) folded[i] = 0.0;
  __syncthreads();
  math::fold(task.shape, theta, folded, static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x));
}

}  // namespace

void fold_networks(const FoldTask& task, cudaStream_t stream) {
  const int threads = std::clamp(round_up(std::max(task.shape.w, task.shape.d), kWarp), kWarp, 256);
  launch("fold_networks", form_and_fold, {task.n_slots, threads, 0, stream}, task);
}

}  // namespace landscape::cuda
