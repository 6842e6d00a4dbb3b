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

/// The forms of the matrix instruction, by what one of them computes; the larger ones only from Hopper on.
enum class MmaForm { m8n8k4, m16n8k4, m16n8k8, m16n8k16 };
constexpr double flops_of(MmaForm form) {
  switch (form) {
    case MmaForm::m8n8k4:
      return 2.0 * 8 * 8 * 4;
    case MmaForm::m16n8k4:
      return 2.0 * 16 * 8 * 4;
    case MmaForm::m16n8k8:
      return 2.0 * 16 * 8 * 8;
    case MmaForm::m16n8k16:
      return 2.0 * 16 * 8 * 16;
  }
  return 0.0;
}

template <MmaForm kForm>
__device__ __forceinline__ void multiply(double (&c)[4], double a, double b) {
  if constexpr (kForm == MmaForm::m8n8k4) {
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
                 : "+d"(c[0]), "+d"(c[1])
                 : "d"(a), "d"(b));
  } else {
#if __CUDA_ARCH__ >= 900
    if constexpr (kForm == MmaForm::m16n8k4) {
      asm volatile(
          "mma.sync.aligned.m16n8k4.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %4}, {%5}, {%0, %1, %2, %3};"
          : "+d"(c[0]), "+d"(c[1]), "+d"(c[2]), "+d"(c[3])
          : "d"(a), "d"(b));
    } else if constexpr (kForm == MmaForm::m16n8k8) {
      asm volatile(
          "mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %4, %4, %4}, {%5, %5}, "
          "{%0, %1, %2, %3};"
          : "+d"(c[0]), "+d"(c[1]), "+d"(c[2]), "+d"(c[3])
          : "d"(a), "d"(b));
    } else {
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %4, %4, %4, %4, %4, %4, %4}, "
          "{%5, %5, %5, %5}, {%0, %1, %2, %3};"
          : "+d"(c[0]), "+d"(c[1]), "+d"(c[2]), "+d"(c[3])
          : "d"(a), "d"(b));
    }
#endif
  }
}

/// Per step, kChains products, then kChains times kFmas fused multiply-adds in chains of their own: where the two kinds
/// take turns on one pipe, the time is the sum of theirs.
template <MmaForm kForm, int kFmas>
__global__ void mma_rate(double a, double b, double* out) {
  double v[kChains][4] = {};
  double w[kChains];
#pragma unroll
  for (int c = 0; c < kChains; ++c) w[c] = a + c + threadIdx.x;
  for (int step = 0; step < kSteps; ++step) {
#pragma unroll
    for (int c = 0; c < kChains; ++c) {
      multiply<kForm>(v[c], a, b);
#pragma unroll
      for (int i = 0; i < kFmas; ++i) w[(c + i) % kChains] = math::fma(w[(c + i) % kChains], a, b);
    }
  }
  double sum = 0.0;
#pragma unroll
  for (int c = 0; c < kChains; ++c) sum += v[c][0] + v[c][1] + v[c][2] + v[c][3] + (kFmas > 0 ? w[c] : 0.0);
  if (sum == -1.0) *out = sum;
}

/// The same work with products and multiply-adds in loops of their own.
template <MmaForm kForm, int kFmas>
__global__ void mma_rate_apart(double a, double b, double* out) {
  constexpr int kRounds = 8;
  double v[kChains][4] = {};
  double w[kChains];
#pragma unroll
  for (int c = 0; c < kChains; ++c) w[c] = a + c + threadIdx.x;
  for (int step = 0; step < kSteps / kRounds; ++step) {
#pragma unroll 1
    for (int round = 0; round < kRounds; ++round) {
#pragma unroll
      for (int c = 0; c < kChains; ++c) multiply<kForm>(v[c], a, b);
    }
#pragma unroll 1
    for (int round = 0; round < kRounds; ++round) {
#pragma unroll
      for (int i = 0; i < kChains * kFmas; ++i) w[i % kChains] = math::fma(w[i % kChains], a, b);
    }
  }
  double sum = 0.0;
#pragma unroll
  for (int c = 0; c < kChains; ++c) sum += v[c][0] + v[c][1] + v[c][2] + v[c][3] + w[c];
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
  const double products = threads / kWarp * per_thread;
  const auto seconds_of = [&](auto kernel) {
    return best_seconds(stream, [&] { launch("mma rate", kernel, shape, 0.999, 1e-3, data); });
  };
  peaks.mma_m8n8k4 = products * flops_of(MmaForm::m8n8k4) / seconds_of(mma_rate<MmaForm::m8n8k4, 0>);
  peaks.mma = peaks.mma_m8n8k4;
  if (properties.major >= 9) {
    const double alone = seconds_of(mma_rate<MmaForm::m16n8k4, 0>);
    peaks.mma_m16n8k4 = products * flops_of(MmaForm::m16n8k4) / alone;
    peaks.mma_m16n8k8 = products * flops_of(MmaForm::m16n8k8) / seconds_of(mma_rate<MmaForm::m16n8k8, 0>);
    peaks.mma_m16n8k16 = products * flops_of(MmaForm::m16n8k16) / seconds_of(mma_rate<MmaForm::m16n8k16, 0>);
    peaks.mma = std::max({peaks.mma, peaks.mma_m16n8k4, peaks.mma_m16n8k8, peaks.mma_m16n8k16});
    constexpr int kFmas = 8;
    const double fmas_alone = 2.0 * threads * per_thread * kFmas / peaks.fma;
    const auto added = [&](double together) {
      return (together - std::max(alone, fmas_alone)) / std::min(alone, fmas_alone);
    };
    peaks.shared_pipe = added(seconds_of(mma_rate<MmaForm::m16n8k4, kFmas>));
    peaks.shared_pipe_apart = added(seconds_of(mma_rate_apart<MmaForm::m16n8k4, kFmas>));
  }
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
