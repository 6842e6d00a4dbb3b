// What is measured along lines: a loss, and what stands beside it.
//
//   l2_error       |u - u*|_L2 / |u*|_L2
//   h1_error       |grad(u - u*)|_L2 / |grad u*|_L2, of the H1 semi-norms
//   gradient_norm  |grad L(theta)|_2, L the loss
//
// The squares of the two errors are sums of squared residuals, u - u* and each d(u - u*)/dx_j, linear in the network's
// jet like that of the Galerkin loss (math/integrand.hpp): on every device its kernels integrate them, with other
// numbers at the points.
#pragma once

#include <cstddef>
#include <cstdint>

#include "landscape/equation/equation.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

enum class Quantity : std::uint8_t { loss, l2_error, h1_error, gradient_norm };
inline constexpr std::size_t kQuantities = 4;

inline bool is_error_of_solution(Quantity quantity) {
  return quantity == Quantity::l2_error || quantity == Quantity::h1_error;
}
/// Whose kernels measure it where `loss` is asked for.
inline LossKind kernel_loss(Quantity quantity, LossKind loss) {
  return is_error_of_solution(quantity) ? LossKind::galerkin : loss;
}

/// The terms of which a quantity is made, one after another: of a loss (and of its gradient) one for each point, of the
/// L2 error one for each point inside, of the H1 semi-norm's d for each of these. The sum of weight times integrand is
/// the loss, or the square of the relative error. Not thread-safe: it has work areas.
class QuantityTerms {
 public:
  /// `points` must outlive it. Throws Error where the problem has no such loss.
  QuantityTerms(const Problem& problem, LossKind loss, Quantity quantity, const PointSet& points);

  std::size_t size() const { return n_; }
  const double* point(std::size_t i) const;  // (d)
  double weight(std::size_t i) const;
  /// Whether the term is one of the penalty's.
  bool is_boundary(std::size_t i) const { return !is_error() && points_.is_boundary(i); }
  /// The first so many are none of these.
  std::size_t n_inside() const { return is_error() ? n_ : points_.n_inside(); }
  /// The coefficients of term i, valid until the next call.
  const TermsEvaluator& at(std::size_t i);

 private:
  bool is_error() const { return is_error_of_solution(quantity_); }

  const PointSet& points_;
  Quantity quantity_;
  std::size_t per_point_;  // terms
  std::size_t n_;
  double scale_ = 1.0;  // of the weights
  TermsEvaluator terms_;
};

}  // namespace landscape
