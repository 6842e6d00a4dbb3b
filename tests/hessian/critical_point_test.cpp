// Points whose kind is known by hand.
#include "landscape/hessian/critical_point.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "landscape/backend/solution_measure.hpp"
#include "landscape/hessian/lanczos.hpp"
#include "landscape/hessian/newton_step.hpp"
#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/hessian/whole_hessian.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

const Problem kCubic("cubic");

std::unique_ptr<LossBackend> backend_of(const NetworkSpec& spec) {
  return make_cpu_backend(spec, kCubic, make_points({QuadratureKind::gauss, 16}, 1, 1, 0), 1);
}

NetworkSpec linear() { return {NetworkKind::linear, Activation::swish, 1, 0, 0}; }

TEST(CriticalPoint, OfTheLinearModelIsTheMinimumWithItsClosedForm) {
  const NetworkSpec spec = linear();
  const auto backend = backend_of(spec);
  const std::vector<double> theta{-2.0, -1.0};
  const LossHeight height{0.0, 1.0, 1e-15};
  // Ritz: ((2/15, 1/6), (1/6, 1/3)); Galerkin: ((8, 4), (4, 8)).
  const double trace = 7.0 / 15.0, determinant = 2.0 / 45.0 - 1.0 / 36.0;
  const double root = std::sqrt(trace * trace / 4.0 - determinant);
  const CriticalPoint ritz = examine_critical_point(*backend, LossKind::ritz, theta, height, 1);
  EXPECT_NEAR(ritz.smallest_eigenvalue, trace / 2.0 - root, 1e-14);
  EXPECT_NEAR(ritz.largest_eigenvalue, trace / 2.0 + root, 1e-14);
  EXPECT_LT(ritz.gradient_norm, 1e-14);
  EXPECT_EQ(ritz.n_negative, 0.0);
  EXPECT_EQ(ritz.verdict, "minimum");
  EXPECT_EQ(ritz.sentence.find("is a minimum to "), 0U) << ritz.sentence;
  const CriticalPoint galerkin = examine_critical_point(*backend, LossKind::galerkin, theta, height, 1);
  EXPECT_NEAR(galerkin.smallest_eigenvalue, 4.0, 1e-12);
  EXPECT_NEAR(galerkin.largest_eigenvalue, 12.0, 1e-12);
  EXPECT_EQ(galerkin.verdict, "minimum");
}

TEST(CriticalPoint, BesideTheMinimumOfAQuadraticLossNewtonsStepLeadsThere) {
  const NetworkSpec spec = linear();
  const auto backend = backend_of(spec);
  const std::vector<double> theta{-1.7, -1.4};
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const double least = exact_minimum(loss, kCubic, 1).value();
    std::vector<double> gradient(2);
    const double above = backend->loss_and_gradient(loss, theta, gradient) - least;
    const CriticalPoint point = examine_critical_point(*backend, loss, theta, {above, 1.0, 1e-15}, 1);
    EXPECT_NEAR(point.newton_step, 0.5, 1e-12);
    EXPECT_NEAR(point.predicted_decrease, above, 1e-12 * (1.0 + above));
    EXPECT_NEAR(point.decrease_of_positive, above, 1e-12 * (1.0 + above));
    EXPECT_EQ(point.verdict, "not critical");
    EXPECT_NE(point.sentence.find("1 times what it has above the least value"), std::string::npos) << point.sentence;
    const CriticalPoint unknown = examine_critical_point(*backend, loss, theta, {std::nan(""), 1.0, 1e-15}, 1);
    EXPECT_EQ(unknown.verdict, "not critical");
    EXPECT_EQ(unknown.sentence.find("above the least"), std::string::npos) << unknown.sentence;
    const CriticalPoint below = examine_critical_point(*backend, loss, theta, {0.0, 1.0, 1e-15}, 1);
    EXPECT_EQ(below.verdict, "not critical");
    EXPECT_EQ(below.sentence.find("above the least"), std::string::npos) << below.sentence;
  }
}

// u = B (a tanh(w x + b) + c) with w = b = a = 0 and the best c: the gradient is zero, and in (w, a) the Hessian is
// ((0, h), (h, 0)) with h = int dL/du B x, not zero for a solution that is not symmetric. For Ritz, c = int f B / int
// B'^2.
TEST(CriticalPoint, AConstructedSaddleIsCalledOne) {
  const NetworkSpec spec{NetworkKind::mlp, Activation::tanh, 1, 0, 0, {1}};
  const auto backend = backend_of(spec);
  const std::vector<double> theta{0.0, 0.0, 0.0, -2.0};
  const CriticalPoint point = examine_critical_point(*backend, LossKind::ritz, theta, {0.1, 1.0, 1e-15}, 1);
  EXPECT_LT(point.gradient_norm, 1e-14);
  EXPECT_LT(point.smallest_eigenvalue, -1e-3);
  EXPECT_GT(point.largest_eigenvalue, 1e-3);
  EXPECT_GE(point.n_negative, 1.0);
  EXPECT_EQ(point.verdict, "saddle");
  EXPECT_NE(point.sentence.find("falling direction"), std::string::npos) << point.sentence;
}

TEST(CriticalPoint, WhatIsNotFiniteIsUnknown) {
  const NetworkSpec spec = linear();
  const auto backend = backend_of(spec);
  const std::vector<double> theta{std::numeric_limits<double>::infinity(), 0.0};
  const CriticalPoint point = examine_critical_point(*backend, LossKind::ritz, theta, {0.1, 1.0, 1e-15}, 1);
  EXPECT_EQ(point.verdict, "unknown");
  EXPECT_EQ(point.method, "dense");
  EXPECT_TRUE(std::isnan(point.smallest_eigenvalue));
}

// More parameters than the dense check takes: against the whole Hessian made here.
TEST(CriticalPoint, OfALargeNetworkIsWhatItsWholeHessianSays) {
  const NetworkSpec spec{NetworkKind::resnet, Activation::tanh, 1, 16, 1};
  const std::size_t n = ParameterLayout(spec).size();
  ASSERT_GT(n, kLargestWhole);
  const auto backend = backend_of(spec);
  std::vector<double> theta(n), gradient(n);
  for (std::size_t i = 0; i < n; ++i) theta[i] = 0.3 * std::sin(static_cast<double>(7 * i + 1));
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const CriticalPoint point = examine_critical_point(*backend, loss, theta, {0.1, 1.0, 1e-15}, 1);
    EXPECT_EQ(point.method, "lanczos");
    std::vector<double> units(n * n), hessian(n * n);
    for (std::size_t k = 0; k < n; ++k) units[k * n + k] = 1.0;
    backend->hessian_products(loss, theta, units, hessian);
    const Eigensystem system = symmetric_eigensystem(hessian, n, true);
    backend->loss_and_gradient(loss, theta, gradient);
    const double bound = point.eigenvalue_error + 1e-12 * system.values.back();
    EXPECT_NEAR(point.smallest_eigenvalue, system.values.front(), bound);
    EXPECT_NEAR(point.largest_eigenvalue, system.values.back(), bound);
    const double level = static_cast<double>(n) * 2.2e-16 * system.values.back();
    EXPECT_LE(point.n_negative, static_cast<double>(std::count_if(system.values.begin(), system.values.end(),
                                                                  [&](double x) { return x < -level; })));
    EXPECT_GE(point.n_negative, 1.0);
    EXPECT_EQ(point.verdict, "not critical");
  }
}

TEST(NewtonStep, TellsFallingFromRisingDirections) {
  // H = diag(2, -1, 0), g = (4, 3, 5).
  const Eigensystem system{{-1.0, 0.0, 2.0}, {0, 1, 0, 0, 0, 1, 1, 0, 0}};
  const std::vector<double> gradient{4.0, 3.0, 5.0};
  const NewtonStep step = newton_step(system, gradient, 1e-12);
  EXPECT_DOUBLE_EQ(step.length, std::sqrt(4.0 + 9.0));
  EXPECT_DOUBLE_EQ(step.decrease, 4.0);
  EXPECT_DOUBLE_EQ(step.from_negative, -4.5);
}

}  // namespace
}  // namespace landscape
