// One pass.
#include "landscape/roughness/barrier.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "landscape/model/error.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {

PathBarrier path_barrier(std::span<const double> t, std::span<const double> losses) {
  if (t.size() != losses.size() || t.size() < 2 || t.front() != 0.0 || t.back() != 1.0)
    throw Error("A barrier is of losses from t = 0 to t = 1.");
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (!is_finite(losses)) return {kNone, kNone};
  PathBarrier barrier;
  for (std::size_t j = 1; j + 1 < t.size(); ++j) {
    const double above = losses[j] - ((1.0 - t[j]) * losses.front() + t[j] * losses.back());
    if (above > barrier.height) barrier = {above, t[j]};
  }
  return barrier;
}

double barrier_rounding(std::span<const double> losses, const math::LossError<double>& error) {
  double highest = 0.0;
  for (const double loss : losses) highest = std::max(highest, std::abs(loss));
  return 3.0 * error.of(highest);
}

}  // namespace landscape
