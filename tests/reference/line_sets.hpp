// One set of lines of every kind, and the losses along them point by point.
#pragma once

#include <vector>

#include "landscape/backend/loss_backend.hpp"

namespace landscape::test {

/// Through two points, a plane of three rows, and three drawn directions from each of two starts; a, b, c (n).
inline std::vector<LineSet> line_sets(const NetworkSpec& spec, const std::vector<double>& a,
                                      const std::vector<double>& b, const std::vector<double>& c) {
  std::vector<double> starts(a);
  starts.insert(starts.end(), b.begin(), b.end());
  return {LineSet::through(spec, a, b), LineSet::plane(spec, a, b, c, std::vector<double>{-0.5, 0.0, 0.25}),
          LineSet(DirectionSet(spec, a, 5, DirectionNorm::filter, BiasMode::random), 3, starts)};
}

/// The number of lines of a set whose starts share their directions.
inline std::int64_t line_count(const LineSet& lines) { return lines.n_starts() * lines.n_directions(); }

/// (lines, steps): every line by itself, as the one direction from its own start.
inline std::vector<double> losses_line_by_line(LossBackend& backend, const NetworkSpec& spec, LossKind loss,
                                               const LineSet& lines, const std::vector<double>& steps) {
  std::vector<double> all, along(steps.size()), direction(lines.parameter_count());
  for (std::int64_t k = 0; k < line_count(lines); ++k) {
    lines.direction(k, direction);
    const LineSet alone(DirectionSet(spec, lines.start(k), direction));
    backend.evaluate({loss, &alone, steps, 0, static_cast<std::int64_t>(steps.size())}, along);
    all.insert(all.end(), along.begin(), along.end());
  }
  return all;
}

}  // namespace landscape::test
