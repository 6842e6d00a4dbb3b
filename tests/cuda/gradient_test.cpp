// The gradient kernels, every family of them, against the CPU backend, against finite differences of the long-double
// reference, and against themselves.
#include <array>
#include <cstring>

#include "cases.hpp"
#include "dispatch.hpp"
#include "generic_launchers.hpp"
#include "landscape/model/error.hpp"

namespace landscape::test {
namespace {

/// Every kind, activation, dimension and width that meets another edge of the tiles of 8, each at least once.
std::vector<NetworkSpec> gradient_specs() {
  std::vector<NetworkSpec> specs{{NetworkKind::linear, Activation::swish, 1, 0, 0},
                                 {NetworkKind::linear, Activation::swish, 3, 0, 0},
                                 {NetworkKind::linear, Activation::swish, 10, 0, 0}};
  for (const NetworkKind kind : {NetworkKind::resnet, NetworkKind::fcnet}) {
    for (const int d : {1, 3, 10}) {
      for (const int w : {1, 2, 3, 4, 5, 8, 20, 33}) specs.push_back({kind, Activation::swish, d, w, 1});
    }
    for (const auto& [d, w, nb] : {std::array{1, 4, 2}, {2, 4, 3}, {10, 5, 2}, {3, 8, 3}, {1, 20, 2}, {3, 64, 1}})
      specs.push_back({kind, Activation::swish, d, w, nb});
  }
  for (const Activation activation : {Activation::tanh, Activation::sin, Activation::softplus}) {
    specs.push_back({NetworkKind::resnet, activation, 1, 4, 1});
    specs.push_back({NetworkKind::fcnet, activation, 3, 6, 2});
    specs.push_back({NetworkKind::resnet, activation, 10, 20, 1});
  }
  for (const auto& [d, layers] : {std::pair{1, std::vector<int>{4, 4}},
                                  {1, {7}},
                                  {3, {9, 9, 9}},
                                  {2, {12, 5}},
                                  {10, {6, 20, 9, 3}},
                                  {3, {3, 8, 5, 2, 7}}})
    specs.push_back({NetworkKind::mlp, d == 1 ? Activation::swish : Activation::tanh, d, 0, 0, layers});
  return specs;
}

constexpr std::array kGradientFamilies{cuda::GradientFamily::narrow, cuda::GradientFamily::block,
                                       cuda::GradientFamily::lanes};

/// Every family's gradient against the CPU backend's, and against itself computed again.
void expect_gradients(const NetworkSpec& spec, std::size_t n_points, const Problem& problem = Problem{"sine"}) {
  const std::size_t n = ParameterLayout(spec).size();
  const auto theta = random_vector(n, natural_scale(spec), 4);
  const PointSet points = points_of(problem, spec.dimension, n_points);
  const auto gpu = make_cuda_backend(spec, problem, points, 0);
  const auto cpu = make_cpu_backend(spec, problem, points, 1);
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    if (!has_loss(problem, loss)) continue;
    std::vector<double> got(n), again(n), want(n);
    const double expected = cpu->loss_and_gradient(loss, theta, want);
    double largest = 0.0;
    for (const double g : want) largest = std::max(largest, std::abs(g));
    for (const cuda::GradientFamily family : kGradientFamilies) {
      if (!cuda::has_gradient_kernel(family, {spec.kind, spec.shape(), spec.activation, loss})) continue;
      const ScopedVariable forced(cuda::kGradientVariable, cuda::to_string(family));
      const std::string what = spec.describe() + ", " + to_string(loss) + ", " + std::to_string(n_points) +
                               " points, " + cuda::to_string(family);
      const double value = gpu->loss_and_gradient(loss, theta, got);
      EXPECT_TRUE(std::abs(value - expected) <= 1e-12 * std::abs(expected)) << what << ": " << value << " " << expected;
      double worst = 0.0;
      for (std::size_t i = 0; i < n; ++i) {
        const double difference = std::abs(got[i] - want[i]);
        worst = difference <= worst ? worst : difference;  // NaN stays
        if (!(worst <= 1e-12 * largest)) {
          ADD_FAILURE() << what << ", entry " << i << ": " << got[i] << " not " << want[i];
          break;
        }
      }
      EXPECT_EQ(value, gpu->loss_and_gradient(loss, theta, again)) << what;
      EXPECT_EQ(0, std::memcmp(got.data(), again.data(), n * sizeof(double))) << what;
    }
  }
}

CUDA_TEST(ANetworkKindThatNoKernelIsWrittenForIsRefused) {
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    for (const int w : {4, 20, 100}) {
      const cuda::Evaluation what{static_cast<NetworkKind>(7), {1, w, 1, true}, Activation::swish, loss};
      EXPECT_TRUE(cuda::applicable_families(what).empty());
      EXPECT_THROW(cuda::choose_family(what), Error);
      for (const auto family : kGradientFamilies) EXPECT_FALSE(cuda::has_gradient_kernel(family, what));
      EXPECT_THROW(cuda::plan_gradient(what, 32), Error);
    }
  }
}

CUDA_TEST(GradientMatchesTheCpuBackend) {
  LANDSCAPE_NEEDS_GPU();
  for (const NetworkSpec& spec : gradient_specs()) {
    for (const std::size_t n_points : {1, 31, 33}) expect_gradients(spec, n_points);
  }
  expect_gradients({NetworkKind::resnet, Activation::swish, 3, 8, 1}, 300);
  for (const Problem& problem :
       {Problem("reaction", {50.0}), Problem("helmholtz", {}, {.wavenumber = 10.0}), Problem("convection")})
    expect_gradients({NetworkKind::resnet, Activation::swish, 3, 8, 1}, 31, problem);
  expect_gradients({NetworkKind::resnet, Activation::swish, 1, 4, 1}, 33, Problem("convection"));  // narrow
}

CUDA_TEST(GradientMatchesTheCpuBackendWithArraysInDeviceMemory) {
  LANDSCAPE_NEEDS_GPU();
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 10, 64, 3};
  const cuda::Evaluation galerkin{spec.kind, spec.shape(), spec.activation, LossKind::galerkin};
  ASSERT_EQ(cuda::plan_gradient(galerkin, 32).shared_bytes, 0U);
  expect_gradients(spec, 31);
}

CUDA_TEST(GradientMatchesTheCpuBackendWithManyPoints) {
  LANDSCAPE_NEEDS_GPU();
  // More points than 256 blocks of one tile each: blocks add several tiles into one row.
  expect_gradients({NetworkKind::resnet, Activation::swish, 1, 4, 1}, 9000);
  const NetworkSpec spec{NetworkKind::fcnet, Activation::tanh, 2, 3, 1};
  const cuda::GradientPlan plan = cuda::plan_gradient({spec.kind, spec.shape(), spec.activation, LossKind::ritz}, 9000);
  ASSERT_GT(plan.points_per_block, plan.tile.n_points);
  expect_gradients(spec, 9000);
}

CUDA_TEST(OverriddenGradientKernelMustExist) {
  LANDSCAPE_NEEDS_GPU();
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 3, 40, 1};
  const std::size_t n = ParameterLayout(spec).size();
  std::vector<double> gradient(n);
  const auto backend = make_cuda_backend(spec, Problem{"sine"}, inner_points(3, 20), 0);
  for (const char* word : {"narrow", "fast"}) {
    const ScopedVariable forced(cuda::kGradientVariable, word);
    EXPECT_THROW(backend->loss_and_gradient(LossKind::ritz, random_vector(n, 0.1, 1), gradient), UsageError);
  }
}

CUDA_TEST(GradientMatchesFiniteDifferencesOfTheReference) {
  LANDSCAPE_NEEDS_GPU();
  for (const NetworkSpec& spec : {NetworkSpec{NetworkKind::resnet, Activation::swish, 1, 4, 1},
                                  NetworkSpec{NetworkKind::resnet, Activation::tanh, 2, 3, 2},
                                  NetworkSpec{NetworkKind::fcnet, Activation::sin, 3, 5, 1}}) {
    const std::size_t n = ParameterLayout(spec).size();
    const auto theta = random_vector(n, natural_scale(spec), 6);
    const char* name = spec.activation == Activation::swish  ? "sine"
                       : spec.activation == Activation::tanh ? "diffusion"
                                                             : "reaction";
    for (const auto& [loss, beta] : {std::pair{LossKind::ritz, 0.0},
                                     {LossKind::galerkin, 0.0},
                                     {LossKind::ritz, 20.0},
                                     {LossKind::galerkin, 20.0}}) {
      const Problem problem(name, Boundary{beta});
      const PointSet points = points_of(problem, spec.dimension, 7);
      const auto gpu = make_cuda_backend(spec, problem, points, 0);
      std::vector<double> gradient(n);
      gpu->loss_and_gradient(loss, theta, gradient);
      double largest = 0.0;
      for (const double g : gradient) largest = std::max(largest, std::abs(g));
      for (std::size_t i = 0; i < n; i += 3) {
        const auto at = [&](double step) {
          std::vector<double> moved(theta);
          moved[i] += step;
          return reference_loss(spec, problem, loss, points, moved);
        };
        // Fourth order: error h^4 f^(5) / 30, here near 1e-13.
        const double h = 0x1p-11;
        const long double slope = (8.0L * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12.0L * h);
        EXPECT_TRUE(std::abs(gradient[i] - slope) <= 1e-10L * largest)
            << full_name(problem) << ", " << spec.describe() << ", " << to_string(loss) << ", entry " << i << ": "
            << gradient[i] << " not " << static_cast<double>(slope);
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
  const auto fresh = make_cuda_backend(spec, Problem{"sine"}, small, 0);
  const double loss = fresh->loss_and_gradient(LossKind::galerkin, theta, first);
  const auto used = make_cuda_backend(spec, Problem{"sine"}, large, 0);
  used->loss_and_gradient(LossKind::ritz, theta, again);
  used->set_points(small);
  const double loss_again = used->loss_and_gradient(LossKind::galerkin, theta, again);
  EXPECT_EQ(loss, loss_again);
  EXPECT_EQ(0, std::memcmp(first.data(), again.data(), n * sizeof(double)));
}

}  // namespace
}  // namespace landscape::test
