// The stand-in itself, and what only a stand-in can show: failures of the card, memory that runs out, what crosses the
// bus.
#include <array>
#include <cstring>
#include <functional>

#include "cases.hpp"
#include "device_api.cuh"
#include "devices.hpp"
#include "landscape/model/error.hpp"
#include "tile_layout.hpp"

namespace landscape::test {
namespace {

using cuda::shim::device;

/// Restores the pretended device.
class DeviceState : public ::testing::Test {
 protected:
  void SetUp() override { before_ = device; }
  void TearDown() override { device = before_; }

 private:
  cuda::shim::Device before_;
};
using CudaShimDevice = DeviceState;

constexpr std::array kLostDevice{
    cudaErrorIllegalAddress,     cudaErrorECCUncorrectable,    cudaErrorLaunchFailure,     cudaErrorUnknown,
    cudaErrorContained,          cudaErrorNvlinkUncorrectable, cudaErrorLaunchTimeout,     cudaErrorAssert,
    cudaErrorHardwareStackError, cudaErrorIllegalInstruction,  cudaErrorMisalignedAddress, cudaErrorInvalidAddressSpace,
    cudaErrorInvalidPc};

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(CudaShimGrid, MatrixInstructionIsAMatrixProduct) {
  // The fragment layout of mma.m8n8k4 written out in full, for matrices that make every entry of the product different.
  std::vector<double> c(64, 0.0), want(64, 1.0);
  const auto a = [](int row, int k) { return 1.0 + row + 10.0 * k; };
  const auto b = [](int k, int column) { return 3.0 + 7.0 * k - column * column; };
  for (int row = 0; row < 8; ++row) {
    for (int column = 0; column < 8; ++column) {
      for (int k = 0; k < 4; ++k) want[static_cast<std::size_t>(8 * row + column)] += a(row, k) * b(k, column);
    }
  }
  cuda::shim::run_grid("mma", 1, 32, 0, [&] {
    const auto lane = static_cast<int>(threadIdx.x);
    double own[2] = {1.0, 1.0};
    cuda::mma_m8n8k4(own, a(lane / 4, lane % 4), b(lane % 4, lane / 4));
    for (int e = 0; e < 2; ++e) c[static_cast<std::size_t>(8 * (lane / 4) + 2 * (lane % 4) + e)] = own[e];
  });
  EXPECT_EQ(c, want);
}

TEST(CudaShimGrid, ThreadsOfABlockMeetAtBarriers) {
  std::vector<int> seen(96, 0);
  std::vector<int> flags(96, 0);
  cuda::shim::run_grid("barrier", 3, 96, 0, [&] {
    flags[threadIdx.x] = static_cast<int>(blockIdx.x) + 1;
    __syncthreads();
    seen[threadIdx.x] += flags[95 - threadIdx.x];
    __syncthreads();
  });
  EXPECT_EQ(seen, std::vector<int>(96, 1 + 2 + 3));
}

TEST(CudaShimGrid, DivergenceIsAnError) {
  const auto shuffle_without_lane_0 = [] {
    cuda::shim::run_grid("lonely", 1, 32, 0, [] {
      if (threadIdx.x != 0) (void)cuda::warp_sum(1.0);
    });
  };
  EXPECT_NE(message_of(shuffle_without_lane_0).find("only 31 lanes"), std::string::npos);
  const auto barrier_without_warp_0 = [] {
    cuda::shim::run_grid("half", 1, 64, 0, [] {
      if (threadIdx.x >= 32) __syncthreads();
    });
  };
  EXPECT_NE(message_of(barrier_without_warp_0).find("only 32 threads"), std::string::npos);
  // and a later grid is none the worse for it
  double sum = 0.0;
  cuda::shim::run_grid("after", 1, 32, 0, [&] { sum = cuda::warp_sum(2.0); });
  EXPECT_EQ(sum, 64.0);
}

TEST_F(CudaShimDevice, StatusSaysWhyThereIsNoDevice) {
  device.device_count_error = cudaErrorInsufficientDriver;
  device.driver_version = 0;
  EXPECT_EQ(cuda_status().n_devices, 0);
  EXPECT_EQ(cuda_status().reason, "there is no NVIDIA driver on this machine");
  device.driver_version = 12020;
  EXPECT_EQ(cuda_status().reason, "the NVIDIA driver supports CUDA 12.2, this program needs 13.0");
  device.device_count_error = cudaErrorNoDevice;
  EXPECT_NE(cuda_status().reason.find("sees no GPU"), std::string::npos);
  device.device_count_error = cudaErrorUnknown;
  EXPECT_NE(cuda_status().reason.find("cudaGetDeviceCount failed"), std::string::npos);
  device.device_count_error = 0;
  device.major = 7;
  EXPECT_EQ(cuda_status().n_devices, 0);
  EXPECT_NE(cuda_status().reason.find("compute capability 7.0"), std::string::npos);
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 1, 4, 1};
  const std::string message = message_of([&] { make_cuda_backend(spec, Problem{"sine"}, inner_points(1, 5), 0); });
  EXPECT_NE(message.find("--device cpu"), std::string::npos) << message;
  device.major = 9;
  EXPECT_EQ(cuda_status().n_devices, 2);
  const std::vector<std::string> cards = cuda_status().identities;
  ASSERT_EQ(cards.size(), 2U);
  EXPECT_NE(cards[0], cards[1]);
  device.first_card = 1;
  EXPECT_EQ(cuda_status().identities[0], cards[1]) << "the same card for a process that sees others before it";
  device.first_card = 0;
  EXPECT_EQ(cuda_status().reason, "");
}

TEST_F(CudaShimDevice, RanksTakeDevicesInTurn) {
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 1, 4, 1};
  const PointSet points = inner_points(1, 5);
  EXPECT_EQ(make_cuda_backend(spec, Problem{"sine"}, points, 0)->describe(), "cuda:0, CPU shim");
  EXPECT_EQ(make_cuda_backend(spec, Problem{"sine"}, points, 3)->describe(), "cuda:1, CPU shim");
}

TEST_F(CudaShimDevice, FailuresNameCallPlaceAndRemedy) {
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 1, 4, 1};
  const PointSet points = inner_points(1, 5);
  const auto make = [&] {
    std::vector<double> theta(ParameterLayout(spec).size(), 0.1), gradient(theta);
    make_cuda_backend(spec, Problem{"sine"}, points, 0)->loss_and_gradient(LossKind::ritz, theta, gradient);
  };
  device.launch_error = cudaErrorNoKernelImageForDevice;
  std::string message = message_of(make);
  EXPECT_NE(message.find("fold_networks failed"), std::string::npos) << message;
  EXPECT_NE(message.find("kernels/fold.cu:"), std::string::npos) << message;
  EXPECT_NE(message.find("CMAKE_CUDA_ARCHITECTURES"), std::string::npos) << message;
  device.launch_error = cudaErrorECCUncorrectable;
  message = message_of(make);
  EXPECT_NE(message.find("--resume"), std::string::npos) << message;
  device.free_memory = 100;
  message = message_of(make);
  EXPECT_NE(message.find("cudaMalloc of"), std::string::npos) << message;
  EXPECT_NE(message.find("fewer ranks per GPU"), std::string::npos) << message;
}

TEST(CudaShimArchitectures, CodeRunsOnItsOwnAndLaterCapabilities) {
  using cuda::has_code_for;
  for (const auto& [capability, expected] : {std::pair{75, false}, {80, true}, {86, true}, {90, true}, {103, true}}) {
    EXPECT_EQ(has_code_for("80-real;90", capability / 10, capability % 10), expected) << capability;
    EXPECT_EQ(has_code_for("80-real,90", capability / 10, capability % 10), expected) << capability;
  }
  EXPECT_FALSE(has_code_for("80-real;90-real", 10, 0));  // no PTX
  EXPECT_FALSE(has_code_for("86-real", 8, 0));
  EXPECT_FALSE(has_code_for("90", 8, 9));
  EXPECT_TRUE(has_code_for("80-virtual", 12, 0));
  EXPECT_TRUE(has_code_for("90a-real;100f", 9, 0));
  EXPECT_FALSE(has_code_for("90a", 10, 0));  // such PTX runs nowhere else
  EXPECT_TRUE(has_code_for("100f", 10, 3));
  EXPECT_FALSE(has_code_for("100f", 12, 0));
  EXPECT_TRUE(has_code_for("native", 12, 0));
  EXPECT_FALSE(has_code_for("", 9, 0));
}

TEST(CudaShimArchitectures, EveryFailureHasARemedy) {
  for (const cudaError_t status :
       {cudaErrorMemoryAllocation, cudaErrorNoKernelImageForDevice, cudaErrorInvalidDeviceFunction, cudaErrorInvalidPtx,
        cudaErrorUnsupportedPtxVersion, cudaErrorInsufficientDriver, cudaErrorSystemDriverMismatch, cudaErrorNoDevice,
        cudaErrorInvalidDevice, cudaErrorDevicesUnavailable}) {
    EXPECT_NE(message_of([&] { cuda::check(status, "a call"); }).find("--device cpu"), std::string::npos) << status;
  }
  for (const cudaError_t status : kLostDevice) {
    EXPECT_NE(message_of([&] { cuda::check(status, "a call"); }).find("--resume"), std::string::npos) << status;
  }
}

/// A case for each way through the pipeline.
std::vector<NetworkSpec> failing_specs() {
  return {{NetworkKind::resnet, Activation::swish, 1, 4, 1},
          {NetworkKind::linear, Activation::swish, 1, 0, 0},
          {NetworkKind::resnet, Activation::tanh, 1, 130, 1}};
}

TEST_F(CudaShimDevice, ADeviceLostInMidRunIsOneClearError) {
  const std::vector<double> steps{-1.0, 0.0, 1.0};
  std::vector<double> losses(30);
  for (const NetworkSpec& spec : failing_specs()) {
    const auto theta = random_vector(ParameterLayout(spec).size(), natural_scale(spec), 1);
    const LineSet set(DirectionSet(spec, theta, 5, DirectionNorm::filter, BiasMode::zero));
    std::vector<double> gradient(theta.size());
    for (const bool training : {false, true}) {
      for (const int launches : {0, 1}) {  // the error shows at the end of the work, or at the next copy
        device.lost_error = kLostDevice[static_cast<std::size_t>(launches)];
        ::testing::internal::CaptureStderr();
        std::string first, second;
        {
          const auto backend = make_cuda_backend(spec, Problem{"sine"}, inner_points(spec.dimension, 5), 0);
          const auto work = [&] {
            if (training) {
              backend->loss_and_gradient(LossKind::galerkin, theta, gradient);
            } else {
              backend->evaluate({LossKind::galerkin, &set, steps, 0, 30}, losses);
            }
          };
          work();
          device.launches_left = launches;
          first = message_of(work);
          second = message_of(work);  // every later call says so too
        }
        EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "destructors repeat what has been said";
        for (const std::string& message : {first, second}) {
          EXPECT_NE(message.find("The GPU was lost to this process"), std::string::npos) << message;
          EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        }
        device.launches_left = -1;
        device.lost = false;
      }
    }
  }
}

TEST_F(CudaShimDevice, MemoryMayRunOutAnywhere) {
  // The allocation that fails, and all after it, moves through the whole work. Afterwards the same backend works again.
  const std::vector<double> steps{-1.0, 0.0, 1.0};
  for (const NetworkSpec& spec : failing_specs()) {
    const auto theta = random_vector(ParameterLayout(spec).size(), natural_scale(spec), 1);
    const LineSet set(DirectionSet(spec, theta, 5, DirectionNorm::filter, BiasMode::zero));
    const PointSet few = inner_points(spec.dimension, 3), points = inner_points(spec.dimension, 5);
    std::vector<double> want(6), got(6), want_gradient(theta.size()), got_gradient(theta.size());
    const auto work = [&](LossBackend& backend, std::vector<double>& losses, std::vector<double>& gradient) {
      backend.set_points(points);
      backend.evaluate({LossKind::ritz, &set, steps, 0, 6}, losses);
      backend.loss_and_gradient(LossKind::ritz, theta, gradient);
    };
    work(*make_cuda_backend(spec, Problem{"sine"}, few, 0), want, want_gradient);
    int failures = 0;
    for (int left = 0; left < 40; ++left) {
      const auto backend = make_cuda_backend(spec, Problem{"sine"}, few, 0);
      device.allocations_left = left;
      const std::string message = message_of([&] { work(*backend, got, got_gradient); });
      device.allocations_left = -1;
      if (message == "nothing was thrown") break;
      ++failures;
      EXPECT_NE(message.find("cudaMalloc of"), std::string::npos) << message;
      EXPECT_NE(message.find("fewer ranks per GPU"), std::string::npos) << message;
      work(*backend, got, got_gradient);
      EXPECT_EQ(got, want) << spec.describe() << " after " << left << " allocations";
      EXPECT_EQ(got_gradient, want_gradient) << spec.describe() << " after " << left << " allocations";
    }
    EXPECT_GE(failures, 8) << spec.describe();
  }
}

TEST_F(CudaShimDevice, LittleMemoryMeansSmallerBatchesAndTheSameBits) {
  const std::vector<double> steps{-1.0, 0.0, 1.0};
  for (const NetworkSpec& spec : {NetworkSpec{NetworkKind::resnet, Activation::swish, 1, 4, 1},
                                  NetworkSpec{NetworkKind::linear, Activation::swish, 1, 0, 0},
                                  NetworkSpec{NetworkKind::resnet, Activation::swish, 2, 20, 2}}) {
    const auto theta = random_vector(ParameterLayout(spec).size(), 0.3, 1);
    const LineSet set(DirectionSet(spec, theta, 5, DirectionNorm::filter, BiasMode::zero));
    const PointSet points = inner_points(spec.dimension, 40);
    std::vector<double> want(60), got(60);
    make_cuda_backend(spec, Problem{"sine"}, points, 0)->evaluate({LossKind::galerkin, &set, steps, 0, 60}, want);
    const cuda::shim::Device before = device;
    const auto tight = make_cuda_backend(spec, Problem{"sine"}, points, 0);
    device.free_memory = 300 * 1000;
    tight->evaluate({LossKind::galerkin, &set, steps, 0, 60}, got);
    EXPECT_EQ(0, std::memcmp(got.data(), want.data(), want.size() * sizeof(double))) << spec.describe();
    device.free_memory = before.free_memory;
    const auto unlucky = make_cuda_backend(spec, Problem{"sine"}, points, 0);
    unlucky->evaluate({LossKind::galerkin, &set, steps, 0, 1}, std::span(got).first(1));  // its points are there
    device.fail_next_allocations = 2;
    unlucky->evaluate({LossKind::galerkin, &set, steps, 0, 60}, got);
    EXPECT_EQ(0, std::memcmp(got.data(), want.data(), want.size() * sizeof(double))) << spec.describe();
    device.fail_next_allocations = 0;
  }
}

TEST_F(CudaShimDevice, BitsDoNotDependOnTheCard) {
  // A card with less shared memory gets fewer warps per block, or streams its weights.
  const std::vector<double> steps{-1.0, 0.5};
  for (const NetworkSpec& spec : {NetworkSpec{NetworkKind::resnet, Activation::swish, 2, 50, 1},
                                  NetworkSpec{NetworkKind::resnet, Activation::sin, 3, 16, 3},
                                  NetworkSpec{NetworkKind::fcnet, Activation::swish, 2, 72, 1}}) {
    const auto theta = random_vector(ParameterLayout(spec).size(), natural_scale(spec), 1);
    const LineSet set(DirectionSet(spec, theta, 5, DirectionNorm::filter, BiasMode::zero));
    const PointSet points = inner_points(spec.dimension, 100);
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      std::vector<double> want(4), got(4);
      device.shared_bytes_per_block = 227 * 1024;
      make_cuda_backend(spec, Problem{"sine"}, points, 0)->evaluate({loss, &set, steps, 0, 4}, want);
      for (const std::size_t kilobytes : {99, 163}) {
        device.shared_bytes_per_block = kilobytes * 1024;
        make_cuda_backend(spec, Problem{"sine"}, points, 0)->evaluate({loss, &set, steps, 0, 4}, got);
        EXPECT_EQ(0, std::memcmp(got.data(), want.data(), want.size() * sizeof(double))) << spec.describe();
      }
    }
  }
}

TEST_F(CudaShimDevice, OnlyParametersStepsAndLossesCrossTheBus) {
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 2, 12, 1};
  const auto theta = random_vector(ParameterLayout(spec).size(), 0.3, 1);
  const LineSet set(DirectionSet(spec, theta, 5, DirectionNorm::none, BiasMode::zero));
  const auto backend = make_cuda_backend(spec, Problem{"sine"}, inner_points(2, 40), 0);
  const std::vector<double> steps{-1.0, 0.0, 1.0};
  std::vector<double> losses(300);
  backend->evaluate({LossKind::ritz, &set, steps, 0, 300}, losses);  // the first call also sends the table of rows
  device.bytes_up = device.bytes_down = 0;
  backend->evaluate({LossKind::ritz, &set, steps, 0, 300}, losses);
  EXPECT_EQ(device.bytes_up, (theta.size() + steps.size()) * sizeof(double));
  EXPECT_EQ(device.bytes_down, losses.size() * sizeof(double));
}

}  // namespace
}  // namespace landscape::test
