// The GPUs this process may use.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace landscape::cuda {

inline constexpr int kLeastMajor = 8;  // fp64 matrix instructions begin with compute capability 8.0

struct DeviceInfo {
  int index;  // the runtime's number
  std::string name;
  std::string uuid;  // 16 bytes
  int multiprocessors;
  std::size_t shared_bytes_per_block;
};

/// Visible devices that the kernels run on; where there are none, `reason` says why.
std::vector<DeviceInfo> usable_devices(std::string& reason);

/// Does a program compiled for `architectures` (CMAKE_CUDA_ARCHITECTURES: 80-real;90;100-virtual;90a ...) hold code for
/// this compute capability? Machine code runs on its own and on later minor versions, PTX on all that is newer. Words
/// that are no numbers (native, all) count as yes: the first launch will tell.
bool has_code_for(std::string_view architectures, int major, int minor);

}  // namespace landscape::cuda
