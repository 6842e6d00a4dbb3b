// Sums whose order is fixed: chunks of a loss in index order, and a tree over many rows of a gradient.
#include "device_api.cuh"
#include "launchers.hpp"

namespace landscape::cuda {
namespace {

constexpr int kThreads = 128;

__global__ void add_chunks_kernel(const double* partial, std::int64_t count, int n_chunks, double* losses) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  double sum = partial[i * n_chunks];
  for (int c = 1; c < n_chunks; ++c) sum += partial[i * n_chunks + c];
  losses[i] = sum;
}

__global__ void add_rows_kernel(const double* rows, std::int64_t n_rows, std::int64_t n, int fan, double* out) {
  const std::int64_t blocks_per_row = (n + blockDim.x - 1) / blockDim.x;
  const std::int64_t group = blockIdx.x / blocks_per_row;
  const std::int64_t i = (blockIdx.x - group * blocks_per_row) * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const std::int64_t first = group * fan;
  const std::int64_t last = first + fan < n_rows ? first + fan : n_rows;
  double sum = rows[first * n + i];
  for (std::int64_t r = first + 1; r < last; ++r) sum += rows[r * n + i];
  out[group * n + i] = sum;
}

}  // namespace

void add_chunks(const double* partial, std::int64_t count, int n_chunks, double* losses, cudaStream_t stream) {
  launch("add_chunks", add_chunks_kernel, {(count + kThreads - 1) / kThreads, kThreads, 0, stream}, partial, count,
         n_chunks, losses);
}

void add_rows(const double* rows, std::int64_t n_rows, std::int64_t n, int fan, double* out, cudaStream_t stream) {
  const std::int64_t groups = (n_rows + fan - 1) / fan;
  launch("add_rows", add_rows_kernel, {groups * ((n + kThreads - 1) / kThreads), kThreads, 0, stream}, rows, n_rows, n,
         fan, out);
}

}  // namespace landscape::cuda
