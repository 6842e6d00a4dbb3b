// The losses of any backend and the long-double answer to them, for the tests of the CPU's and of the GPU's.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/equation/equation.hpp"
#include "reference.hpp"

namespace landscape::test {

inline reference::Network reference_network(const NetworkSpec& spec, std::vector<double> theta) {
  return {to_string(spec.kind), to_string(spec.activation), spec.dimension, spec.width,
          spec.blocks,          std::move(theta),           spec.layers};
}

/// Losses along one given direction.
inline std::vector<double> profile(LossBackend& backend, const NetworkSpec& spec, LossKind loss,
                                   const std::vector<double>& theta, const std::vector<double>& direction,
                                   const std::vector<double>& steps) {
  const LineSet set(DirectionSet(spec, theta, direction));
  std::vector<double> losses(steps.size());
  backend.evaluate({loss, &set, steps, 0, static_cast<std::int64_t>(steps.size())}, losses);
  return losses;
}

inline long double reference_loss(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                  const PointSet& points, std::vector<double> theta) {
  return reference::loss(reference_network(spec, std::move(theta)), full_name(problem), to_string(loss), points.points,
                         points.weights, {problem.boundary().beta, points.n_boundary});
}

}  // namespace landscape::test
