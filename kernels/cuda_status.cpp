// What the CUDA runtime says about this process's devices, in words. Nothing here needs a driver: a program linked to
// the runtime starts without one, and cudaGetDeviceCount then returns an error (35, not "no device") and leaves its
// count at -1.
#include <cuda_runtime.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "devices.hpp"
#include "landscape/backend/cuda_backend.hpp"

namespace landscape {
namespace cuda {

bool has_code_for(std::string_view architectures, int major, int minor) {
  const int capability = 10 * major + minor;
  while (!architectures.empty()) {
    const std::size_t end = std::min(architectures.find_first_of(";,"), architectures.size());
    const std::string_view word = architectures.substr(0, end);
    architectures.remove_prefix(std::min(end + 1, architectures.size()));
    if (word.empty()) continue;
    int number = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{}) return true;
    const std::string_view suffix(rest, static_cast<std::size_t>(word.data() + word.size() - rest));
    const bool exact = suffix.starts_with('a'), family = suffix.starts_with('f');
    const bool machine_code = !suffix.ends_with("-virtual"), ptx = !suffix.ends_with("-real") && !exact && !family;
    if (exact ? capability == number : capability >= number && capability / 10 == number / 10 && (machine_code || ptx))
      return true;
    if (ptx && capability >= number) return true;
  }
  return false;
}

std::vector<DeviceInfo> usable_devices(std::string& reason) {
  reason.clear();
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver) {
    int driver = 0, runtime = 0;
    const bool known = cudaDriverGetVersion(&driver) == cudaSuccess && cudaRuntimeGetVersion(&runtime) == cudaSuccess;
    reason = !known || driver == 0
                 ? std::string("there is no NVIDIA driver on this machine")
                 : fmt::format("the NVIDIA driver supports CUDA {}.{}, this program needs {}.{}", driver / 1000,
                               driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
  } else if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
    const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
    reason = visible == nullptr ? std::string("the NVIDIA driver sees no GPU")
                                : fmt::format("the NVIDIA driver sees no GPU with CUDA_VISIBLE_DEVICES='{}'", visible);
  } else if (status != cudaSuccess) {
    reason = fmt::format("cudaGetDeviceCount failed: {} ({})", cudaGetErrorString(status), cudaGetErrorName(status));
  }
  if (!reason.empty()) {
    (void)cudaGetLastError();
    return {};
  }
  std::vector<DeviceInfo> devices;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) {
      (void)cudaGetLastError();
      reason = fmt::format("device {} does not answer", i);
      continue;
    }
    if (properties.major < kLeastMajor) {
      reason = fmt::format("{} has compute capability {}.{}, this program needs {}.0 (double-precision tensor cores)",
                           properties.name, properties.major, properties.minor, kLeastMajor);
      continue;
    }
    if (!has_code_for(LANDSCAPE_CUDA_ARCHITECTURES, properties.major, properties.minor)) {
      reason = fmt::format(
          "{} has compute capability {}.{}, this program holds code for {} only (build it with "
          "-DCMAKE_CUDA_ARCHITECTURES={}{})",
          properties.name, properties.major, properties.minor, LANDSCAPE_CUDA_ARCHITECTURES, properties.major,
          properties.minor);
      continue;
    }
    devices.push_back({i, properties.name, std::string(properties.uuid.bytes, sizeof properties.uuid.bytes),
                       properties.multiProcessorCount, properties.sharedMemPerBlockOptin});
  }
  if (!devices.empty()) reason.clear();
  return devices;
}

}  // namespace cuda

DeviceStatus cuda_status() {
  DeviceStatus status;
  for (cuda::DeviceInfo& device : cuda::usable_devices(status.reason)) {
    status.identities.push_back(std::move(device.uuid));
    ++status.n_devices;
  }
  return status;
}

}  // namespace landscape
