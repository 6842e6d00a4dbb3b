// What a solution is measured by, where it is known.
#include "landscape/backend/solution_measure.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "cases.hpp"
#include "landscape/math/scalar.hpp"

namespace landscape {
namespace {

using namespace test;

TEST(SolutionMeasure, OfNoFunctionIsKnownInEveryDimension) {
  for (const int d : {1, 2, 3, 6}) {
    for (const Problem& problem : problems(d)) {
      if (!problem.boundary().is_hard()) continue;
      SCOPED_TRACE(full_name(problem) + ", d = " + std::to_string(d));
      const NetworkSpec spec{NetworkKind::resnet, Activation::tanh, d, 3, 1};
      const std::vector<double> zero(ParameterLayout(spec).size(), 0.0);
      for (const LossKind loss : losses_of(problem)) {
        const SolutionMeasure m = measure_solution(spec, problem, loss, zero);
        const double exact = loss == LossKind::ritz ? 0.0 : problem.norms(d).source;
        EXPECT_LE(std::abs(m.loss.value - exact), 4.0 * m.loss.error + 1e-10 * exact) << to_string(loss);
        const double scale = loss_scale(loss, problem, d);
        EXPECT_NEAR(exact_minimum(loss, problem, d).value_or(exact - scale) + scale, exact, 1e-12 * scale);
        EXPECT_LE(std::abs(m.relative_l2.value - 1.0), 4.0 * m.relative_l2.error);
        EXPECT_LE(std::abs(m.relative_h1.value - 1.0), 4.0 * m.relative_h1.error);
        EXPECT_EQ(m.quadrature.substr(0, 6), d <= 3 ? "gauss:" : "8 x so");
      }
    }
  }
}

/// int f over the cube: of sin(pi x) 2 / pi, of its cube 4 / (3 pi).
double integral_of_source(const Problem& problem, int d) {
  const std::string equation(problem->name);
  if (equation == "convection") {  // of the layer 1/2 - eps + E / (1 - E), and one factor is missing in each term
    const double epsilon = problem.parameters().diffusivity;
    return d * std::pow(0.5 - epsilon + 1.0 / std::expm1(1.0 / epsilon), d - 1);
  }
  const double sine = std::pow(2.0 / math::kPi, d), eigenvalue = d * math::kPi * math::kPi;
  if (equation == "cubic") return -4.0;
  if (equation == "sine-sum") return math::kPi * math::kPi * d * 2.0 / math::kPi;
  if (equation == "diffusion") return (1.5 * eigenvalue + 2.0) * sine;
  if (equation == "helmholtz") return (eigenvalue - std::pow(problem.parameters().wavenumber, 2)) * sine;
  return eigenvalue * sine + (equation == "reaction" ? std::pow(4.0 / (3.0 * math::kPi), d) : 0.0);
}

// A network that is a constant c: no gradient, and 2 d faces of area 1 that each cost beta c^2.
TEST(SolutionMeasure, OfAConstantWithAPenaltyIsKnownInEveryDimension) {
  const double c = 0.75, beta = 8.0;
  for (const Equation& equation : equations()) {
    if (equation.domain != Domain::cube) continue;  // no points on other boundaries
    const Problem problem(equation.name, Boundary{beta});
    for (const int d : equation.is_one_dimensional ? std::vector{1} : std::vector{1, 2, 3, 6}) {
      SCOPED_TRACE(full_name(problem) + ", d = " + std::to_string(d));
      const NetworkSpec spec{NetworkKind::resnet, Activation::tanh, d, 3, 1};
      std::vector<double> theta(ParameterLayout(spec).size(), 0.0);
      theta.back() = c;
      const double reaction = equation.name == "diffusion"   ? 2.0
                              : equation.name == "helmholtz" ? -std::pow(problem.parameters().wavenumber, 2)
                                                             : 0.0;
      const double cubic = equation.name == "reaction" ? 1.0 : 0.0;
      const double f = integral_of_source(problem, d), force = reaction * c + cubic * c * c * c;
      const double faces = 2.0 * d * beta * c * c;
      // What the penalty has of u* there: on each face the integral of d - 1 sines.
      const double g = equation.name == "sine-sum" ? 2.0 * d * (d - 1) * 2.0 / math::kPi : 0.0;
      for (const LossKind loss : losses_of(problem)) {
        const double inside = loss == LossKind::ritz ? 0.5 * reaction * c * c + 0.25 * cubic * c * c * c * c - f * c
                                                     : force * force - 2.0 * force * f + problem.norms(d).source;
        const SolutionMeasure m = measure_solution(spec, problem, loss, theta);
        const double square = loss == LossKind::ritz ? 0.0 : beta * problem.norms(d).boundary;
        const double want = inside + faces - 2.0 * beta * c * g + square;
        EXPECT_LE(std::abs(m.loss.value - want), 4.0 * m.loss.error + 1e-10 * faces) << to_string(loss);
        EXPECT_LE(m.loss.error, 0.02 * faces);
        EXPECT_LE(std::abs(m.relative_h1.value - 1.0), 4.0 * m.relative_h1.error) << "of the inside alone";
      }
    }
  }
}

// R(u*) + R's excess and R itself are two estimates of one number; the boundary's flux du*/dn belongs to the first.
TEST(SolutionMeasure, OfARitzLossWithAPenaltyIsTheReferencesInManyDimensions) {
  for (const char* name :
       {"sine", "diffusion", "reaction", "sine-sum", "sine, frequency=2", "helmholtz, wavenumber=10"}) {
    const Problem problem = problem_of_full_name(name + std::string(", penalty:3"));
    const NetworkSpec spec{NetworkKind::resnet, Activation::tanh, 4, 3, 1};
    const auto theta = random_vector(ParameterLayout(spec).size(), 0.3, 6);
    const SolutionMeasure m = measure_solution(spec, problem, LossKind::ritz, theta);
    const PointSet points = loss_points(problem, {QuadratureKind::gauss, 12}, 4, 1, 0);
    const auto want = static_cast<double>(reference_loss(spec, problem, LossKind::ritz, points, theta));
    EXPECT_LE(std::abs(m.loss.value - want), 4.0 * m.loss.error) << name << ": " << m.loss.value << " not " << want;
    EXPECT_LE(m.loss.error, 1e-3 * std::max(std::abs(want), loss_scale(LossKind::ritz, problem, 4))) << name;
  }
}

TEST(SolutionMeasure, HasTheSameBitsOnAnyNumberOfThreads) {
  for (const int d : {1, 3, 10}) {
    const NetworkSpec spec{NetworkKind::resnet, Activation::swish, d, 4, 1};
    std::vector<double> theta(ParameterLayout(spec).size());
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = 0.4 * std::sin(static_cast<double>(7 * i + 1));
    const SolutionMeasure one = measure_solution(spec, Problem{"sine"}, LossKind::galerkin, theta, 1);
    for (const int threads : {2, 5}) {
      const SolutionMeasure many = measure_solution(spec, Problem{"sine"}, LossKind::galerkin, theta, threads);
      EXPECT_EQ(one.quadrature, many.quadrature);
      for (const auto member : {&SolutionMeasure::loss, &SolutionMeasure::relative_l2, &SolutionMeasure::relative_h1}) {
        EXPECT_EQ((one.*member).value, (many.*member).value) << d;
        EXPECT_EQ((one.*member).error, (many.*member).error) << d;
      }
      EXPECT_EQ(one.gradient_norm, many.gradient_norm);
    }
  }
}

}  // namespace
}  // namespace landscape
