// A quadratic model of a loss at theta, L(theta + s) = L + g' s + s' M s / 2. M is the Hessian, or of a Gauss-Newton model
// M = J' J, J (R, n) the rows that math/integrand.hpp defines point by point, each times the root of its point's weight:
//   Galerkin  one row a point, sqrt 2 dr/dtheta: Gauss-Newton;
//   Ritz      d rows a point, or d + 1: M_ij is the energy's second variation at u by du/dtheta_i and du/dtheta_j, of
//             the Poisson equation the integral of grad d_i u . grad d_j u: energy natural gradient.
// A step with Levenberg's damping is -(M + damping I)^-1 g, by Cholesky's factors in the space of the parameters, or
// where the rows are fewer in theirs, by the identity of Woodbury (1950)
//   (damping I + J' J)^-1 = (I - J' (damping I + J J')^-1 J) / damping.
// LAPACK's bits depend on whose it is and on its threads; these factors are the backend's own, by the same tiles as its
// other sums, and have the same bits on any number of threads and any instruction set.
#pragma once

#include <cstddef>
#include <span>

namespace landscape {

/// In which space the equations of a step are solved: automatic takes the smaller one.
enum class StepSpace { automatic, parameters, points };

/// The most unknowns of a step's equations; 25 million numbers then make the matrix.
inline constexpr std::size_t kMostStepUnknowns = 5000;

/// The smaller space. Throws UsageError where both have more than kMostStepUnknowns.
StepSpace step_space(std::size_t n_parameters, std::size_t n_rows);
/// Throws UsageError where a step with the Hessian has more.
void require_newton_unknowns(std::size_t n_parameters);

class QuadraticModel {
 public:
  virtual ~QuadraticModel() = default;
  QuadraticModel() = default;
  QuadraticModel(const QuadraticModel&) = delete;
  QuadraticModel& operator=(const QuadraticModel&) = delete;

  /// The largest absolute diagonal entry of M, unit of the loss: what a damping is measured by.
  virtual double scale() const = 0;
  /// Writes -(M + damping I)^-1 gradient, both (n); damping > 0. False where that matrix is not positive definite,
  /// or M is not finite.
  virtual bool step(std::span<const double> gradient, double damping, std::span<double> out) = 0;
};

}  // namespace landscape
