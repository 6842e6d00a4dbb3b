// The CUDA backend of a build without CUDA: the call sites need no #ifdef.
#include "landscape/backend/cuda_backend.hpp"
#include "landscape/model/error.hpp"

namespace landscape {

DeviceStatus cuda_status() { return {0, "this program was built without CUDA"}; }

std::unique_ptr<LossBackend> make_cuda_backend(const NetworkSpec&, const Problem&, const PointSet&, int) {
  throw Error(
      "--device cuda: this program was built without CUDA; configure with -DLANDSCAPE_CUDA=ON or use --device cpu.");
}

}  // namespace landscape
