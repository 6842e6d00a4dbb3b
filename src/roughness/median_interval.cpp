// Order statistics and the binomial distribution.
#include "landscape/roughness/median_interval.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>

#include "landscape/model/error.hpp"
#include "landscape/roughness/diagnostics.hpp"

namespace landscape {

std::optional<MedianInterval> median_interval(std::vector<double> values, double confidence) {
  const std::size_t n = values.size();
  if (n == 0) return std::nullopt;
  std::ranges::sort(values);
  const boost::math::binomial below(static_cast<double>(n), 0.5);
  std::optional<MedianInterval> found;
  for (std::size_t k = 1; 2 * k <= n; ++k) {
    const double coverage = 1.0 - 2.0 * boost::math::cdf(below, static_cast<double>(k - 1));
    if (coverage < confidence) break;
    found = MedianInterval{values[k - 1], values[n - k], coverage};
  }
  return found;
}

int MedianComparison::larger() const {
  if (!difference_interval) return 0;
  return difference_interval->lower > 0.0 ? 1 : difference_interval->upper < 0.0 ? -1 : 0;
}

MedianComparison compare_medians(std::span<const double> a, std::span<const double> b, double confidence) {
  if (a.size() != b.size()) throw Error("compare_medians: the samples are not in pairs.");
  std::vector<double> first, second, difference, ratio;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) continue;
    first.push_back(a[i]);
    second.push_back(b[i]);
    difference.push_back(a[i] - b[i]);
    if (a[i] > 0.0 && b[i] > 0.0) ratio.push_back(a[i] / b[i]);
  }
  MedianComparison found;
  found.n = static_cast<std::int64_t>(difference.size());
  found.first = median(std::move(first));
  found.second = median(std::move(second));
  found.difference_interval = median_interval(difference, confidence);
  if (ratio.size() == difference.size()) {
    found.ratio_interval = median_interval(ratio, confidence);
    found.ratio = median(std::move(ratio));
  }
  found.difference = median(std::move(difference));
  return found;
}

}  // namespace landscape
