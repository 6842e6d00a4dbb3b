// From an equation's coefficients and the boundary factor to the coefficients of a loss's integrand. With u = B N,
//   div(a grad u) = a B Lap N + (2 a grad B + B grad a) . grad N + (a Lap B + grad a . grad B) N,
//   b . grad u = B b . grad N + (b . grad B) N,
// and the energy's gradient term is |sqrt(a) B grad N + N sqrt(a) grad B|^2. With a penalty B is 1, and a point of the
// boundary has the residual sqrt(beta) (N - g) and the energy beta (N^2 - 2 g N).
#include <algorithm>
#include <cmath>

#include "landscape/equation/equation.hpp"

namespace landscape {

namespace {

// Products that leave one factor out come from prefix and suffix products, never from a division, so that the boundary
// itself is exact.
void cube_factor(int dimension, const double* x, double& value, double* gradient, double& laplacian) {
  double prefix = 1.0;
  for (int i = 0; i < dimension; ++i) {
    gradient[i] = prefix;
    prefix *= x[i] * (1.0 - x[i]);
  }
  value = prefix;
  laplacian = 0.0;
  double suffix = 1.0;
  for (int i = dimension - 1; i >= 0; --i) {
    const double others = gradient[i] * suffix;
    laplacian -= 2.0 * others;
    gradient[i] = others * (1.0 - 2.0 * x[i]);
    suffix *= x[i] * (1.0 - x[i]);
  }
}

void ball_factor(int dimension, const double* x, double& value, double* gradient, double& laplacian) {
  value = 1.0;
  for (int i = 0; i < dimension; ++i) {
    value -= x[i] * x[i];
    gradient[i] = -2.0 * x[i];
  }
  laplacian = -2.0 * dimension;
}

}  // namespace

void boundary_factor(Domain domain, int dimension, const double* x, double& value, double* gradient,
                     double& laplacian) {
  (domain == Domain::cube ? cube_factor : ball_factor)(dimension, x, value, gradient, laplacian);
}

void solution_factor(const Problem& problem, int dimension, const double* x, double& value, double* gradient,
                     double& laplacian) {
  if (problem.boundary().is_hard()) {
    boundary_factor(problem->domain, dimension, x, value, gradient, laplacian);
    return;
  }
  value = 1.0;
  std::fill_n(gradient, dimension, 0.0);
  laplacian = 0.0;
}

// With u = u* + e, e any function, the Ritz loss is R(u*) + g . e + beta |e|^2 on the boundary + int |grad e|^2 / 2,
// where g = du*/dn. In one dimension the last term is least, (e_1 - e_0)^2 / 2, for a straight line; what is left is
// g . e + e . (K + 2 beta) e / 2 in (e_0, e_1) with K = (1, -1; -1, 1), whose eigenvectors are sum and difference.
std::optional<double> least_energy(const Problem& problem, int dimension) {
  if (!problem->has_energy() || !unbounded_text(problem, dimension).empty()) return std::nullopt;
  const double with_zero = problem->energy(problem.parameters(), dimension);
  if (problem.boundary().is_hard()) return with_zero;
  if (!problem->is_poisson || !is_zero_on_boundary(problem, dimension) || problem->domain != Domain::cube ||
      dimension != 1)
    return std::nullopt;
  const double left = 0.0, right = 1.0, beta = problem.boundary().beta;
  double slope_left, slope_right;
  problem.solution(1, &left, &slope_left);
  problem.solution(1, &right, &slope_right);
  const double sum = slope_right - slope_left, difference = slope_right + slope_left;
  return with_zero - 0.125 * sum * sum / beta - 0.125 * difference * difference / (1.0 + beta);
}

double source_at(const Problem& problem, int dimension, const double* x) {
  std::vector<double> grad_a(static_cast<std::size_t>(dimension), 0.0), convection(grad_a);
  OperatorAt at{1.0, grad_a, convection};
  problem.coefficients(dimension, x, at);
  return at.f;
}

TermsEvaluator::TermsEvaluator(const Problem& problem, LossKind loss, int dimension)
    : slope(static_cast<std::size_t>(dimension)),
      problem_(problem),
      loss_(loss),
      dimension_(dimension),
      grad_b_(slope.size()),
      grad_a_(slope.size()),
      convection_(slope.size()),
      grad_solution_(slope.size()) {
  require_loss(problem, loss);
}

void TermsEvaluator::evaluate(const double* x, bool on_boundary) {
  if (on_boundary) {
    const double beta = problem_.boundary().beta;
    const double g = is_zero_on_boundary(problem_, dimension_) ? 0.0 : problem_.solution(dimension_, x, nullptr);
    top = cubic = 0.0;
    std::fill(slope.begin(), slope.end(), 0.0);
    value = loss_ == LossKind::galerkin ? std::sqrt(beta) : beta;
    source = loss_ == LossKind::galerkin ? -std::sqrt(beta) * g : 2.0 * beta * g;
    return;
  }
  double b, lap_b;
  solution_factor(problem_, dimension_, x, b, grad_b_.data(), lap_b);
  std::fill(grad_a_.begin(), grad_a_.end(), 0.0);
  std::fill(convection_.begin(), convection_.end(), 0.0);
  OperatorAt at{1.0, grad_a_, convection_};
  problem_.coefficients(dimension_, x, at);
  if (loss_ == LossKind::galerkin) {
    top = at.a * b;
    value = at.a * lap_b - at.c * b;
    for (std::size_t j = 0; j < slope.size(); ++j) {
      const double drift = grad_a_[j] - convection_[j];
      slope[j] = 2.0 * at.a * grad_b_[j] + b * drift;
      value += drift * grad_b_[j];
    }
    cubic = -at.s * (b * b * b);
    source = at.f;
  } else {
    const double root = std::sqrt(at.a);
    top = root * b;
    for (std::size_t j = 0; j < slope.size(); ++j) slope[j] = root * grad_b_[j];
    value = 0.5 * at.c * (b * b);
    cubic = 0.25 * at.s * (b * b) * (b * b);
    source = at.f * b;
  }
}

// u - u* = B N - u*
void TermsEvaluator::evaluate_error(const double* x) {
  double lap_b;
  solution_factor(problem_, dimension_, x, value, grad_b_.data(), lap_b);
  top = cubic = 0.0;
  std::fill(slope.begin(), slope.end(), 0.0);
  source = -problem_.solution(dimension_, x, nullptr);
}

// d(u - u*)/dx_j = B dN/dx_j + N dB/dx_j - du*/dx_j
void TermsEvaluator::evaluate_slope_error(const double* x, int j) {
  const auto at = static_cast<std::size_t>(j);
  double b, lap_b;
  solution_factor(problem_, dimension_, x, b, grad_b_.data(), lap_b);
  problem_.solution(dimension_, x, grad_solution_.data());
  top = cubic = 0.0;
  std::fill(slope.begin(), slope.end(), 0.0);
  slope[at] = b;
  value = grad_b_[at];
  source = -grad_solution_[at];
}

math::IntegrandTerms<double> TermsEvaluator::terms() const {
  return {&top, slope.data(), 1, &value, &source, has_cubic() ? &cubic : nullptr};
}

}  // namespace landscape
