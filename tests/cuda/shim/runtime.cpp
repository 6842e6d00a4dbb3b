// The host side of the pretended CUDA runtime: memory, copies, errors on request, and cuBLAS as plain loops.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>

#include "cublas_library.hpp"
#include "cuda_runtime.h"

using landscape::cuda::shim::device;

namespace {
std::map<void*, std::size_t> allocations;

/// What a call that did its work returns.
cudaError_t done() { return device.lost ? static_cast<cudaError_t>(device.lost_error) : cudaSuccess; }
}  // namespace

const char* cudaGetErrorString(cudaError_t status) {
  return status == cudaErrorMemoryAllocation ? "out of memory" : status == cudaSuccess ? "no error" : "pretended error";
}
const char* cudaGetErrorName(cudaError_t status) {
  return status == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaErrorPretended";
}
cudaError_t cudaGetLastError() {
  const auto status = static_cast<cudaError_t>(device.launch_error);
  device.launch_error = 0;
  return status;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = device.device_count_error == 0 ? device.count : -1;
  return static_cast<cudaError_t>(device.device_count_error);
}
cudaError_t cudaSetDevice(int index) {
  device.current = index;
  return index >= 0 && index < device.count ? done() : cudaErrorInvalidDevice;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int index) {
  std::strcpy(properties->name, "CPU shim");
  std::memset(&properties->uuid, 0, sizeof properties->uuid);
  const int card = device.first_card + index;
  std::memcpy(properties->uuid.bytes, &card, sizeof card);
  properties->major = device.major;
  properties->minor = device.minor;
  properties->multiProcessorCount = 2;
  properties->totalGlobalMem = device.total_memory;
  properties->sharedMemPerBlockOptin = device.shared_bytes_per_block;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = device.driver_version;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *free = device.free_memory;
  *total = device.total_memory;
  return done();
}

cudaError_t cudaMalloc(void** p, std::size_t n) {
  *p = nullptr;
  if (device.lost) return done();
  if (device.allocations_left == 0) return cudaErrorMemoryAllocation;
  if (device.allocations_left > 0) --device.allocations_left;
  if (device.fail_next_allocations > 0) {
    --device.fail_next_allocations;
    return cudaErrorMemoryAllocation;
  }
  if (n > device.free_memory) return cudaErrorMemoryAllocation;
  // Exactly the size asked for, so that the address sanitizer sees the end; NaN all over, so that nobody relies on
  // zeros.
  void* memory = nullptr;
  if (posix_memalign(&memory, 256, n == 0 ? 1 : n) != 0) return cudaErrorMemoryAllocation;
  std::memset(memory, 0xff, n);
  device.free_memory -= n;
  allocations[memory] = n;
  *p = memory;
  return done();
}
cudaError_t cudaFree(void* p) {
  const auto found = allocations.find(p);
  if (found == allocations.end()) return cudaErrorInvalidValue;
  device.free_memory += found->second;
  allocations.erase(found);
  std::free(p);
  return done();
}
cudaError_t cudaMallocHost(void** p, std::size_t n) {
  *p = nullptr;
  if (device.lost) return done();
  *p = std::malloc(n == 0 ? 1 : n);
  return *p == nullptr ? cudaErrorMemoryAllocation : done();
}
cudaError_t cudaFreeHost(void* p) {
  std::free(p);
  return done();
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t n, cudaMemcpyKind kind, cudaStream_t) {
  if (n != 0) std::memcpy(to, from, n);
  if (kind == cudaMemcpyHostToDevice) device.bytes_up += n;
  if (kind == cudaMemcpyDeviceToHost) device.bytes_down += n;
  return done();
}
cudaError_t cudaMemsetAsync(void* p, int value, std::size_t n, cudaStream_t) {
  std::memset(p, value, n);
  return done();
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = nullptr;
  return done();
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return done(); }
cudaError_t cudaStreamSynchronize(cudaStream_t) { return done(); }
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new double(0.0);
  return done();
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return done();
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  *event = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
  return done();
}
cudaError_t cudaEventSynchronize(cudaEvent_t) { return done(); }
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t start, cudaEvent_t stop) {
  *ms = static_cast<float>(*stop - *start);
  return done();
}

const char* cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "success" : "pretended error";
}
cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = new int(0);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream(cublasHandle_t, cudaStream_t) { return CUBLAS_STATUS_SUCCESS; }

cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t, cublasOperation_t transa, cublasOperation_t transb, int m,
                                         int n, int k, const double* alpha, const double* a, int lda,
                                         long long stride_a, const double* b, int ldb, long long stride_b,
                                         const double* beta, double* c, int ldc, long long stride_c, int batch) {
  for (long long g = 0; g < batch; ++g) {
    for (long long j = 0; j < n; ++j) {
      for (long long i = 0; i < m; ++i) {
        double sum = 0.0;
        for (long long l = 0; l < k; ++l) {
          const double left = a[g * stride_a + (transa == CUBLAS_OP_N ? i + l * lda : l + i * lda)];
          const double right = b[g * stride_b + (transb == CUBLAS_OP_N ? l + j * ldb : j + l * ldb)];
          sum += left * right;
        }
        double& out = c[g * stride_c + i + j * ldc];
        out = *alpha * sum + (*beta == 0.0 ? 0.0 : *beta * out);
      }
    }
  }
  return CUBLAS_STATUS_SUCCESS;
}

const landscape::cuda::CublasLibrary& landscape::cuda::cublas_library() {
  static const CublasLibrary library{cublasCreate, cublasDestroy, cublasSetStream, cublasDgemmStridedBatched,
                                     cublasGetStatusString};
  return library;
}
