// One pass over the points sums both losses' integrands and the squared errors; chunks of points meet in index order.
#include "landscape/backend/solution_measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/backend/loss_rounding.hpp"
#include "landscape/model/vectors.hpp"
#include "point_evaluator.hpp"

namespace landscape {
namespace {

constexpr int kMostGaussDimensions = 3;
constexpr double kAgreement = 1e-11;      // of two successive rules, relative to the loss
constexpr double kErrorAgreement = 1e-6;  // the same for the errors of u, of which three digits are shown
constexpr double kNoError = 1e-14;        // an error of u below this is rounding

constexpr std::uint64_t kShifts = 8;
constexpr QuadratureRule kShifted{QuadratureKind::sobol, 8192};
// Shifts that no run draws, so that the points are never those that a network was trained on.
constexpr std::uint64_t kSeed = 0x6c616e6473636170;
constexpr std::uint64_t kFirstStream = std::uint64_t{1} << 40;

/// Per dimension; the last ones have about 2.6e5 points.
std::span<const std::int64_t> gauss_orders(int dimension) {
  static constexpr std::array<std::int64_t, 5> kLine{64, 128, 256, 512, 1024};
  static constexpr std::array<std::int64_t, 11> kSquare{16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};
  static constexpr std::array<std::int64_t, 7> kCube{10, 14, 20, 28, 40, 56, 64};
  if (dimension == 1) return kLine;
  if (dimension == 2) return kSquare;
  return kCube;
}

/// Of the losses' integrands, of that of R(u) - R(u*), of |u - u*|^2 and |grad(u - u*)|^2. Where there is no energy
/// those of R mean nothing.
struct Integrals {
  double ritz = 0.0, galerkin = 0.0, excess = 0.0, l2 = 0.0, h1 = 0.0;

  void add(const Integrals& other) {
    ritz += other.ritz;
    galerkin += other.galerkin;
    excess += other.excess;
    l2 += other.l2;
    h1 += other.h1;
  }
};

class Integrator {
 public:
  Integrator(const NetworkSpec& spec, const Problem& problem)
      : problem_(problem),
        dimension_(spec.dimension),
        exact_gradient_(static_cast<std::size_t>(spec.dimension)),
        grad_a_(exact_gradient_.size()),
        convection_(exact_gradient_.size()) {}

  void add_point(const double* x, double weight, double u, const double* gradient, double laplacian, Integrals& sums) {
    const double exact = problem_.solution(dimension_, x, exact_gradient_.data());
    std::fill(grad_a_.begin(), grad_a_.end(), 0.0);
    std::fill(convection_.begin(), convection_.end(), 0.0);
    OperatorAt at{1.0, grad_a_, convection_};
    problem_.coefficients(dimension_, x, at);
    double energy = 0.0, slope_error = 0.0, cross = 0.0;
    for (std::size_t j = 0; j < exact_gradient_.size(); ++j) {
      energy += 0.5 * gradient[j] * gradient[j];
      slope_error += (gradient[j] - exact_gradient_[j]) * (gradient[j] - exact_gradient_[j]);
      cross += (grad_a_[j] - convection_[j]) * gradient[j];
    }
    const double square = u * u, e = u - exact;
    const double residual = at.a * laplacian + cross - at.c * u - at.s * u * square + at.f;
    sums.ritz += weight * (at.a * energy + 0.5 * at.c * square + 0.25 * at.s * square * square - at.f * u);
    sums.galerkin += weight * residual * residual;
    // u^4 - u*^4 - 4 u*^3 e = e^2 (6 u*^2 + 4 u* e + e^2)
    const double quartic = (6.0 * exact * exact + (4.0 * exact + e) * e);
    sums.excess += weight * (0.5 * (at.a * slope_error + at.c * e * e) + 0.25 * at.s * quartic * e * e);
    sums.l2 += weight * e * e;
    sums.h1 += weight * slope_error;
  }

  /// The penalty's part of the losses.
  void add_boundary_point(const double* x, double weight, double u, Integrals& sums) {
    const double exact = problem_.solution(dimension_, x, exact_gradient_.data());
    const double g = is_zero_on_boundary(problem_, dimension_) ? 0.0 : exact, e = u - g;
    OperatorAt at{1.0, grad_a_, convection_};
    problem_.coefficients(dimension_, x, at);
    double flux = 0.0;  // a du*/dn
    for (std::size_t j = 0; j < exact_gradient_.size(); ++j)
      flux += x[j] == 0.0 ? -at.a * exact_gradient_[j] : x[j] == 1.0 ? at.a * exact_gradient_[j] : 0.0;
    const double beta = problem_.boundary().beta;
    sums.ritz += weight * beta * u * (u - 2.0 * g);
    sums.galerkin += weight * beta * e * e;
    sums.excess += weight * (flux * e + beta * e * e);
  }

 private:
  Problem problem_;
  int dimension_;
  std::vector<double> exact_gradient_, grad_a_, convection_;
};

/// Sums per chunk meet in index order, whoever made them. That of the Galerkin loss is made where this is `loss`.
Integrals integrate(const NetworkSpec& spec, const Problem& problem, LossKind loss, std::span<const double> theta,
                    const PointSet& points, int n_threads) {
  constexpr std::size_t kChunk = 1024;
  const auto d = static_cast<std::size_t>(spec.dimension);
  const auto n_chunks = static_cast<std::int64_t>((points.size() + kChunk - 1) / kChunk);
  std::vector<Integrals> sums(static_cast<std::size_t>(n_chunks));
  if (theta.size() != ParameterLayout(spec).size())
    PointEvaluator(spec, problem, theta, loss);  // throws here, not in a thread
  const int threads = static_cast<int>(std::max<std::int64_t>(1, std::min<std::int64_t>(n_threads, n_chunks)));
#pragma omp parallel num_threads(threads)
  {
    Integrator integrator(spec, problem);
    PointEvaluator evaluator(spec, problem, theta, loss);
#pragma omp for schedule(static)
    for (std::int64_t chunk = 0; chunk < n_chunks; ++chunk) {
      const auto k = static_cast<std::size_t>(chunk);
      const std::size_t first = k * kChunk, n = std::min(points.size() - first, kChunk);
      const double* x = points.points.data() + first * d;
      evaluator.for_each(x, n, [&](std::size_t i, double u, const double* gradient, double laplacian) {
        const std::size_t q = first + i;
        if (points.is_boundary(q)) {
          integrator.add_boundary_point(x + i * d, points.weights[q], u, sums[k]);
        } else {
          integrator.add_point(x + i * d, points.weights[q], u, gradient, laplacian, sums[k]);
        }
      });
    }
  }
  Integrals total;
  for (const Integrals& s : sums) total.add(s);
  return total;
}

bool agree(const SolutionMeasure& m) {
  const auto small = [](const Estimate& e) { return e.error <= kErrorAgreement * e.value + 2.0 * kNoError; };
  return small(m.relative_l2) && small(m.relative_h1);
}

SolutionMeasure measure_by_gauss(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                 std::span<const double> theta, int n_threads) {
  const SquaredNorms norms = problem.norms(spec.dimension);
  SolutionMeasure measure, coarser;
  PointSet points;
  math::LossError<double> rounding;
  for (const std::int64_t order : gauss_orders(spec.dimension)) {
    const QuadratureRule rule{QuadratureKind::gauss, order};
    points = loss_points(problem, rule, spec.dimension, 0, 0);
    const Integrals sums = integrate(spec, problem, loss, theta, points, n_threads);
    if (measure.quadrature.empty()) rounding = loss_rounding(spec, problem, loss, theta, points);
    coarser = std::exchange(measure, SolutionMeasure{});
    measure.quadrature = to_string(rule);
    measure.loss.value = loss == LossKind::ritz ? sums.ritz : sums.galerkin;
    measure.relative_l2.value = std::sqrt(sums.l2 / norms.solution);
    measure.relative_h1.value = std::sqrt(sums.h1 / norms.gradient);
    const double difference = std::abs(measure.loss.value - coarser.loss.value);
    const double noise = rounding.of(measure.loss.value);
    measure.loss.error = difference + noise;
    measure.relative_l2.error = std::abs(measure.relative_l2.value - coarser.relative_l2.value) + kNoError;
    measure.relative_h1.error = std::abs(measure.relative_h1.value - coarser.relative_h1.value) + kNoError;
    if (coarser.quadrature.empty()) continue;
    if (difference <= std::max(kAgreement * std::abs(measure.loss.value), noise) && agree(measure)) break;
  }
  std::vector<double> gradient(theta.size());
  make_cpu_backend(spec, problem, points, n_threads)->loss_and_gradient(loss, theta, gradient);
  measure.gradient_norm = norm_of(gradient);
  return measure;
}

/// Mean and standard error.
Estimate mean_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double square = 0.0;
  for (const double x : values) square += (x - mean) * (x - mean);
  return {mean, std::sqrt(square / (n * (n - 1.0)))};
}

/// sqrt(x / norm), its error by the first derivative.
Estimate quotient(const Estimate& square, double norm) {
  const double value = std::sqrt(square.value / norm);
  return {value, value > 0.0 ? 0.5 * square.error / (norm * value) : std::sqrt(square.error / norm)};
}

SolutionMeasure measure_by_shifts(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                  std::span<const double> theta, int n_threads) {
  std::vector<double> ritz, galerkin, excess, l2, h1, gradient(theta.size()), sum(theta.size(), 0.0);
  std::unique_ptr<LossBackend> backend;
  for (std::uint64_t k = 0; k < kShifts; ++k) {
    const PointSet points = loss_points(problem, kShifted, spec.dimension, kSeed, kFirstStream + k);
    const Integrals sums = integrate(spec, problem, loss, theta, points, n_threads);
    l2.push_back(sums.l2);
    h1.push_back(sums.h1);
    excess.push_back(sums.excess);
    ritz.push_back(sums.ritz);
    galerkin.push_back(sums.galerkin);
    if (backend) backend->set_points(points);
    if (!backend) backend = make_cpu_backend(spec, problem, points, n_threads);
    backend->loss_and_gradient(loss, theta, gradient);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += gradient[i] / static_cast<double>(kShifts);
  }
  Estimate value = mean_of(loss == LossKind::ritz ? ritz : galerkin);
  if (const Estimate above = mean_of(excess); loss == LossKind::ritz && above.error < value.error)
    value = {energy_of_solution(problem, spec.dimension) + above.value, above.error};
  const SquaredNorms norms = problem.norms(spec.dimension);
  return {fmt::format("{} x {}", kShifts, to_string(kShifted)), value, quotient(mean_of(l2), norms.solution),
          quotient(mean_of(h1), norms.gradient), norm_of(sum)};
}

}  // namespace

SolutionMeasure measure_solution(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                 std::span<const double> theta, int n_threads) {
  return spec.dimension <= kMostGaussDimensions ? measure_by_gauss(spec, problem, loss, theta, n_threads)
                                                : measure_by_shifts(spec, problem, loss, theta, n_threads);
}

SolutionError solution_error(const NetworkSpec& spec, const Problem& problem, std::span<const double> theta,
                             const PointSet& points, int n_threads) {
  const Integrals sums = integrate(spec, problem, LossKind::ritz, theta, points, n_threads);
  const SquaredNorms norms = problem.norms(spec.dimension);
  return {std::sqrt(sums.l2 / norms.solution), std::sqrt(sums.h1 / norms.gradient)};
}

// The exact solution's residual is zero, inside and on the boundary.
std::optional<double> exact_minimum(LossKind loss, const Problem& problem, int dimension) {
  return loss == LossKind::galerkin ? 0.0 : least_energy(problem, dimension);
}

// R(0) = 0, and the residual of u = 0 is f inside, and what a penalty asks for on the boundary. R(u*) may be positive
// where the energy is not convex.
double loss_scale(LossKind loss, const Problem& problem, int dimension) {
  if (loss == LossKind::ritz) return std::abs(energy_of_solution(problem, dimension));
  const SquaredNorms norms = problem.norms(dimension);
  return norms.source + problem.boundary().beta * norms.boundary;
}

}  // namespace landscape
