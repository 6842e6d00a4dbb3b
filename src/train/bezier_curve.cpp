// The mean loss as a function of the control point alone, for L-BFGS.
#include "landscape/train/bezier_curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "landscape/model/vectors.hpp"
#include "landscape/quadrature/quadrature.hpp"
#include "landscape/train/training.hpp"
#include "lbfgs_minimizer.hpp"

namespace landscape {
namespace {

class MeanLoss {
 public:
  MeanLoss(std::span<const double> a, std::span<const double> b, const LossAndGradient& loss, int n_nodes)
      : a_(a),
        b_(b),
        loss_(loss),
        nodes_(make_points({QuadratureKind::gauss, n_nodes}, 1, 0, 0)),
        point_(a.size()),
        gradient_(a.size()) {}

  /// E, and dE/dc (n).
  double operator()(std::span<const double> control, std::span<double> gradient) {
    double mean = 0.0;
    std::ranges::fill(gradient, 0.0);
    for (std::size_t q = 0; q < nodes_.size(); ++q) {
      const double t = nodes_.points[q], weight = nodes_.weights[q];
      bezier_point(a_, control, b_, t, point_);
      mean += weight * loss_(point_, gradient_);
      const double of_control = weight * 2.0 * t * (1.0 - t);
      for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += of_control * gradient_[i];
    }
    if (!std::isfinite(mean) || !is_finite(gradient))
      throw TrainingDiverged(fmt::format("The loss on a curve came to {}.", mean));
    return mean;
  }

 private:
  std::span<const double> a_, b_;
  const LossAndGradient& loss_;
  PointSet nodes_;
  std::vector<double> point_, gradient_;
};

}  // namespace

BezierCurve fit_bezier_curve(std::span<const double> a, std::span<const double> b, const LossAndGradient& loss,
                             const CurveFit& fit) {
  MeanLoss mean(a, b, loss, fit.n_nodes);
  BezierCurve curve;
  curve.control.resize(a.size());
  straight_point(a, b, 0.5, curve.control);
  const auto observe = [&](std::span<const double>, double, std::int64_t iteration) {
    curve.iterations = iteration;
    if (fit.between) fit.between(iteration);
  };
  curve.at_limit =
      minimize_lbfgs(
          curve.control, fit.max_iterations,
          [&](std::span<const double> control, std::span<double> gradient) { return mean(control, gradient); }, observe)
          .at_limit();
  std::vector<double> gradient(a.size());
  curve.mean_loss = mean(curve.control, gradient);
  curve.gradient_norm = norm_of(gradient);
  return curve;
}

void bezier_point(std::span<const double> a, std::span<const double> control, std::span<const double> b, double t,
                  std::span<double> point) {
  const double of_a = (1.0 - t) * (1.0 - t), of_control = 2.0 * t * (1.0 - t), of_b = t * t;
  for (std::size_t i = 0; i < point.size(); ++i) point[i] = of_a * a[i] + of_control * control[i] + of_b * b[i];
}

void straight_point(std::span<const double> a, std::span<const double> b, double t, std::span<double> point) {
  for (std::size_t i = 0; i < point.size(); ++i) point[i] = (1.0 - t) * a[i] + t * b[i];
}

}  // namespace landscape
