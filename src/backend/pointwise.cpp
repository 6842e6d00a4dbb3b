// u = B N and its derivatives at given points.
#include "landscape/backend/loss_backend.hpp"
#include "point_evaluator.hpp"

namespace landscape {

PointwiseJet evaluate_pointwise(const NetworkSpec& spec, std::span<const double> theta,
                                std::span<const double> points) {
  const auto d = static_cast<std::size_t>(spec.dimension);
  const std::size_t n = points.size() / d;
  PointwiseJet jet{std::vector<double>(n), std::vector<double>(n * d), std::vector<double>(n)};
  PointEvaluator evaluator(spec, Problem(), theta);
  for (std::size_t q = 0; q < n; ++q) {
    evaluator.evaluate(points.data() + q * d, jet.value[q], jet.gradient.data() + q * d, jet.laplacian[q]);
  }
  return jet;
}

}  // namespace landscape
