// The backend as a whole: the same bits for any batch and slicing, the CPU's losses on drawn directions, the published
// profiles, and what happens to losses that are no numbers.
#include <algorithm>
#include <cstring>
#include <limits>

#include "cases.hpp"
#include "dispatch.hpp"
#include "landscape/model/error.hpp"
#include "line_sets.hpp"
#include "loss_pipeline.hpp"
#include "published.hpp"

namespace landscape::test {
namespace {

std::vector<double> all_losses(LossBackend& backend, LossKind loss, const LineSet& set,
                               const std::vector<double>& steps, std::int64_t first, std::int64_t count) {
  std::vector<double> losses(static_cast<std::size_t>(count));
  backend.evaluate({loss, &set, steps, first, count}, losses);
  return losses;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

std::vector<NetworkSpec> one_per_family() {
  return {
      {NetworkKind::linear, Activation::swish, 2, 0, 0},        {NetworkKind::resnet, Activation::swish, 1, 4, 1},
      {NetworkKind::resnet, Activation::swish, 3, 12, 1},       {NetworkKind::fcnet, Activation::swish, 2, 6, 2},
      {NetworkKind::mlp, Activation::tanh, 2, 0, 0, {7, 4, 9}}, {NetworkKind::mlp, Activation::swish, 2, 0, 0, {12, 5}},
      {NetworkKind::resnet, Activation::tanh, 2, 140, 1}};
}

CUDA_TEST(BitsDoNotDependOnBatchOrSlice) {
  LANDSCAPE_NEEDS_GPU();
  const std::vector<double> steps{-1.0, -0.25, 0.0, 0.5};
  std::string reason;
  const cuda::DeviceInfo device = cuda::usable_devices(reason).at(0);
  cuda::check(cudaSetDevice(device.index), "cudaSetDevice");
  for (const NetworkSpec& spec : one_per_family()) {
    const auto theta = random_vector(ParameterLayout(spec).size(), natural_scale(spec), 3);
    const LineSet set(DirectionSet(spec, theta, 7, DirectionNorm::filter, BiasMode::random));
    cuda::LossPipeline pipeline(device, spec, Problem{"sine"});
    pipeline.set_points(inner_points(spec.dimension, 70));
    const std::int64_t count = 20;
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      std::vector<double> want(static_cast<std::size_t>(count)), got(want.size());
      pipeline.evaluate({loss, &set, steps, 0, count}, want);
      for (const std::int64_t batch : {1, 3, 7}) {
        pipeline.limit_batch(batch);
        pipeline.evaluate({loss, &set, steps, 0, count}, got);
        EXPECT_TRUE(same_bits(got, want)) << spec.describe() << " in batches of " << batch;
      }
      pipeline.limit_batch(0);
      for (std::int64_t first = 0; first < count; first += 6) {
        const std::int64_t n = std::min<std::int64_t>(6, count - first);
        std::vector<double> slice(static_cast<std::size_t>(n));
        pipeline.evaluate({loss, &set, steps, first, n}, slice);
        EXPECT_TRUE(same_bits(slice, {want.begin() + first, want.begin() + first + n}))
            << spec.describe() << " from " << first;
      }
    }
  }
}

CUDA_TEST(LinesOfEveryKindHaveTheBitsOfTheirPoints) {
  LANDSCAPE_NEEDS_GPU();
  const std::vector<double> steps{0.0, 0.3, 1.0};
  std::string reason;
  const cuda::DeviceInfo device = cuda::usable_devices(reason).at(0);
  cuda::check(cudaSetDevice(device.index), "cudaSetDevice");
  for (const NetworkSpec& spec : one_per_family()) {
    const std::size_t n = ParameterLayout(spec).size();
    const double scale = natural_scale(spec);
    const PointSet points = inner_points(spec.dimension, 20);
    cuda::LossPipeline pipeline(device, spec, Problem{"sine"});
    pipeline.set_points(points);
    const auto alone = make_cuda_backend(spec, Problem{"sine"}, points, 0);
    for (const LineSet& lines :
         line_sets(spec, random_vector(n, scale, 1), random_vector(n, scale, 2), random_vector(n, scale, 3))) {
      const auto want = losses_line_by_line(*alone, spec, LossKind::galerkin, lines, steps);
      const auto count = static_cast<std::int64_t>(want.size());
      for (const std::int64_t batch : {0, 2, 4}) {
        pipeline.limit_batch(batch);
        for (const std::int64_t first : {std::int64_t{0}, count / 2}) {
          std::vector<double> got(static_cast<std::size_t>(count - first));
          pipeline.evaluate({LossKind::galerkin, &lines, steps, first, count - first}, got);
          EXPECT_TRUE(same_bits(got, {want.begin() + first, want.end()}))
              << spec.describe() << " in batches of " << batch << " from " << first;
        }
      }
      std::vector<double> beyond(1);
      EXPECT_THROW(pipeline.evaluate({LossKind::galerkin, &lines, steps, count, 1}, beyond), Error);
    }
  }
}

CUDA_TEST(LossesMatchTheCpuBackendOnDrawnDirections) {
  LANDSCAPE_NEEDS_GPU();
  const std::vector<double> steps{-1.0, -0.5, 0.0, 0.5, 1.0};
  for (const NetworkSpec& spec : one_per_family()) {
    const auto theta = random_vector(ParameterLayout(spec).size(), natural_scale(spec), 3);
    const PointSet points = inner_points(spec.dimension, 40);
    const auto gpu = make_cuda_backend(spec, Problem{"sine"}, points, 0);
    const auto cpu = make_cpu_backend(spec, Problem{"sine"}, points, 1);
    for (const DirectionNorm norm : {DirectionNorm::filter, DirectionNorm::dlayer}) {
      const LineSet set(DirectionSet(spec, theta, 21, norm, BiasMode::copy));
      for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
        const auto got = all_losses(*gpu, loss, set, steps, 5, 10), want = all_losses(*cpu, loss, set, steps, 5, 10);
        double largest = 0.0;
        for (const double f : want) largest = std::max(largest, std::abs(f));
        for (std::size_t i = 0; i < got.size(); ++i) {
          EXPECT_TRUE(std::abs(got[i] - want[i]) <= 1e-12 * largest)
              << spec.describe() << ": " << got[i] << " not " << want[i];
        }
      }
    }
  }
}

CUDA_TEST(ProfilesMatchThePublishedMinimizers) {
  LANDSCAPE_NEEDS_GPU();
  LANDSCAPE_NEEDS_PUBLISHED("profiles.json");
  const auto file = reference::read_published("profiles.json");
  ASSERT_FALSE(file["profiles"].empty());
  for (const auto& entry : file["profiles"]) {
    const NetworkSpec spec{parse_network_kind(entry["network"].get<std::string>()), Activation::swish,
                           entry["dimension"], entry["width"], entry["blocks"]};
    const auto loss = parse_loss(entry["loss"].get<std::string>());
    const auto theta = entry["theta"].get<std::vector<double>>(),
               direction = entry["direction"].get<std::vector<double>>();
    const auto steps = entry["steps"].get<std::vector<double>>(), want = entry["values"].get<std::vector<double>>();
    const PointSet points = make_points(parse_quadrature(entry["quadrature"].get<std::string>()), spec.dimension, 1, 0);
    const auto backend = make_cuda_backend(spec, Problem{"sine"}, points, 0);
    double largest = 0.0;
    for (const double f : want) largest = std::max(largest, std::abs(f));
    for (const cuda::KernelFamily family :
         cuda::applicable_families({spec.kind, spec.shape(), spec.activation, loss})) {
      const ScopedVariable forced(kKernelVariable, cuda::to_string(family));
      const auto got = profile(*backend, spec, loss, theta, direction, steps);
      for (std::size_t j = 0; j < want.size(); ++j) {
        EXPECT_TRUE(std::abs(got[j] - want[j]) <= 1e-12 * largest)
            << entry["minimizer"] << " " << entry["loss"] << " " << cuda::to_string(family) << ": " << got[j] << " not "
            << want[j];
      }
    }
  }
}

CUDA_TEST(SinglePointLossesMatchThePublishedDerivatives) {
  LANDSCAPE_NEEDS_GPU();
  LANDSCAPE_NEEDS_PUBLISHED("profiles.json");
  // With one point of weight 1 the losses are (Lap u + f)^2 and |grad u|^2 / 2 - f u at that point.
  const auto file = reference::read_published("profiles.json");
  ASSERT_FALSE(file["pointwise"].empty());
  for (const auto& entry : file["pointwise"]) {
    const NetworkSpec spec{parse_network_kind(entry["network"].get<std::string>()), Activation::swish,
                           entry["dimension"], entry["width"], entry["blocks"]};
    const auto theta = entry["theta"].get<std::vector<double>>();
    const std::vector<double> zero(theta.size(), 0.0);
    for (std::size_t i = 0; i < entry["points"].size(); ++i) {
      const auto x = entry["points"][i].get<std::vector<double>>();
      const auto backend = make_cuda_backend(spec, Problem{"sine"}, {spec.dimension, x, {1.0}}, 0);
      const double u = entry["u"][i], laplacian = entry["laplacian_u"][i];
      const auto f = static_cast<double>(reference::source("sine", x));
      double energy = 0.0;
      for (const double g : entry["grad_u"][i].get<std::vector<double>>()) energy += g * g;
      const double ritz = 0.5 * energy - f * u, galerkin = (laplacian + f) * (laplacian + f);
      const double got_ritz = profile(*backend, spec, LossKind::ritz, theta, zero, {0.0})[0];
      const double got_galerkin = profile(*backend, spec, LossKind::galerkin, theta, zero, {0.0})[0];
      // Sums of terms of mixed sign: relative to the terms, not to what is left of them.
      EXPECT_TRUE(std::abs(got_ritz - ritz) <= 1e-12 * (0.5 * energy + std::abs(f * u))) << got_ritz << " not " << ritz;
      const double size = std::abs(laplacian) + std::abs(f);
      EXPECT_TRUE(std::abs(std::sqrt(got_galerkin) - std::abs(laplacian + f)) <= 1e-11 * size)
          << got_galerkin << " not " << galerkin;
    }
  }
}

CUDA_TEST(LinearNetworkGivesParabolas) {
  LANDSCAPE_NEEDS_GPU();
  // Method: at a = -2, c = -1 both losses are quadratic in theta, so every profile is a parabola about 0.
  const NetworkSpec spec{NetworkKind::linear, Activation::swish, 1, 0, 0};
  const auto backend = make_cuda_backend(spec, Problem{"cubic"}, make_points({QuadratureKind::gauss, 8}, 1, 1, 0), 0);
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const auto f = profile(*backend, spec, loss, {-2.0, -1.0}, {0.6, -0.8}, {-1.0, -0.5, 0.0, 0.5, 1.0});
    EXPECT_NEAR(f[0], f[4], 1e-13 * std::abs(f[0]));
    EXPECT_NEAR(f[0] - f[2], 4.0 * (f[1] - f[2]), 1e-13 * std::abs(f[0]));
    EXPECT_GT(f[0], f[2]);
  }
}

CUDA_TEST(LossThatIsNoNumberIsAResult) {
  LANDSCAPE_NEEDS_GPU();
  for (const NetworkSpec& spec : one_per_family()) {
    const std::size_t n = ParameterLayout(spec).size();
    auto theta = random_vector(n, natural_scale(spec), 3);
    const auto backend = make_cuda_backend(spec, Problem{"sine"}, inner_points(spec.dimension, 20), 0);
    std::vector<double> direction(n, 0.0);
    direction[n - 1] = std::numeric_limits<double>::quiet_NaN();
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      EXPECT_FALSE(std::isfinite(profile(*backend, spec, loss, theta, direction, {1.0})[0])) << spec.describe();
      std::vector<double> huge(n, 0.0);
      huge[0] = 1e300;
      huge[n - 1] = 1e300;
      EXPECT_FALSE(std::isfinite(profile(*backend, spec, loss, theta, huge, {1e10})[0])) << spec.describe();
    }
  }
}

CUDA_TEST(OverriddenKernelMustExist) {
  LANDSCAPE_NEEDS_GPU();
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 3, 40, 1};
  const std::size_t n = ParameterLayout(spec).size();
  const auto backend = make_cuda_backend(spec, Problem{"sine"}, inner_points(3, 20), 0);
  for (const char* word : {"narrow", "fast"}) {
    const ScopedVariable forced(kKernelVariable, word);
    EXPECT_THROW(profile(*backend, spec, LossKind::ritz, random_vector(n, 0.1, 1), random_vector(n, 0.1, 2), {0.0}),
                 UsageError);
  }
}

CUDA_TEST(QuantitiesMatchTheCpuBackendOnDrawnDirections) {
  LANDSCAPE_NEEDS_GPU();
  const std::vector<double> steps{-1.0, -0.5, 0.0, 0.5, 1.0};
  for (const NetworkSpec& spec : one_per_family()) {
    const auto theta = random_vector(ParameterLayout(spec).size(), natural_scale(spec), 3);
    for (const Problem& problem : {Problem("sine"), Problem("reaction", Boundary{10.0})}) {
      const PointSet points = points_of(problem, spec.dimension, 40);
      const auto gpu = make_cuda_backend(spec, problem, points, 0);
      const auto cpu = make_cpu_backend(spec, problem, points, 1);
      const LineSet set(DirectionSet(spec, theta, 21, DirectionNorm::filter, BiasMode::copy));
      for (const Quantity quantity : {Quantity::l2_error, Quantity::h1_error, Quantity::gradient_norm}) {
        std::vector<double> got(7), want(7);
        gpu->evaluate({LossKind::ritz, &set, steps, 3, 7, quantity}, got);
        cpu->evaluate({LossKind::ritz, &set, steps, 3, 7, quantity}, want);
        const double largest = *std::max_element(want.begin(), want.end());
        for (std::size_t i = 0; i < got.size(); ++i) {
          EXPECT_TRUE(std::abs(got[i] - want[i]) <= 1e-12 * largest)
              << spec.describe() << ", " << full_name(problem) << ", quantity " << static_cast<int>(quantity) << ": "
              << got[i] << " not " << want[i];
        }
        // Between two losses, whose points are others.
        EXPECT_TRUE(
            same_bits(all_losses(*gpu, LossKind::galerkin, set, steps, 0, 4),
                      all_losses(*make_cuda_backend(spec, problem, points, 0), LossKind::galerkin, set, steps, 0, 4)));
      }
    }
  }
}

CUDA_TEST(TasksThatDoNotFitAreRefused) {
  LANDSCAPE_NEEDS_GPU();
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 2, 4, 1};
  const auto theta = random_vector(ParameterLayout(spec).size(), 0.5, 1);
  const auto backend = make_cuda_backend(spec, Problem{"sine"}, inner_points(2, 20), 0);
  EXPECT_THROW(backend->set_points(inner_points(3, 20)), Error);
  EXPECT_THROW(backend->set_points({2, {}, {}}), Error);
  const LineSet set(DirectionSet(spec, theta, 1, DirectionNorm::filter, BiasMode::zero));
  std::vector<double> losses(3), steps{0.0};
  EXPECT_THROW(backend->evaluate({LossKind::ritz, &set, steps, 0, 4}, losses), Error);
  EXPECT_THROW(backend->evaluate({LossKind::ritz, nullptr, steps, 0, 3}, losses), Error);
  const LineSet two(DirectionSet(spec, theta, random_vector(2 * theta.size(), 1.0, 1)));
  EXPECT_THROW(backend->evaluate({LossKind::ritz, &two, steps, 0, 3}, losses), Error);
}

}  // namespace
}  // namespace landscape::test
