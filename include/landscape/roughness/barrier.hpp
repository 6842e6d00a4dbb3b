// The barrier on a path from one minimizer to another (Draxler et al. 2018, Frankle et al. 2020, Entezari et al. 2022):
// how far the loss rises above the straight line between its values at the ends,
//
//   B = max over t of  L(t) - ((1 - t) L(0) + t L(1)),   0 <= t <= 1.
//
// The ends count as zero, so B >= 0, and B = 0 on any convex path.
#pragma once

#include <span>

#include "landscape/math/total_variation.hpp"

namespace landscape {

struct PathBarrier {
  double height = 0.0;  // B, unit of the loss; NaN where a loss is not finite
  double at = 0.0;      // the first t that reaches it; NaN likewise
};

/// t (P) from 0 to 1, ascending, and the losses (P) there. Throws Error where the shapes differ or the ends are
/// missing.
PathBarrier path_barrier(std::span<const double> t, std::span<const double> losses);

/// A height that rounding alone can make: a barrier is made of three losses, each wrong by at most error.of() the
/// largest of them.
double barrier_rounding(std::span<const double> losses, const math::LossError<double>& error);

}  // namespace landscape
