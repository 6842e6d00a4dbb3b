// Gauss-Newton models against rows from finite differences, in both spaces, Newton's against the Hessian's products, and
// the same bits on any number of threads and any instruction set.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/model/error.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

using Matrix = std::vector<std::vector<double>>;

std::vector<NetworkSpec> specs() {
  return {
      {NetworkKind::linear, Activation::swish, 2, 0, 0},      {NetworkKind::resnet, Activation::swish, 1, 4, 1},
      {NetworkKind::resnet, Activation::tanh, 3, 3, 2},       {NetworkKind::fcnet, Activation::sin, 2, 4, 2},
      {NetworkKind::mlp, Activation::tanh, 2, 0, 0, {5, 3}},  {NetworkKind::mlp, Activation::swish, 1, 0, 0, {4, 6, 3}},
      {NetworkKind::mlp, Activation::softplus, 3, 0, 0, {7}}, {NetworkKind::resnet, Activation::swish, 3, 9, 1}};
}

std::vector<double> some_numbers(std::size_t n, std::uint64_t stream) {
  std::vector<double> v(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = 0.6 * philox_normal_pair(5, stream, i).first;
  return v;
}

/// What the rows are derivatives of, of -laplace u = f: root of the weight times sqrt 2 laplace u, or grad u; without
/// what theta does not change.
std::vector<double> values(const NetworkSpec& spec, LossKind loss, std::span<const double> theta,
                           const PointSet& points) {
  const PointwiseJet jet = evaluate_pointwise(spec, theta, points.points);
  const auto d = static_cast<std::size_t>(spec.dimension);
  std::vector<double> y;
  for (std::size_t q = 0; q < points.size(); ++q) {
    const double root = std::sqrt(points.weights[q]);
    if (loss == LossKind::galerkin) {
      y.push_back(std::sqrt(2.0) * root * jet.laplacian[q]);
    } else {
      for (std::size_t k = 0; k < d; ++k) y.push_back(root * jet.gradient[q * d + k]);
    }
  }
  return y;
}

std::vector<double> moved(std::span<const double> theta, double by, std::span<const double> direction) {
  std::vector<double> there(theta.begin(), theta.end());
  for (std::size_t i = 0; i < there.size(); ++i) there[i] += by * direction[i];
  return there;
}

/// (n, R) by central differences of fourth order.
Matrix rows_by_differences(const NetworkSpec& spec, LossKind loss, const std::vector<double>& theta,
                           const PointSet& points) {
  Matrix rows;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    std::vector<double> unit(theta.size(), 0.0);
    unit[i] = 1.0;
    constexpr double h = 1e-3;
    const auto at = [&](double by) { return values(spec, loss, moved(theta, by, unit), points); };
    const auto a = at(-2 * h), b = at(-h), c = at(h), e = at(2 * h);
    rows.emplace_back();
    for (std::size_t r = 0; r < a.size(); ++r)
      rows.back().push_back((8.0 * (c[r] - b[r]) - (e[r] - a[r])) / (12.0 * h));
  }
  return rows;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}
double norm(const std::vector<double>& a) { return std::sqrt(dot(a, a)); }

struct Case {
  NetworkSpec spec;
  LossKind loss;
  PointSet points;
  std::vector<double> theta, gradient;
};
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const NetworkSpec& spec : specs()) {
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      Case c{spec, loss, make_points({QuadratureKind::monte_carlo, 37}, Domain::cube, spec.dimension, 3, 0), {}, {}};
      c.theta = some_numbers(ParameterLayout(spec).size(), 1);
      c.gradient.resize(c.theta.size());
      make_cpu_backend(spec, Problem("sine"), c.points, 1)->loss_and_gradient(loss, c.theta, c.gradient);
      all.push_back(std::move(c));
    }
  }
  return all;
}

std::vector<double> step_of(const Case& c, StepSpace space, double relative_damping, int threads = 1) {
  const auto backend = make_cpu_backend(c.spec, Problem("sine"), c.points, threads);
  const auto model = backend->gauss_newton_model(c.loss, c.theta, space);
  std::vector<double> step(c.theta.size());
  EXPECT_TRUE(model->step(c.gradient, relative_damping * model->scale(), step));
  return step;
}

TEST(GaussNewton, StepSolvesTheEquationsOfFiniteDifferences) {
  for (const Case& c : cases()) {
    const Matrix rows = rows_by_differences(c.spec, c.loss, c.theta, c.points);
    const std::size_t n = c.theta.size();
    double scale = 0.0;
    for (const auto& column : rows) scale = std::max(scale, dot(column, column));
    const auto backend = make_cpu_backend(c.spec, Problem("sine"), c.points, 1);
    EXPECT_NEAR(backend->gauss_newton_model(c.loss, c.theta)->scale() / scale, 1.0, 1e-8) << c.spec.describe();
    for (const StepSpace space : {StepSpace::parameters, StepSpace::points}) {
      const double damping = 1e-3;
      const std::vector<double> step = step_of(c, space, damping);
      std::vector<double> rest(c.gradient);
      for (std::size_t i = 0; i < n; ++i) {
        rest[i] += damping * scale * step[i];
        for (std::size_t j = 0; j < n; ++j) rest[i] += dot(rows[i], rows[j]) * step[j];
      }
      EXPECT_TRUE(norm(rest) <= 1e-7 * norm(c.gradient)) << c.spec.describe() << to_string(c.loss) << norm(rest);
    }
  }
}

TEST(GaussNewton, ItsMatrixIsThatOfFiniteDifferences) {
  for (const Case& c : cases()) {
    const Matrix rows = rows_by_differences(c.spec, c.loss, c.theta, c.points);
    const std::size_t n = rows.size();
    std::vector<double> expected, found(n * n);
    for (const auto& a : rows) {
      for (const auto& b : rows) expected.push_back(dot(a, b));
    }
    make_cpu_backend(c.spec, Problem("sine"), c.points, 1)->gauss_newton_matrix(c.loss, c.theta, 0, found);
    EXPECT_TRUE(norm(moved(found, -1.0, expected)) <= 1e-9 * norm(expected)) << c.spec.describe() << to_string(c.loss);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) EXPECT_EQ(found[i * n + j], found[j * n + i]);
    }
  }
}

TEST(GaussNewton, ARowOfItsMatrixHasTheSameBitsWhicheverAreAskedFor) {
  for (Case& c : cases()) {
    c.points = make_points({QuadratureKind::monte_carlo, 2100}, Domain::cube, c.spec.dimension, 3, 0);
    const std::size_t n = c.theta.size();
    std::vector<double> all(n * n);
    make_cpu_backend(c.spec, Problem("sine"), c.points, 1)->gauss_newton_matrix(c.loss, c.theta, 0, all);
    for (const std::size_t first : {std::size_t{0}, n / 3, n - 1}) {
      const std::size_t count = std::min<std::size_t>(3, n - first);
      std::vector<double> some(count * n);
      make_cpu_backend(c.spec, Problem("sine"), c.points, 3)->gauss_newton_matrix(c.loss, c.theta, first, some);
      EXPECT_EQ(std::memcmp(some.data(), all.data() + first * n, some.size() * sizeof(double)), 0) << first;
    }
    std::vector<double> too_many(2 * n);
    const auto backend = make_cpu_backend(c.spec, Problem("sine"), c.points, 1);
    EXPECT_THROW(backend->gauss_newton_matrix(c.loss, c.theta, n - 1, too_many), Error);
  }
}

TEST(GaussNewton, WhereTheResidualIsZeroItsMatrixIsTheHessian) {
  const NetworkSpec linear{NetworkKind::linear, Activation::swish, 1, 0, 0};
  const auto backend =
      make_cpu_backend(linear, Problem("cubic"), make_points({QuadratureKind::gauss, 8}, Domain::cube, 1, 1, 0), 1);
  const std::vector<double> theta{-2.0, -1.0}, units{1.0, 0.0, 0.0, 1.0};
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    std::vector<double> hessian(4), matrix(4);
    backend->hessian_products(loss, theta, units, hessian);
    backend->gauss_newton_matrix(loss, theta, 0, matrix);
    EXPECT_TRUE(norm(moved(matrix, -1.0, hessian)) <= 1e-14 * norm(hessian)) << to_string(loss);
  }
}

TEST(GaussNewton, WoodburysStepIsCholeskys) {
  for (const Case& c : cases()) {
    for (const double damping : {1e-1, 1e-4, 1e-7}) {
      const auto a = step_of(c, StepSpace::parameters, damping), b = step_of(c, StepSpace::points, damping);
      EXPECT_TRUE(norm(moved(a, -1.0, b)) <= 1e-14 / damping * norm(a) + 1e-12 * norm(a)) << c.spec.describe();
    }
  }
}

TEST(GaussNewton, StepOfALinearModelIsTheLeastSquaresSolution) {
  const NetworkSpec linear{NetworkKind::linear, Activation::swish, 1, 0, 0};
  const auto backend =
      make_cpu_backend(linear, Problem("cubic"), make_points({QuadratureKind::gauss, 16}, Domain::cube, 1, 1, 0), 1);
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const std::vector<double> theta{3.0, 0.5};
    std::vector<double> gradient(2), step(2);
    backend->loss_and_gradient(loss, theta, gradient);
    const auto model = backend->gauss_newton_model(loss, theta);
    ASSERT_TRUE(model->step(gradient, 1e-15 * model->scale(), step));
    EXPECT_NEAR(theta[0] + step[0], -2.0, 1e-11) << to_string(loss);
    EXPECT_NEAR(theta[1] + step[1], -1.0, 1e-11) << to_string(loss);
  }
}

TEST(Newton, StepSolvesTheEquationsOfTheHessian) {
  for (const Case& c : cases()) {
    const std::size_t n = c.theta.size();
    const auto backend = make_cpu_backend(c.spec, Problem("sine"), c.points, 1);
    const auto model = backend->newton_model(c.loss, c.theta);
    std::vector<double> step(n), product(n), other(n);
    const double damping = 2.0 * static_cast<double>(n) * model->scale();  // above any eigenvalue's size
    ASSERT_TRUE(model->step(c.gradient, damping, step)) << c.spec.describe();
    backend->hessian_products(c.loss, c.theta, step, product);
    for (std::size_t i = 0; i < n; ++i) product[i] += damping * step[i] + c.gradient[i];
    EXPECT_TRUE(norm(product) <= 1e-13 * norm(c.gradient)) << c.spec.describe() << to_string(c.loss) << norm(product);
    make_cpu_backend(c.spec, Problem("sine"), c.points, 3)
        ->newton_model(c.loss, c.theta)
        ->step(c.gradient, damping, other);
    EXPECT_EQ(std::memcmp(step.data(), other.data(), n * sizeof(double)), 0) << c.spec.describe();
  }
}

TEST(Newton, AnIndefiniteHessianHasNoStepBelowItsDeepestCurvature) {
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, 1, 4, 1};
  const PointSet points = make_points({QuadratureKind::simpson, 50}, Domain::cube, 1, 1, 0);
  const auto backend = make_cpu_backend(spec, Problem("sine"), points, 1);
  const std::vector<double> theta = some_numbers(ParameterLayout(spec).size(), 1);
  std::vector<double> gradient(theta.size()), step(theta.size());
  backend->loss_and_gradient(LossKind::galerkin, theta, gradient);
  const auto model = backend->newton_model(LossKind::galerkin, theta);
  EXPECT_FALSE(model->step(gradient, 1e-12 * model->scale(), step));
  EXPECT_TRUE(model->step(gradient, 100.0 * model->scale(), step));
}

TEST(GaussNewton, CurvatureIsThatOfFiniteDifferences) {
  for (const Case& c : cases()) {
    const std::vector<double> direction = some_numbers(c.theta.size(), 2);
    const auto at = [&](double by) { return values(c.spec, c.loss, moved(c.theta, by, direction), c.points); };
    constexpr double h = 0.1;  // the backend's own: its truncation is part of what it promises
    const auto before = at(-h), here = at(0.0), after = at(h);
    const Matrix rows = rows_by_differences(c.spec, c.loss, c.theta, c.points);
    std::vector<double> bent(here.size()), expected, found(c.theta.size());
    for (std::size_t r = 0; r < bent.size(); ++r) bent[r] = (after[r] - 2.0 * here[r] + before[r]) / (h * h);
    for (const auto& column : rows) expected.push_back(dot(column, bent));
    make_cpu_backend(c.spec, Problem("sine"), c.points, 1)->path_curvature(c.loss, c.theta, direction, found);
    EXPECT_TRUE(norm(moved(found, -1.0, expected)) <= 1e-8 * (1.0 + norm(expected))) << c.spec.describe();
  }
}

// Enough points for several chunks of rows.
TEST(GaussNewton, BitsDependOnNeitherThreadsNorInstructionSet) {
  for (Case& c : cases()) {
    if (c.theta.size() < 50) continue;
    c.points = make_points({QuadratureKind::monte_carlo, 2100}, Domain::cube, c.spec.dimension, 3, 0);
    const auto expected = step_of(c, StepSpace::parameters, 1e-3);
    std::vector<double> bend(c.theta.size()), other(c.theta.size());
    make_cpu_backend(c.spec, Problem("sine"), c.points, 1)->path_curvature(c.loss, c.theta, expected, bend);
    for (const char* isa : {"portable", "avx2", "avx512"}) {
      setenv("LANDSCAPE_CPU_ISA", isa, 1);
      for (const int threads : {1, 3}) {
        const auto found = step_of(c, StepSpace::parameters, 1e-3, threads);
        make_cpu_backend(c.spec, Problem("sine"), c.points, threads)->path_curvature(c.loss, c.theta, expected, other);
        EXPECT_EQ(std::memcmp(found.data(), expected.data(), found.size() * sizeof(double)), 0) << isa << threads;
        EXPECT_EQ(std::memcmp(other.data(), bend.data(), bend.size() * sizeof(double)), 0) << isa << threads;
      }
    }
    unsetenv("LANDSCAPE_CPU_ISA");
  }
}

TEST(GaussNewton, TooManyUnknownsAreRefused) {
  EXPECT_EQ(step_space(10, 20), StepSpace::parameters);
  EXPECT_EQ(step_space(6000, 20), StepSpace::points);
  EXPECT_THROW(step_space(6000, 5001), UsageError);
}

}  // namespace
}  // namespace landscape
