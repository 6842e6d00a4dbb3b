// Directions drawn on the device against those the CPU draws: one stream of numbers, whatever the norm.
#include <cstring>

#include "cases.hpp"
#include "loss_pipeline.hpp"

namespace landscape::test {
namespace {

cuda::DeviceInfo first_device() {
  std::string reason;
  const auto devices = cuda::usable_devices(reason);
  cuda::check(cudaSetDevice(devices.at(0).index), "cudaSetDevice");
  return devices.at(0);
}

/// Units in the last place between two numbers of one sign.
std::uint64_t ulps_between(double a, double b) {
  std::uint64_t x, y;
  std::memcpy(&x, &a, sizeof x);
  std::memcpy(&y, &b, sizeof y);
  return x > y ? x - y : y - x;
}

CUDA_TEST(DirectionsAreThoseOfTheCpu) {
  LANDSCAPE_NEEDS_GPU();
  const cuda::DeviceInfo device = first_device();
  std::int64_t n_numbers = 0, n_different = 0;
  for (const NetworkSpec& spec : {NetworkSpec{NetworkKind::resnet, Activation::swish, 1, 4, 1},
                                  NetworkSpec{NetworkKind::fcnet, Activation::swish, 3, 5, 2},
                                  NetworkSpec{NetworkKind::resnet, Activation::swish, 10, 33, 1},
                                  NetworkSpec{NetworkKind::linear, Activation::swish, 3, 0, 0}}) {
    const std::size_t n = ParameterLayout(spec).size();
    auto theta = random_vector(n, 0.7, 9);
    theta[0] = 0.0;
    cuda::LossPipeline pipeline(device, spec, Problem{"sine"});
    for (const DirectionNorm norm : {DirectionNorm::filter, DirectionNorm::layer, DirectionNorm::weight,
                                     DirectionNorm::dfilter, DirectionNorm::dlayer, DirectionNorm::none}) {
      for (const BiasMode bias : {BiasMode::zero, BiasMode::copy, BiasMode::random, BiasMode::gaussian}) {
        const DirectionSet set(spec, theta, 0xdeadbeef12345678ULL, norm, bias);
        const std::int64_t first = (std::int64_t{1} << 33) + 5;
        const std::int64_t count = 3;
        std::vector<double> got(static_cast<std::size_t>(count) * n), want(n);
        pipeline.copy_directions(set, first, count, got);
        for (std::int64_t k = 0; k < count; ++k) {
          set.generate(first + k, want);
          for (std::size_t i = 0; i < n; ++i) {
            const double number = got[static_cast<std::size_t>(k) * n + i];
            ++n_numbers;
            n_different += std::memcmp(&number, &want[i], sizeof number) == 0 ? 0 : 1;
            EXPECT_TRUE(ulps_between(number, want[i]) <= 4) << spec.describe() << ", " << to_string(norm) << ", "
                                                            << to_string(bias) << ": " << number << " not " << want[i];
          }
        }
      }
    }
  }
#if defined(LANDSCAPE_CUDA_SHIM)
  EXPECT_EQ(n_different, 0);  // one text of every formula
#endif
  std::cout << n_different << " of " << n_numbers << " numbers differ in their last bits\n";
}

CUDA_TEST(GivenDirectionsArriveUnchanged) {
  LANDSCAPE_NEEDS_GPU();
  const cuda::DeviceInfo device = first_device();
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 1, 3, 1};
  const std::size_t n = ParameterLayout(spec).size();
  const auto theta = random_vector(n, 0.5, 1), rows = random_vector(4 * n, 1.0, 2);
  const DirectionSet set(spec, theta, rows);
  cuda::LossPipeline pipeline(device, spec, Problem{"sine"});
  std::vector<double> got(2 * n);
  pipeline.copy_directions(set, 1, 2, got);
  EXPECT_EQ(0, std::memcmp(got.data(), rows.data() + n, got.size() * sizeof(double)));
  EXPECT_THROW(pipeline.copy_directions(set, 3, 2, got), Error);
}

}  // namespace
}  // namespace landscape::test
