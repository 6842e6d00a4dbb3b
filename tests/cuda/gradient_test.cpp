// The gradient kernels against the CPU backend, against finite differences of the long-double reference, and against
// themselves.
#include <cstring>

#include "cases.hpp"

namespace landscape::test {
namespace {

std::vector<NetworkSpec> gradient_specs() {
  std::vector<NetworkSpec> specs{{NetworkKind::linear, Activation::swish, 2, 0, 0}};
  for (const NetworkKind kind : {NetworkKind::resnet, NetworkKind::fcnet}) {
    for (const auto& [d, w, nb] : {std::array{1, 1, 1},
                                   {1, 2, 1},
                                   {1, 3, 1},
                                   {1, 4, 1},
                                   {1, 5, 1},
                                   {1, 4, 2},
                                   {2, 4, 3},
                                   {3, 8, 1},
                                   {10, 5, 2},
                                   {10, 33, 1}}) {
      specs.push_back({kind, Activation::swish, d, w, nb});
    }
  }
  for (const Activation activation : {Activation::tanh, Activation::sin, Activation::softplus}) {
    specs.push_back({NetworkKind::resnet, activation, 1, 4, 1});
    specs.push_back({NetworkKind::fcnet, activation, 3, 6, 2});
  }
  return specs;
}

CUDA_TEST(GradientMatchesTheCpuBackend) {
  LANDSCAPE_NEEDS_GPU();
  for (const NetworkSpec& spec : gradient_specs()) {
    const std::size_t n = ParameterLayout(spec).size();
    const auto theta = random_vector(n, natural_scale(spec), 4);
    for (const std::size_t n_points : {1, 31, 33, 300}) {
      const PointSet points = inner_points(spec.dimension, n_points);
      const auto gpu = make_cuda_backend(spec, Problem::sine, points, 0);
      const auto cpu = make_cpu_backend(spec, Problem::sine, points, 1);
      for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
        std::vector<double> got(n), want(n);
        const double value = gpu->loss_and_gradient(loss, theta, got);
        const double expected = cpu->loss_and_gradient(loss, theta, want);
        EXPECT_TRUE(std::abs(value - expected) <= 1e-12 * std::abs(expected))
            << spec.describe() << " " << value << " " << expected;
        double largest = 0.0;
        for (const double g : want) largest = std::max(largest, std::abs(g));
        for (std::size_t i = 0; i < n; ++i) {
          EXPECT_TRUE(std::abs(got[i] - want[i]) <= 1e-12 * largest)
              << spec.describe() << ", " << to_string(loss) << ", " << n_points << " points, entry " << i << ": "
              << got[i] << " not " << want[i];
        }
      }
    }
  }
}

CUDA_TEST(GradientMatchesFiniteDifferencesOfTheReference) {
  LANDSCAPE_NEEDS_GPU();
  for (const NetworkSpec& spec : {NetworkSpec{NetworkKind::resnet, Activation::swish, 1, 4, 1},
                                  NetworkSpec{NetworkKind::resnet, Activation::tanh, 2, 3, 2},
                                  NetworkSpec{NetworkKind::fcnet, Activation::sin, 3, 5, 1}}) {
    const std::size_t n = ParameterLayout(spec).size();
    const auto theta = random_vector(n, natural_scale(spec), 6);
    const PointSet points = inner_points(spec.dimension, 7);
    const auto gpu = make_cuda_backend(spec, Problem::sine, points, 0);
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      std::vector<double> gradient(n);
      gpu->loss_and_gradient(loss, theta, gradient);
      double largest = 0.0;
      for (const double g : gradient) largest = std::max(largest, std::abs(g));
      for (std::size_t i = 0; i < n; i += 3) {
        const auto at = [&](double step) {
          std::vector<double> moved(theta);
          moved[i] += step;
          return reference::loss(reference_network(spec, moved), "sine", to_string(loss), points.points,
                                 points.weights);
        };
        // Fourth order: error h^4 f^(5) / 30, here near 1e-13.
        const double h = 0x1p-11;
        const long double slope = (8.0L * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12.0L * h);
        EXPECT_TRUE(std::abs(gradient[i] - slope) <= 1e-10L * largest)
            << spec.describe() << ", " << to_string(loss) << ", entry " << i << ": " << gradient[i] << " not "
            << static_cast<double>(slope);
      }
    }
  }
}

CUDA_TEST(GradientBitsDoNotDependOnWhatRanBefore) {
  LANDSCAPE_NEEDS_GPU();
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 2, 7, 2};
  const std::size_t n = ParameterLayout(spec).size();
  const auto theta = random_vector(n, 0.4, 8);
  const PointSet small = inner_points(2, 40), large = inner_points(2, 700);
  std::vector<double> first(n), again(n);
  const auto fresh = make_cuda_backend(spec, Problem::sine, small, 0);
  const double loss = fresh->loss_and_gradient(LossKind::galerkin, theta, first);
  const auto used = make_cuda_backend(spec, Problem::sine, large, 0);
  used->loss_and_gradient(LossKind::ritz, theta, again);
  used->set_points(small);
  const double loss_again = used->loss_and_gradient(LossKind::galerkin, theta, again);
  EXPECT_EQ(loss, loss_again);
  EXPECT_EQ(0, std::memcmp(first.data(), again.data(), n * sizeof(double)));
}

}  // namespace
}  // namespace landscape::test
