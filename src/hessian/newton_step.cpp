// One eigenvector after the other.
#include "landscape/hessian/newton_step.hpp"

#include <cmath>

namespace landscape {

NewtonStep newton_step(const Eigensystem& system, std::span<const double> gradient, double level) {
  const std::size_t n = gradient.size();
  NewtonStep step;
  double square = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double lambda = system.values[i];
    if (!(std::abs(lambda) > level)) continue;
    double part = 0.0;
    for (std::size_t j = 0; j < n; ++j) part += system.vectors[i * n + j] * gradient[j];
    square += part * part / (lambda * lambda);
    (lambda > 0.0 ? step.decrease : step.from_negative) += 0.5 * part * part / lambda;
  }
  step.length = std::sqrt(square);
  return step;
}

}  // namespace landscape
