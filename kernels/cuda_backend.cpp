// The CUDA backend: one device, one stream, the pipeline of loss_pipeline.hpp behind LossBackend.
#include "landscape/backend/cuda_backend.hpp"

#include <fmt/format.h>

#include "devices.hpp"
#include "landscape/model/error.hpp"
#include "loss_pipeline.hpp"

namespace landscape {
namespace {

using cuda::check;
using cuda::DeviceInfo;

DeviceInfo choose_device(int node_local_rank) {
  std::string reason;
  const std::vector<DeviceInfo> devices = cuda::usable_devices(reason);
  if (devices.empty()) throw Error(fmt::format("--device cuda: {}. Use --device cpu.", reason));
  return devices[static_cast<std::size_t>(device_of_rank(node_local_rank, static_cast<int>(devices.size())))];
}

class CudaBackend final : public LossBackend {
 public:
  CudaBackend(const NetworkSpec& spec, const Problem& problem, const PointSet& points, int node_local_rank)
      : device_(choose_device(node_local_rank)),
        n_parameters_(ParameterLayout(spec).size()),
        pipeline_(on_device(), spec, problem) {
    pipeline_.set_points(points);
  }

  std::string describe() const override { return fmt::format("cuda:{}, {}", device_.index, device_.name); }
  void set_points(const PointSet& points) override {
    on_device();
    pipeline_.set_points(points);
  }
  void evaluate(const LineTask& task, std::span<double> losses) override {
    on_device();
    if (task.quantity == Quantity::gradient_norm) {
      require_fitting(task, n_parameters_, losses);
      evaluate_gradient_norms(task, losses);
    } else {
      pipeline_.evaluate(task, losses);
    }
  }
  double loss_and_gradient(LossKind loss, std::span<const double> theta, std::span<double> gradient) override {
    on_device();
    return pipeline_.loss_and_gradient(loss, theta, gradient);
  }

 private:
  const DeviceInfo& on_device() {
    check(cudaSetDevice(device_.index), "cudaSetDevice");
    return device_;
  }

  DeviceInfo device_;
  std::size_t n_parameters_;
  cuda::LossPipeline pipeline_;
};

}  // namespace

std::unique_ptr<LossBackend> make_cuda_backend(const NetworkSpec& spec, const Problem& problem, const PointSet& points,
                                               int node_local_rank) {
  spec.validate();
  return std::make_unique<CudaBackend>(spec, problem, points, node_local_rank);
}

}  // namespace landscape
