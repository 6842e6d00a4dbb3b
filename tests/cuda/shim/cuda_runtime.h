// A stand-in for the CUDA runtime on the CPU, under the runtime's own names, so that the project's kernels compile with
// any C++ compiler and their bodies run in tests without a GPU. Blocks run one after another; a block's threads are
// fibers, switched at
// __syncthreads and at warp operations (tests/cuda/shim/grid.cpp). Device memory is host memory, filled with NaN when
// allocated. Only what kernels/ uses is here.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>

#define __host__
#define __device__
#define __global__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};
struct alignas(16) double2 {
  double x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

namespace landscape::cuda::shim {

struct ThreadPlace {
  dim3 thread, block, block_size, grid_size;
};
extern ThreadPlace place;  // of the fiber that runs

/// Runs body() once per thread of the grid. Throws Error where threads of a warp diverge at a warp operation or a
/// barrier, which on a GPU would hang or be undefined.
void run_grid(const char* name, std::int64_t blocks, int threads, std::size_t shared_bytes,
              const std::function<void()>& body);
double* dynamic_shared();
void block_barrier();
double shuffle_xor(double value, int mask);
void mma_m8n8k4(double (&c)[2], double a, double b);

/// What the pretended device reports, and how tests make its calls fail.
struct Device {
  int count = 2;
  int first_card = 0;  // device i has the UUID of card first_card + i
  int current = 0;
  int major = 9, minor = 0;
  std::size_t total_memory = std::size_t{1} << 30;
  std::size_t free_memory = std::size_t{1} << 30;
  std::size_t shared_bytes_per_block = 227 * 1024;
  int fail_next_allocations = 0;  // so many cudaMalloc calls report that memory is out
  int allocations_left = -1;      // then every cudaMalloc reports that memory is out; -1: never
  int launch_error = 0;           // error code that the next launch leaves behind
  int launches_left = -1;         // then the device is lost: all calls return `lost_error`; -1: never
  int lost_error = 719;           // cudaErrorLaunchFailure
  bool lost = false;
  int driver_version = 13000;
  int device_count_error = 0;  // what cudaGetDeviceCount returns
  std::int64_t n_launches = 0;
  std::size_t bytes_up = 0, bytes_down = 0;
};
/// The environment variable LANDSCAPE_SHIM changes members at start-up: "major=7", "count=1,first_card=3",
/// "rank=1,launches_left=40" (that MPI rank only).
extern Device device;

}  // namespace landscape::cuda::shim

#define threadIdx (::landscape::cuda::shim::place.thread)
#define blockIdx (::landscape::cuda::shim::place.block)
#define blockDim (::landscape::cuda::shim::place.block_size)
#define gridDim (::landscape::cuda::shim::place.grid_size)
inline void __syncthreads() { ::landscape::cuda::shim::block_barrier(); }
inline double __shfl_xor_sync(unsigned, double value, int mask) {
  return ::landscape::cuda::shim::shuffle_xor(value, mask);
}

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorCudartUnloading = 4,
  cudaErrorInsufficientDriver = 35,
  cudaErrorDevicesUnavailable = 46,
  cudaErrorInvalidDeviceFunction = 98,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorECCUncorrectable = 214,
  cudaErrorNvlinkUncorrectable = 220,
  cudaErrorInvalidPtx = 218,
  cudaErrorUnsupportedPtxVersion = 222,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchTimeout = 702,
  cudaErrorAssert = 710,
  cudaErrorHardwareStackError = 714,
  cudaErrorIllegalInstruction = 715,
  cudaErrorMisalignedAddress = 716,
  cudaErrorInvalidAddressSpace = 717,
  cudaErrorInvalidPc = 718,
  cudaErrorLaunchFailure = 719,
  cudaErrorContained = 721,
  cudaErrorSystemDriverMismatch = 803,
  cudaErrorUnknown = 999
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };
enum cudaDeviceAttr {
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76
};
using cudaStream_t = void*;
using cudaEvent_t = double*;
inline constexpr unsigned cudaStreamNonBlocking = 1;

struct cudaUUID_t {
  char bytes[16];
};
struct cudaDeviceProp {
  char name[256];
  cudaUUID_t uuid;
  int major, minor, multiProcessorCount;
  std::size_t totalGlobalMem, sharedMemPerBlockOptin;
};

const char* cudaGetErrorString(cudaError_t status);
const char* cudaGetErrorName(cudaError_t status);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaMalloc(void** p, std::size_t n);
cudaError_t cudaFree(void* p);
cudaError_t cudaMallocHost(void** p, std::size_t n);
cudaError_t cudaFreeHost(void* p);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t n, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* p, int value, std::size_t n, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaEventCreate(cudaEvent_t* event);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t start, cudaEvent_t stop);
