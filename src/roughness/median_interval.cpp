// Order statistics and the binomial distribution.
#include "landscape/roughness/median_interval.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>

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

}  // namespace landscape
