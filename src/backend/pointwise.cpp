// u = B N and its derivatives at given points.
#include "landscape/backend/loss_backend.hpp"
#include "point_evaluator.hpp"

namespace landscape {

PointwiseJet evaluate_pointwise(const NetworkSpec& spec, std::span<const double> theta,
                                std::span<const double> points) {
  const auto d = static_cast<std::size_t>(spec.dimension);
  const std::size_t n = points.size() / d;
  PointwiseJet jet{std::vector<double>(n), std::vector<double>(n * d), std::vector<double>(n)};
  PointEvaluator(spec, Problem(), theta, LossKind::galerkin)
      .for_each(points.data(), n, [&](std::size_t q, double u, const double* gradient, double laplacian) {
        jet.value[q] = u;
        std::copy_n(gradient, d, jet.gradient.begin() + static_cast<std::ptrdiff_t>(q * d));
        jet.laplacian[q] = laplacian;
      });
  return jet;
}

}  // namespace landscape
