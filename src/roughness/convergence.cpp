// Counts 10, 20, 50, ... and the rule on half-widths.
#include "landscape/roughness/convergence.hpp"

#include <algorithm>
#include <cmath>

#include "landscape/roughness/index.hpp"

namespace landscape {

std::vector<std::int64_t> curve_counts(std::int64_t n_directions) {
  std::vector<std::int64_t> counts;
  for (std::int64_t decade = 10; decade < n_directions; decade *= 10) {
    for (const std::int64_t step : {1, 2, 5}) {
      if (decade * step < n_directions) counts.push_back(decade * step);
    }
  }
  counts.push_back(n_directions);
  return counts;
}

std::vector<CurvePoint> index_curve(std::span<const double> total_variation, std::span<const DirectionStatus> status,
                                    const BootstrapOptions& options) {
  const std::vector<std::int64_t> counts = curve_counts(static_cast<std::int64_t>(total_variation.size()));
  const std::vector<double> values = usable_values(total_variation, status);
  std::vector<CurvePoint> curve;
  std::vector<std::size_t> used;
  for (const IndexAtCount& at : index_against_count(total_variation, status, counts)) {
    used.push_back(static_cast<std::size_t>(at.n_used));
    curve.push_back({at.n_directions, at.n_used, at.index, std::nullopt});
  }
  const auto intervals = index_intervals(values, used, options);
  for (std::size_t i = 0; i < curve.size(); ++i) curve[i].interval = intervals[i];
  return curve;
}

std::optional<double> IndexWidth::half_width() const {
  if (!index || !interval || !(*index > resolution) || !std::isfinite(interval->upper)) return std::nullopt;
  return (interval->upper - interval->lower) / (2.0 * *index);
}

bool IndexWidth::is_hopeless() const {
  if (n_directions < kFewestForInterval) return false;
  return n_used == 0 || (interval && index && !(*index > resolution));
}

WidthVerdict judge_widths(std::span<const IndexWidth> losses, double bound) {
  bool any = false;
  for (const IndexWidth& loss : losses) {
    if (loss.is_hopeless()) continue;
    any = true;
    const std::optional<double> half_width = loss.half_width();
    if (!half_width || !(*half_width <= bound)) return WidthVerdict::wanting;
  }
  return any ? WidthVerdict::reached : WidthVerdict::hopeless;
}

std::int64_t next_count(std::int64_t n, std::int64_t most) {
  constexpr std::int64_t kFewestMore = 16;
  if (n >= most) return n;
  return std::min(most, n + std::max(kFewestMore, n / 2));
}

}  // namespace landscape
