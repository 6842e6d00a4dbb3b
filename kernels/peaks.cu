// Microbenchmarks of the double-precision pipes: enough independent chains per thread to hide every latency, results
// written only where they are impossible values, so that nothing is optimised away and nothing is stored.
#include "peaks.hpp"

#include <algorithm>

#include "device_api.cuh"
#include "landscape/math/activation.hpp"
#include "memory.hpp"

namespace landscape::cuda {
namespace {

constexpr int kChains = 8;
constexpr int kThreads = 256;
constexpr int kSteps = 4096;

__global__ void fma_rate(double a, double b, double* out) {
  double v[kChains];
#pragma unroll
  for (int c = 0; c < kChains; ++c) v[c] = a + c + threadIdx.x;
  for (int step = 0; step < kSteps; ++step) {
#pragma unroll
    for (int c = 0; c < kChains; ++c) v[c] = math::fma(v[c], a, b);
  }
  double sum = 0.0;
#pragma unroll
  for (int c = 0; c < kChains; ++c) sum += v[c];
  if (sum == -1.0) *out = sum;
}

__global__ void mma_rate(double a, double b, double* out) {
  double v[kChains][2] = {};
  for (int step = 0; step < kSteps; ++step) {
#pragma unroll
    for (int c = 0; c < kChains; ++c) mma_m8n8k4(v[c], a, b);
  }
  double sum = 0.0;
#pragma unroll
  for (int c = 0; c < kChains; ++c) sum += v[c][0] + v[c][1];
  if (sum == -1.0) *out = sum;
}

__global__ void activation_rate(double a, double* out) {
  double v[kChains / 2];
#pragma unroll
  for (int c = 0; c < kChains / 2; ++c) v[c] = a * (c + threadIdx.x);
  for (int step = 0; step < kSteps / 32; ++step) {
#pragma unroll
    for (int c = 0; c < kChains / 2; ++c) {
      const auto phi = math::activate<Activation::swish>(v[c]);
      v[c] = phi.f + phi.f1 * phi.f2;
    }
  }
  double sum = 0.0;
#pragma unroll
  for (int c = 0; c < kChains / 2; ++c) sum += v[c];
  if (sum == -1.0) *out = sum;
}

__global__ void copy(const double2* from, double2* to, std::int64_t n) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride)
    to[i] = from[i];
}

/// Best of several runs, in seconds.
template <class F>
double best_seconds(const Stream& stream, const F& run) {
  double best = 1e30;
  Event start, stop;
  for (int i = 0; i < 6; ++i) {
    start.record(stream.get());
    run();
    stop.record(stream.get());
    const double seconds = 1e-3 * stop.milliseconds_since(start);
    if (i > 0) best = std::min(best, seconds);
  }
  return best;
}

}  // namespace

Peaks measure_peaks() {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  const Stream stream;
  DeviceBuffer<double> out;
  constexpr std::size_t kCopyDoubles = std::size_t{1} << 26;  // 512 MiB each way, far beyond any cache
  double* data = out.reserve(2 * kCopyDoubles, "the bandwidth benchmark");
  check(cudaMemsetAsync(data, 0, 2 * kCopyDoubles * sizeof(double), stream.get()), "cudaMemsetAsync");
  const std::int64_t blocks = std::int64_t{properties.multiProcessorCount} * 16;
  const LaunchShape shape{blocks, kThreads, 0, stream.get()};
  const double threads = static_cast<double>(blocks) * kThreads;
  const double per_thread = static_cast<double>(kChains) * kSteps;
  Peaks peaks{};
  peaks.fma = 2.0 * threads * per_thread /
              best_seconds(stream, [&] { launch("fma rate", fma_rate, shape, 0.999, 1e-3, data); });
  peaks.mma = 2.0 * 256.0 * threads / kWarp * per_thread /
              best_seconds(stream, [&] { launch("mma rate", mma_rate, shape, 0.999, 1e-3, data); });
  peaks.exp = threads * per_thread / 64.0 /
              best_seconds(stream, [&] { launch("activation rate", activation_rate, shape, 1e-2, data); });
  peaks.bandwidth =
      2.0 * static_cast<double>(kCopyDoubles) * sizeof(double) / best_seconds(stream, [&] {
        launch("copy rate", copy, shape, reinterpret_cast<const double2*>(data),
               reinterpret_cast<double2*>(data + kCopyDoubles), static_cast<std::int64_t>(kCopyDoubles / 2));
      });
  return peaks;
}

}  // namespace landscape::cuda
