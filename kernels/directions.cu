// Random directions on the device: entry p of direction k is normal number p of Philox subsequence k, from cuRAND's
// device generator and the shared Box-Muller formula, then scaled by rows or tensors. Sums run in index order as on the
// CPU: the bits are the same.
#if defined(__CUDACC__)
#pragma nv_diag_suppress 20012  // the cuRAND headers annotate defaulted functions
#endif
#include <curand_kernel.h>

#include "device_api.cuh"
#include "landscape/math/normal.hpp"
#include "launchers.hpp"

namespace landscape::cuda {
namespace {

constexpr int kThreads = 256;

__device__ double norm_of(const double* v, std::int64_t n) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < n; ++i) sum += v[i] * v[i];
  return ::sqrt(sum);
}

__device__ void scale(const Segment& segment, const double* theta, double* direction) {
  const double* w = theta + segment.offset;
  double* d = direction + segment.offset;
  const std::int64_t n = segment.length;
  switch (segment.scaling) {
    case Scaling::to_reference:
    case Scaling::to_unit: {
      const double length = segment.scaling == Scaling::to_reference ? norm_of(w, n) : 1.0;
      const double drawn = norm_of(d, n);
      const double factor = drawn > 0.0 ? length / drawn : 0.0;
      for (std::int64_t i = 0; i < n; ++i) d[i] *= factor;
      break;
    }
    case Scaling::times_reference:
      for (std::int64_t i = 0; i < n; ++i) d[i] *= w[i];
      break;
    case Scaling::copy_reference:
      for (std::int64_t i = 0; i < n; ++i) d[i] = w[i];
      break;
    case Scaling::zero:
      for (std::int64_t i = 0; i < n; ++i) d[i] = 0.0;
      break;
    case Scaling::none:
      break;
  }
}

/// One block per direction: draw all entries, then one thread per segment scales it.
__global__ void draw(std::uint64_t seed, std::int64_t first, const double* theta, std::int64_t n,
                     const Segment* segments, int n_segments, double* directions) {
  double* direction = directions + static_cast<std::int64_t>(blockIdx.x) * n;
  const auto subsequence = static_cast<unsigned long long>(first) + blockIdx.x;
  for (std::int64_t pair = threadIdx.x; 2 * pair < n; pair += blockDim.x) {
    curandStatePhilox4_32_10_t state;
    curand_init(seed, subsequence, 4ULL * static_cast<unsigned long long>(pair), &state);
    const uint4 words = curand4(&state);
    const math::NormalPair normal = math::normal_pair(words.x, words.y, words.z, words.w);
    direction[2 * pair] = normal.first;
    if (2 * pair + 1 < n) direction[2 * pair + 1] = normal.second;
  }
  __syncthreads();
  for (int s = static_cast<int>(threadIdx.x); s < n_segments; s += static_cast<int>(blockDim.x)) {
    scale(segments[s], theta, direction);
  }
}

}  // namespace

void draw_directions(std::uint64_t seed, std::int64_t first, std::int64_t count, const double* theta, std::int64_t n,
                     const Segment* segments, int n_segments, double* directions, cudaStream_t stream) {
  launch("draw_directions", draw, {count, kThreads, 0, stream}, seed, first, theta, n, segments, n_segments,
         directions);
}

}  // namespace landscape::cuda
