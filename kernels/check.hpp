// The one checker of CUDA and cuBLAS calls: a failed call becomes a landscape::Error with what was tried, CUDA's own
// words, the place and, where there is one, the remedy. Destructors use `log_failure`, which never throws.
#pragma once

#include <cuda_runtime.h>

#include <string>

#include "landscape/model/error.hpp"

namespace landscape::cuda {

/// Device memory is out; the one failure that a smaller batch can cure.
class OutOfDeviceMemory : public Error {
 public:
  using Error::Error;
};

/// Throws Error (OutOfDeviceMemory where that is it) unless `status` is cudaSuccess. `call` is what was tried, e.g.
/// "cudaMalloc of 3.0 GiB for directions".
void check(cudaError_t status, const char* call, const char* file = __builtin_FILE(), int line = __builtin_LINE());
void check(cudaError_t status, const std::string& call, const char* file = __builtin_FILE(),
           int line = __builtin_LINE());

/// For destructors: one line on the standard error, nothing else; not even that once check() has said that the device
/// is lost.
void log_failure(cudaError_t status, const char* call) noexcept;

/// What the user can do about an error, or an empty string.
std::string remedy(cudaError_t status);

/// "kernels/narrow.cu:120" from an absolute path.
std::string place(const char* file, int line);

}  // namespace landscape::cuda
