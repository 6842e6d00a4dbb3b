// The GPUs this process may use.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace landscape::cuda {

inline constexpr int kLeastMajor = 8;  // fp64 matrix instructions begin with compute capability 8.0

struct DeviceInfo {
  int index;  // the runtime's number
  std::string name;
  int multiprocessors;
  std::size_t shared_bytes_per_block;
};

/// Visible devices that the kernels run on; where there are none, `reason` says why.
std::vector<DeviceInfo> usable_devices(std::string& reason);

}  // namespace landscape::cuda
