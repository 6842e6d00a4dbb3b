// What a kernel may use of CUDA beyond plain C++, in one place: launching, shared memory, shuffles and the fp64 matrix
// instruction. With LANDSCAPE_CUDA_SHIM the tests give the same names a meaning on the CPU (tests/cuda/shim) and run
// the kernels' bodies there.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "check.hpp"

namespace landscape::cuda {

inline constexpr int kWarp = 32;

struct LaunchShape {
  std::int64_t blocks;
  int threads;
  std::size_t shared_bytes;
  cudaStream_t stream;
};

/// A kernel's name for messages, and where it is launched.
struct LaunchName {
  const char* name;
  const char* file;
  int line;
  LaunchName(const char* kernel_name, const char* f = __builtin_FILE(),
             int l = __builtin_LINE())  // NOLINT: a name is a name
      : name(kernel_name), file(f), line(l) {}
};

/// kernel<<<shape>>>(arguments...), checked. No blocks: nothing to do.
template <class... Parameters, class... Arguments>
void launch(const LaunchName& at, void (*kernel)(Parameters...), const LaunchShape& shape,
            const Arguments&... arguments) {
  if (shape.blocks == 0) return;
#if defined(LANDSCAPE_CUDA_SHIM)
  shim::run_grid(at.name, shape.blocks, shape.threads, shape.shared_bytes, [&] { kernel(arguments...); });
#else
  constexpr std::size_t kSharedWithoutAsking = 48 * 1024;
  if (shape.shared_bytes > kSharedWithoutAsking) {
    check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shape.shared_bytes)),
          at.name, at.file, at.line);
  }
  kernel<<<static_cast<unsigned>(shape.blocks), static_cast<unsigned>(shape.threads), shape.shared_bytes,
           shape.stream>>>(arguments...);
#endif
  check(cudaGetLastError(), at.name, at.file, at.line);
}

#if defined(LANDSCAPE_CUDA_SHIM)
inline double* dynamic_shared() { return shim::dynamic_shared(); }
inline void keep_loads_here() {}
inline void forget_value(int&) {}
inline int one_turn() { return 1; }
inline void prefetch(const double*) {}
inline void copy_async(double* to, const double* from) {
  to[0] = from[0];
  to[1] = from[1];
}
inline void wait_for_copies() {}
inline void mma_m8n8k4(double (&c)[2], double a, double b) { shim::mma_m8n8k4(c, a, b); }
inline void mma_pair(double (&c0)[2], double (&c1)[2], double a0, double a1, double b) {
  shim::mma_m8n8k4(c0, a0, b);
  shim::mma_m8n8k4(c1, a1, b);
}
#else
/// The block's dynamic shared memory.
__device__ __forceinline__ double* dynamic_shared() {
  extern __shared__ __align__(16) double landscape_dynamic_shared[];
  return landscape_dynamic_shared;
}

/// Stops the compiler from hoisting loads of loop-invariant weights out of the point loop, where they would fill all
/// registers (w = 8, d = 3: 1248 bytes of spills without, none with).
__device__ __forceinline__ void keep_loads_here() { asm volatile("" ::: "memory"); }

/// Makes the compiler take v for a new value, so that nothing computed from it is moved out of a loop and kept in
/// registers all the way through.
__device__ __forceinline__ void forget_value(int& v) { asm volatile("" : "+r"(v)); }

/// 1, which no compiler knows: every launch has blocks of one row.
__device__ __forceinline__ int one_turn() { return static_cast<int>(blockDim.y); }

/// Brings the line of p nearer.
__device__ __forceinline__ void prefetch(const double* p) { asm volatile("prefetch.global.L1 [%0];" : : "l"(p)); }

/// Starts to copy two doubles, from a 16-byte boundary in device memory to one in shared memory.
__device__ __forceinline__ void copy_async(double* to, const double* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;"
               :
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(to))), "l"(from)
               : "memory");
}
/// Waits for this thread's copies.
__device__ __forceinline__ void wait_for_copies() { asm volatile("cp.async.wait_all;" : : : "memory"); }

/// C += A B with C (8 x 8), A (8 x 4), B (4 x 8) spread over a warp. Lane l holds A[l / 4][l % 4], B[l % 4][l / 4] and
/// the two entries C[l / 4][2 (l % 4) + {0, 1}]. Volatile keeps the products in program order; reordered, the width-32
/// kernels spill.
__device__ __forceinline__ void mma_m8n8k4(double (&c)[2], double a, double b) {
  asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
               : "+d"(c[0]), "+d"(c[1])
               : "d"(a), "d"(b));
}

/// Two such products with the same B. From Hopper on one m16n8k4, which takes the time of one m8n8k4 there; its
/// operands are the two A and C stacked, so the bits are those of two products.
__device__ __forceinline__ void mma_pair(double (&c0)[2], double (&c1)[2], double a0, double a1, double b) {
#if __CUDA_ARCH__ >= 900
  asm volatile("mma.sync.aligned.m16n8k4.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
               : "+d"(c0[0]), "+d"(c0[1]), "+d"(c1[0]), "+d"(c1[1])
               : "d"(a0), "d"(a1), "d"(b));
#else
  mma_m8n8k4(c0, a0, b);
  mma_m8n8k4(c1, a1, b);
#endif
}
#endif

/// Runs f, matrix instructions and loads, as a loop of one turn, into which no compiler moves arithmetic: on Hopper an
/// fp64 instruction between a warp's matrix instructions takes almost twice its time (tests/bench_cuda/README.md).
template <class F>
__device__ __forceinline__ void apart(const F& f) {
  int turn = one_turn();
#pragma unroll 1
  do {
    keep_loads_here();
    f();
  } while (--turn > 0);
}

/// Sum over the lanes whose numbers differ in the bits of kMask, by a butterfly: every lane gets the same bits.
template <unsigned kMask>
__device__ __forceinline__ double sum_over_lanes(double v) {
#pragma unroll
  for (unsigned bit = 1; bit < kWarp; bit *= 2) {
    if ((kMask & bit) != 0) v += __shfl_xor_sync(0xffffffffU, v, static_cast<int>(bit));
  }
  return v;
}
__device__ __forceinline__ double warp_sum(double v) { return sum_over_lanes<31>(v); }

/// Copies n doubles (even, 16-byte aligned) from global to shared memory with all threads of the block; the caller
/// synchronises.
__device__ __forceinline__ void copy_to_shared(double* to, const double* from, int n) {
  const auto* source = reinterpret_cast<const double2*>(from);
  auto* target = reinterpret_cast<double2*>(to);
  for (int i = static_cast<int>(threadIdx.x); i < n / 2; i += static_cast<int>(blockDim.x)) target[i] = source[i];
}

}  // namespace landscape::cuda
