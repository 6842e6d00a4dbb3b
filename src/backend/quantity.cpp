// From points to terms.
#include "landscape/backend/quantity.hpp"

namespace landscape {

QuantityTerms::QuantityTerms(const Problem& problem, LossKind loss, Quantity quantity, const PointSet& points)
    : points_(points),
      quantity_(quantity),
      per_point_(quantity == Quantity::h1_error ? static_cast<std::size_t>(points.dimension) : 1),
      n_((is_error() ? points.n_inside() : points.size()) * per_point_),
      terms_(problem, kernel_loss(quantity, loss), points.dimension) {
  if (!is_error()) return;
  const SquaredNorms norms = problem.norms(points.dimension);
  scale_ = 1.0 / (quantity == Quantity::h1_error ? norms.gradient : norms.solution);
}

const double* QuantityTerms::point(std::size_t i) const {
  return points_.points.data() + i / per_point_ * static_cast<std::size_t>(points_.dimension);
}

double QuantityTerms::weight(std::size_t i) const { return scale_ * points_.weights[i / per_point_]; }

const TermsEvaluator& QuantityTerms::at(std::size_t i) {
  switch (quantity_) {
    case Quantity::l2_error:
      terms_.evaluate_error(point(i));
      break;
    case Quantity::h1_error:
      terms_.evaluate_slope_error(point(i), static_cast<int>(i % per_point_));
      break;
    case Quantity::loss:
    case Quantity::gradient_norm:
      terms_.evaluate(point(i), points_.is_boundary(i));
      break;
  }
  return terms_;
}

}  // namespace landscape
