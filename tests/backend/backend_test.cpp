// The CPU backend against the long-double reference, the published profiles, dual numbers, and itself on other
// instruction sets.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "cases.hpp"
#include "landscape/backend/loss_backend.hpp"
#include "landscape/backend/solution_measure.hpp"
#include "landscape/math/dual.hpp"
#include "landscape/math/gradient.hpp"
#include "landscape/model/error.hpp"
#include "line_sets.hpp"
#include "published.hpp"

namespace landscape {
namespace {

using namespace test;

TEST(CpuBackend, LossesMatchTheLongDoubleReference) {
  for (const NetworkSpec& spec : many_specs()) {
    const ParameterLayout layout(spec);
    const auto theta = random_vector(layout.size(), 0.5, 1), direction = random_vector(layout.size(), 0.3, 2);
    // B has mean 6^-d: sources and factors are compared through losses scaled by their own terms, so check the loss
    // relative to the sum of its terms' magnitudes.
    for (const Problem& problem : problems(spec.dimension)) {
      const PointSet points = odd_points(spec.dimension, problem);
      const auto backend = make_cpu_backend(spec, problem, points, 2);
      for (const LossKind loss : losses_of(problem)) {
        const std::vector<double> steps{-0.7, 0.0, 0.4};
        const auto got = profile(*backend, spec, loss, theta, direction, steps);
        for (std::size_t j = 0; j < steps.size(); ++j) {
          std::vector<double> moved(theta);
          for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = std::fma(steps[j], direction[i], theta[i]);
          const long double want = reference_loss(spec, problem, loss, points, moved);
          EXPECT_TRUE(std::abs(got[j] - want) <= 1e-13L * std::abs(want) + 1e-16L)
              << spec.describe() << " " << full_name(problem) << " " << to_string(loss) << ": " << got[j] << " not "
              << static_cast<double>(want);
        }
      }
    }
  }
}

TEST(CpuBackend, SinglePrecisionErrsByItsRounding) {
  for (const NetworkSpec& spec : many_specs()) {
    const ParameterLayout layout(spec);
    const auto theta = random_vector(layout.size(), 0.5, 1), direction = random_vector(layout.size(), 0.3, 2);
    const PointSet points = odd_points(spec.dimension);
    const auto full = make_cpu_backend(spec, Problem{"sine"}, points, 1);
    const auto single = make_cpu_backend(spec, Problem{"sine"}, points, 2, Precision::single_precision);
    EXPECT_NE(single->describe().find("single precision"), std::string::npos);
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      const std::vector<double> steps{-0.7, 0.0, 0.4};
      const auto want = profile(*full, spec, loss, theta, direction, steps);
      const auto got = profile(*single, spec, loss, theta, direction, steps);
      for (std::size_t j = 0; j < steps.size(); ++j) {
        const double error = std::abs(got[j] / want[j] - 1.0);
        EXPECT_TRUE(error <= 3e-5) << spec.describe() << " " << to_string(loss) << ": " << got[j] << " not " << want[j];
        EXPECT_EQ(got[j], static_cast<double>(static_cast<float>(got[j]))) << "a float";
      }
    }
    std::vector<double> a(theta.size()), b(theta.size());
    EXPECT_EQ(full->loss_and_gradient(LossKind::ritz, theta, a), single->loss_and_gradient(LossKind::ritz, theta, b));
    EXPECT_EQ(a, b) << "gradients are always double";
  }
}

TEST(CpuBackend, SinglePrecisionHasTheSameBitsOnEveryInstructionSetAndThreadCount) {
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 3, 8, 2};
  const auto theta = random_vector(ParameterLayout(spec).size(), 0.5, 1);
  const LineSet directions(DirectionSet(spec, theta, 5, DirectionNorm::filter, BiasMode::zero));
  const std::vector<double> steps{-0.5, 0.0, 0.25, 0.5};
  const char* before = std::getenv("LANDSCAPE_CPU_ISA");
  const std::string kept = before == nullptr ? "" : before;
  std::vector<double> first;
  for (const char* isa : {"portable", "avx2", "avx512"}) {
    setenv("LANDSCAPE_CPU_ISA", isa, 1);
    for (const int threads : {1, 3}) {
      const auto backend = make_cpu_backend(spec, Problem{"sine"}, odd_points(3), threads, Precision::single_precision);
      for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
        std::vector<double> losses(20);
        backend->evaluate({loss, &directions, steps, 0, 20}, losses);
        if (first.size() < 40) {
          first.insert(first.end(), losses.begin(), losses.end());
        } else {
          const auto at = first.begin() + (loss == LossKind::ritz ? 0 : 20);
          EXPECT_EQ(losses, std::vector<double>(at, at + 20)) << isa << ", " << threads << " threads";
        }
      }
    }
  }
  kept.empty() ? unsetenv("LANDSCAPE_CPU_ISA") : setenv("LANDSCAPE_CPU_ISA", kept.c_str(), 1);
}

TEST(CpuBackend, PointwiseValuesMatchTheLongDoubleReferenceOnDeepNetworks) {
  for (const auto& [d, w, nb] : {std::array{3, 8, 2}, {3, 8, 3}, {10, 20, 2}, {10, 20, 3}}) {
    const NetworkSpec spec{NetworkKind::resnet, Activation::swish, d, w, nb};
    const auto theta = random_vector(ParameterLayout(spec).size(), 0.4, 5);
    const PointSet points = make_points({QuadratureKind::monte_carlo, 50}, d, 3, 1);
    const PointwiseJet jet = evaluate_pointwise(spec, theta, points.points);
    const auto dd = static_cast<std::size_t>(d);
    for (std::size_t q = 0; q < points.size(); ++q) {
      const std::vector<double> x(points.points.begin() + static_cast<std::ptrdiff_t>(q * dd),
                                  points.points.begin() + static_cast<std::ptrdiff_t>((q + 1) * dd));
      const reference::Jet want = reference::evaluate(reference_network(spec, theta), x);
      EXPECT_TRUE(std::abs(jet.value[q] - want.u) <= 1e-13L * want.largest_u) << spec.describe();
      EXPECT_TRUE(std::abs(jet.laplacian[q] - want.laplacian) <= 1e-13L * want.largest_laplacian) << spec.describe();
      for (std::size_t j = 0; j < dd; ++j) {
        EXPECT_TRUE(std::abs(jet.gradient[q * dd + j] - want.gradient[j]) <= 1e-13L * want.largest_gradient)
            << spec.describe();
      }
    }
  }
}

TEST(CpuBackend, ProfilesMatchThePublishedMinimizers) {
  LANDSCAPE_NEEDS_PUBLISHED("profiles.json");
  const auto json = reference::read_published("profiles.json");
  for (const auto& p : json.at("profiles")) {
    const NetworkSpec spec{parse_network_kind(p.at("network").get<std::string>()), Activation::swish, p.at("dimension"),
                           p.at("width"), p.at("blocks")};
    const auto backend = make_cpu_backend(
        spec, Problem{"sine"}, make_points(parse_quadrature(p.at("quadrature").get<std::string>()), 1, 1, 0), 1);
    const auto want = p.at("values").get<std::vector<double>>();
    const auto got = profile(*backend, spec, parse_loss(p.at("loss").get<std::string>()), p.at("theta"),
                             p.at("direction"), p.at("steps"));
    double largest = 0.0;
    for (const double v : want) largest = std::max(largest, std::abs(v));
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t j = 0; j < got.size(); ++j) {
      EXPECT_TRUE(std::abs(got[j] - want[j]) <= 1e-12 * largest) << p.at("minimizer") << " step " << j;
    }
  }
}

TEST(CpuBackend, PointwiseValuesMatchThePublishedEvaluation) {
  LANDSCAPE_NEEDS_PUBLISHED("profiles.json");
  const auto json = reference::read_published("profiles.json");
  for (const auto& p : json.at("pointwise")) {
    const NetworkSpec spec{parse_network_kind(p.at("network").get<std::string>()), Activation::swish, p.at("dimension"),
                           p.at("width"), p.at("blocks")};
    const auto theta = p.at("theta").get<std::vector<double>>();
    std::vector<double> flat;
    const auto points = p.at("points").get<std::vector<std::vector<double>>>();
    for (const auto& x : points) flat.insert(flat.end(), x.begin(), x.end());
    const PointwiseJet jet = evaluate_pointwise(spec, theta, flat);
    for (std::size_t q = 0; q < points.size(); ++q) {
      const reference::Jet terms = reference::evaluate(reference_network(spec, theta), points[q]);
      EXPECT_TRUE(std::abs(jet.value[q] - p.at("u")[q].get<double>()) <= 1e-12L * terms.largest_u);
      EXPECT_TRUE(std::abs(jet.laplacian[q] - p.at("laplacian_u")[q].get<double>()) <=
                  1e-12L * terms.largest_laplacian);
      for (std::size_t j = 0; j < points[q].size(); ++j) {
        const double want = p.at("grad_u")[q][j];
        EXPECT_TRUE(std::abs(jet.gradient[q * points[q].size() + j] - want) <= 1e-12L * terms.largest_gradient);
      }
    }
  }
}

/// d loss / d theta_i by running the shared formulas on dual numbers, point after point.
template <Activation kActivation, LossKind kLoss>
math::Dual dual_loss(const Problem& problem, const NetworkSpec& spec, const std::vector<double>& theta, std::size_t i,
                     const PointSet& points) {
  const math::DynamicShape s = spec.shape();
  std::vector<math::Dual> parameters(theta.begin(), theta.end());
  parameters[i].slope = 1.0;
  parameters = ParameterEmbedding(spec).spread_copy(std::span<const math::Dual>(parameters));
  std::vector<math::Dual> buffer(static_cast<std::size_t>(math::FoldedLayout<math::DynamicShape>{s}.buffer_size()));
  const auto net = math::fold(s, parameters.data(), buffer.data());
  std::vector<math::Dual> work(static_cast<std::size_t>(
      std::max(math::forward_work<true, 1, math::Dual>(s), math::adjoint_work<1, math::Dual>(s))));
  const auto d = static_cast<std::size_t>(spec.dimension);
  std::vector<math::Dual> out(d + 2);
  TermsEvaluator terms(problem, kLoss, spec.dimension);
  math::Dual sum(0.0);
  for (std::size_t q = 0; q < points.size(); ++q) {
    const double* xq = points.points.data() + q * d;
    const std::vector<math::Dual> x(xq, xq + d);
    terms.evaluate(xq, points.is_boundary(q));
    if constexpr (kLoss == LossKind::galerkin) {
      math::forward_jet<kActivation, true, 1>(s, net, x.data(), out.data(), work.data());
    } else {
      math::adjoint_jet<kActivation, 1>(s, net, x.data(), out.data(), work.data());
    }
    sum =
        sum + math::Dual(points.weights[q]) * math::loss_integrand<kLoss>(spec.dimension, out.data(), 1, terms.terms());
  }
  return sum;
}

template <Activation kActivation>
void expect_gradient_is_dual(const NetworkSpec& spec, const Problem& problem = {}) {
  const auto theta = random_vector(ParameterLayout(spec).size(), 0.5, 21);
  const PointSet points = odd_points(spec.dimension, problem);
  const auto backend = make_cpu_backend(spec, problem, points, 2);
  std::vector<double> gradient(theta.size());
  for (const LossKind loss : losses_of(problem)) {
    const double value = backend->loss_and_gradient(loss, theta, gradient);
    double largest = 0.0;
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
    // Every parameter of a small network; of a large one enough to meet every tensor and row.
    for (std::size_t i = 0; i < theta.size(); i += 1 + theta.size() / 150) {
      const math::Dual want = loss == LossKind::ritz
                                  ? dual_loss<kActivation, LossKind::ritz>(problem, spec, theta, i, points)
                                  : dual_loss<kActivation, LossKind::galerkin>(problem, spec, theta, i, points);
      EXPECT_TRUE(std::abs(gradient[i] - want.slope) <= 1e-12 * largest)
          << spec.describe() << " " << to_string(loss) << " parameter " << i << ": " << gradient[i] << " not "
          << want.slope;
      EXPECT_TRUE(std::abs(value - want.value) <= 1e-12 * std::abs(want.value)) << spec.describe();
    }
  }
}

TEST(CpuBackend, GradientsAreTheDerivativesOfDualNumbers) {
  for (const NetworkSpec& spec : many_specs()) {
    switch (spec.activation) {
      case Activation::swish:
        expect_gradient_is_dual<Activation::swish>(spec);
        break;
      case Activation::tanh:
        expect_gradient_is_dual<Activation::tanh>(spec);
        expect_gradient_is_dual<Activation::tanh>(spec, Problem("diffusion"));
        expect_gradient_is_dual<Activation::tanh>(spec, Problem("reaction"));
        expect_gradient_is_dual<Activation::tanh>(spec, Problem("reaction", {50.0}));
        expect_gradient_is_dual<Activation::tanh>(spec, Problem("helmholtz", {}, {.wavenumber = 10.0}));
        expect_gradient_is_dual<Activation::tanh>(spec, Problem("convection"));
        break;
      case Activation::sin:
        expect_gradient_is_dual<Activation::sin>(spec);
        break;
      case Activation::softplus:
        expect_gradient_is_dual<Activation::softplus>(spec);
        break;
    }
  }
}

void expect_gradient_is_that_of_the_reference(const NetworkSpec& spec) {
  const auto theta = random_vector(ParameterLayout(spec).size(), 0.5, 4);
  for (const Problem& problem : problems(spec.dimension)) {
    const PointSet points = odd_points(spec.dimension, problem);
    const auto backend = make_cpu_backend(spec, problem, points, 1);
    std::vector<double> gradient(theta.size());
    for (const LossKind loss : losses_of(problem)) {
      backend->loss_and_gradient(loss, theta, gradient);
      for (std::size_t i = 0; i < theta.size(); i += 7) {
        const double h = 1e-4;
        const auto at = [&](double shift) {
          auto moved = theta;
          moved[i] += shift;
          return reference_loss(spec, problem, loss, points, moved);
        };
        const auto want = static_cast<double>((at(h) - at(-h)) / (2.0L * h));
        EXPECT_NEAR(gradient[i], want, 1e-6 * std::max(1.0, std::abs(want))) << full_name(problem) << spec.describe();
      }
    }
  }
}

TEST(CpuBackend, GradientMatchesFiniteDifferencesOfTheReference) {
  expect_gradient_is_that_of_the_reference({NetworkKind::resnet, Activation::swish, 2, 5, 2});
  for (const NetworkSpec& spec : mlp_specs()) expect_gradient_is_that_of_the_reference(spec);
  // Every kind in every dimension that is computed in a way of its own; activations in turn.
  std::size_t turn = 0;
  for (const int d : {1, 2, 3, 5, 10}) {
    expect_gradient_is_that_of_the_reference({NetworkKind::linear, Activation::swish, d, 0, 0});
    for (const NetworkKind kind : {NetworkKind::resnet, NetworkKind::fcnet}) {
      expect_gradient_is_that_of_the_reference({kind, kActivations[turn++ % kActivations.size()].first, d, 3, 2});
    }
    turn += 1;  // so that a kind meets each of them
  }
}

TEST(CpuBackend, AnFcnetIsTheMlpWhoseFirstLayerIsTheProductOfItsFirstTwo) {
  const NetworkSpec fcnet{NetworkKind::fcnet, Activation::tanh, 2, 5, 2};
  const NetworkSpec plain = mlp(2, {5, 5, 5, 5}, Activation::tanh);
  const auto theta = random_vector(ParameterLayout(fcnet).size(), 0.5, 5);
  const std::size_t w = 5, d = 2, first = w * d + w, inner = w * w + w;
  std::vector<double> product(first, 0.0);
  for (std::size_t i = 0; i < w; ++i) {
    for (std::size_t m = 0; m < w; ++m) {
      const double weight = theta[first + i * w + m];
      for (std::size_t j = 0; j < d; ++j) product[i * d + j] += weight * theta[m * d + j];
      product[w * d + i] += weight * theta[w * d + m];
    }
    product[w * d + i] += theta[first + w * w + i];
  }
  product.insert(product.end(), theta.begin() + static_cast<std::ptrdiff_t>(first + inner), theta.end());
  const PointSet points = odd_points(2);
  std::vector<double> gradient(theta.size()), plain_gradient(product.size());
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const double value = make_cpu_backend(fcnet, {}, points, 1)->loss_and_gradient(loss, theta, gradient);
    const double same = make_cpu_backend(plain, {}, points, 1)->loss_and_gradient(loss, product, plain_gradient);
    EXPECT_NEAR(same, value, 1e-13 * std::abs(value));
    for (std::size_t i = first; i < product.size(); ++i)
      EXPECT_NEAR(plain_gradient[i], gradient[i + inner], 1e-12 * (1.0 + std::abs(value)));
  }
}

TEST(CpuBackend, BitsDoNotDependOnThreadsSlicesOrInstructionSet) {
  for (const NetworkSpec& spec : many_specs()) {
    const auto theta = random_vector(ParameterLayout(spec).size(), 0.5, 1);
    const PointSet points = make_points({QuadratureKind::monte_carlo, 150}, spec.dimension, 3, 1);
    const LineSet directions(DirectionSet(spec, theta, 4, DirectionNorm::filter, BiasMode::random));
    const std::vector<double> steps{-1.0, -0.3, 0.0, 0.5, 1.0};
    constexpr std::int64_t kItems = 35;
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      std::vector<double> first_losses, first_gradient;
      double first_value = 0.0;
      for (const char* isa : {"portable", "avx2", "avx512"}) {
        setenv("LANDSCAPE_CPU_ISA", isa, 1);
        for (const int threads : {1, 3}) {
          const auto backend = make_cpu_backend(spec, Problem{"sine"}, points, threads);
          std::vector<double> losses(kItems), gradient(theta.size());
          for (std::int64_t begin = 0; begin < kItems; begin += 9 * threads) {
            const std::int64_t count = std::min<std::int64_t>(9 * threads, kItems - begin);
            backend->evaluate(
                {loss, &directions, steps, begin, count},
                std::span<double>(losses).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)));
          }
          const double value = backend->loss_and_gradient(loss, theta, gradient);
          if (first_losses.empty()) {
            first_losses = losses;
            first_gradient = gradient;
            first_value = value;
          }
          const std::string where = spec.describe() + " " + to_string(loss) + " " + backend->describe();
          EXPECT_EQ(std::memcmp(losses.data(), first_losses.data(), losses.size() * sizeof(double)), 0) << where;
          EXPECT_EQ(std::memcmp(gradient.data(), first_gradient.data(), gradient.size() * sizeof(double)), 0) << where;
          EXPECT_EQ(value, first_value) << where;
        }
      }
    }
  }
  unsetenv("LANDSCAPE_CPU_ISA");
}

TEST(CpuBackend, NonFiniteParametersGiveNonFiniteLosses) {
  for (const Activation activation : {Activation::swish, Activation::tanh, Activation::sin, Activation::softplus}) {
    const NetworkSpec spec{NetworkKind::resnet, activation, 1, 4, 1};
    auto theta = random_vector(ParameterLayout(spec).size(), 0.5, 1);
    theta[9] = std::nan("");
    const auto backend = make_cpu_backend(spec, Problem{"sine"}, odd_points(1), 1);
    const std::vector<double> zero(theta.size(), 0.0);
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      EXPECT_TRUE(std::isnan(profile(*backend, spec, loss, theta, zero, {0.0})[0])) << to_string(activation);
    }
  }
}

TEST(CpuBackend, MisfitsAreErrors) {
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 1, 4, 1};
  EXPECT_THROW(make_cpu_backend(spec, Problem{"sine"}, odd_points(2), 1), Error);
  const auto backend = make_cpu_backend(spec, Problem{"sine"}, odd_points(1), 1);
  std::vector<double> wrong(3);
  EXPECT_THROW(backend->loss_and_gradient(LossKind::ritz, wrong, wrong), Error);
  setenv("LANDSCAPE_CPU_ISA", "sse", 1);
  EXPECT_THROW(make_cpu_backend(spec, Problem{"sine"}, odd_points(1), 1), UsageError);
  unsetenv("LANDSCAPE_CPU_ISA");
  const std::vector<double> theta(ParameterLayout(spec).size(), 0.1);
  const LineSet one_row(DirectionSet(spec, theta, std::vector<double>(theta.size(), 1.0)));
  const std::vector<double> steps{0.0, 1.0};
  std::vector<double> losses(4);
  EXPECT_THROW(backend->evaluate({LossKind::ritz, &one_row, steps, 0, 4}, losses), Error);
}

void expect_lines_have_the_bits_of_their_points(const NetworkSpec& spec) {
  const std::size_t n = ParameterLayout(spec).size();
  const auto a = random_vector(n, 0.5, 1), b = random_vector(n, 0.5, 2), c = random_vector(n, 0.5, 3);
  const std::vector<double> steps{0.0, 0.3, 1.0};
  const auto n_steps = static_cast<std::int64_t>(steps.size());
  const auto backend = make_cpu_backend(spec, Problem{"sine"}, odd_points(2), 2);
  for (const LineSet& lines : test::line_sets(spec, a, b, c)) {
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      const auto want = test::losses_line_by_line(*backend, spec, loss, lines, steps);
      const auto count = static_cast<std::int64_t>(want.size());
      for (const std::int64_t first : {std::int64_t{0}, count / 2}) {
        std::vector<double> losses(static_cast<std::size_t>(count - first));
        backend->evaluate({loss, &lines, steps, first, count - first}, losses);
        EXPECT_EQ(losses, std::vector<double>(want.begin() + first, want.end())) << "from " << first;
      }
      std::vector<double> beyond(static_cast<std::size_t>(n_steps));
      EXPECT_THROW(backend->evaluate({loss, &lines, steps, count, n_steps}, beyond), Error);
    }
  }
}

TEST(CpuBackend, LinesOfEveryKindHaveTheBitsOfTheirPoints) {
  expect_lines_have_the_bits_of_their_points({NetworkKind::resnet, Activation::swish, 2, 5, 1});
  expect_lines_have_the_bits_of_their_points(mlp(2, {5, 2, 7}, Activation::tanh));
}

TEST(LineSet, PointsAreWhereTheyAreSaidToBe) {
  const NetworkSpec spec{NetworkKind::linear, Activation::swish, 1, 0, 0};
  const std::vector<double> a{1.0, 2.0}, b{3.0, -2.0};
  std::vector<double> direction(2);
  const LineSet line = LineSet::through(spec, a, b);
  line.direction(0, direction);
  EXPECT_EQ(direction, (std::vector<double>{2.0, -4.0}));
  EXPECT_EQ(std::vector<double>(line.start(0).begin(), line.start(0).end()), a);
  const LineSet plane = LineSet::plane(spec, a, b, std::vector<double>{1.0, 0.5}, std::vector<double>{-1.0, 2.0});
  EXPECT_EQ(std::vector<double>(plane.start(1).begin(), plane.start(1).end()), (std::vector<double>{3.0, 3.0}));
  plane.direction(1, direction);
  EXPECT_EQ(direction, b);
  EXPECT_THROW(LineSet::through(spec, a, std::vector<double>{1.0}), Error);
  EXPECT_THROW(LineSet(DirectionSet(spec, a, b), 2, a), Error);
  EXPECT_THROW(LineSet(DirectionSet(spec, a, b), 1, {1.0}), Error);
}

TEST(CpuBackend, ExactSolutionHasTheKnownLosses) {
  // N = -2x - 1 is exact for the cubic problem: Galerkin 0, Ritz -1/2 int |u*'|^2 = -1/2 (4/5 ... ) by hand: u*' = 6x^2
  // - 2x - 1.
  const NetworkSpec spec{NetworkKind::linear, Activation::swish, 1, 0, 0};
  const std::vector<double> theta{-2.0, -1.0}, zero{0.0, 0.0};
  const PointSet points = make_points(parse_quadrature("gauss:8"), 1, 1, 0);
  const auto backend = make_cpu_backend(spec, Problem{"cubic"}, points, 1);
  EXPECT_NEAR(profile(*backend, spec, LossKind::galerkin, theta, zero, {0.0})[0], 0.0, 1e-28);
  // int (6x^2-2x-1)^2 = 36/5 - 24/4 + (4-12)/3 + 4/2 + 1 = 23/15
  EXPECT_NEAR(profile(*backend, spec, LossKind::ritz, theta, zero, {0.0})[0], -23.0 / 30.0, 1e-15);
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const SolutionMeasure measure = measure_solution(spec, Problem{"cubic"}, loss, theta);
    EXPECT_NEAR(measure.loss.value, exact_minimum(loss, Problem{"cubic"}, 1).value(), 1e-14);
    EXPECT_NEAR(measure.relative_l2.value, 0.0, 1e-14);
    EXPECT_NEAR(measure.gradient_norm, 0.0, 1e-12);
    EXPECT_NEAR(measure_solution(spec, Problem{"cubic"}, loss, zero).loss.value,
                exact_minimum(loss, Problem{"cubic"}, 1).value() + loss_scale(loss, Problem{"cubic"}, 1), 1e-13);
  }
  const SolutionError error = solution_error(spec, Problem{"cubic"}, theta, points);
  EXPECT_LE(error.relative_l2, 1e-15);
  EXPECT_LE(error.relative_h1, 1e-15);
}

}  // namespace
}  // namespace landscape
