// From a status to a sentence: the call, CUDA's own words, the place, and the remedies of the few failures that a user
// can mend (memory, no code for the card, a card that is lost).
#include "check.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <string_view>

namespace landscape::cuda {
namespace {

// Once the device is lost every further call fails, those of destructors included: said once, by check().
std::atomic<bool> lost_device{false};

/// Errors after which this process can do nothing more on the device.
bool is_lost(cudaError_t status) {
  switch (status) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorContained:
    case cudaErrorUnknown:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string place(const char* file, int line) {
  std::string_view path(file);
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return fmt::format("kernels/{}:{}", path, line);
}

std::string remedy(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation:
      return "Run fewer ranks per GPU, free its memory, or use --device cpu";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorInvalidPtx:
      return "This program holds no code for this GPU: configure with -DCMAKE_CUDA_ARCHITECTURES=<its architecture> or "
             "use --device cpu";
    case cudaErrorInsufficientDriver:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorSystemDriverMismatch:
      return "Install a newer NVIDIA driver or use --device cpu";
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
      return "Check CUDA_VISIBLE_DEVICES or use --device cpu";
    case cudaErrorDevicesUnavailable:
      return "Another process holds the GPU exclusively: free it or use --device cpu";
    default:
      return is_lost(status)
                 ? "The GPU was lost to this process: start again with --resume, on another GPU if it happens twice"
                 : "";
  }
}

void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();  // a launch error would otherwise be reported again by the next call
  if (is_lost(status)) lost_device = true;
  const std::string advice = remedy(status);
  const std::string message =
      fmt::format("{} failed: {} ({}), at {}.{}{}", call, cudaGetErrorString(status), cudaGetErrorName(status),
                  place(file, line), advice.empty() ? "" : " " + advice, advice.empty() ? "" : ".");
  if (status == cudaErrorMemoryAllocation) throw OutOfDeviceMemory(message);
  throw Error(message);
}

void check(cudaError_t status, const std::string& call, const char* file, int line) {
  check(status, call.c_str(), file, line);
}

void log_failure(cudaError_t status, const char* call) noexcept {
  if (status == cudaSuccess || status == cudaErrorCudartUnloading || lost_device) return;
  std::fprintf(stderr, "landscape: %s failed: %s\n", call, cudaGetErrorString(status));
}

}  // namespace landscape::cuda
