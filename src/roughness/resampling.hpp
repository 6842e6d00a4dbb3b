// What the one-sample interval and the paired comparison share: positions drawn, order statistics, critical levels.
#pragma once

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdint>
#include <span>

#include "landscape/random/philox.hpp"

namespace landscape::detail {

/// A standard error counts as at least a quarter of what it is measured against: the sample's of the resamples' spread,
/// a resample's of the sample's. It matters where the influence values nearly vanish, as for two-valued T.
inline double with_floor(double error, double against) { return error > 0.25 * against ? error : 0.25 * against; }

/// Positions of one resample of n values; see resampled_position().
inline void draw_positions(std::uint64_t seed, std::uint64_t resample, std::span<std::uint32_t> positions) {
  const std::uint64_t n = positions.size();
  const std::uint64_t stream = subsequence(RandomUse::bootstrap, resample);
  for (std::size_t draw = 0; draw < positions.size(); draw += 4) {
    const auto words = philox_words(seed, stream, draw / 4);
    const std::size_t here = std::min<std::size_t>(4, positions.size() - draw);
    for (std::size_t w = 0; w < here; ++w) positions[draw + w] = static_cast<std::uint32_t>((words[w] * n) >> 32);
  }
}

/// Quantile at level p of ascending values: rank p (B + 1), linear between ranks, the ends beyond them. Where a
/// neighbour is infinite there is nothing to interpolate and it stands for both.
inline double quantile_of_sorted(std::span<const double> sorted, double p) {
  const auto n = static_cast<double>(sorted.size());
  const double rank = p * (n + 1.0) - 1.0;
  if (!(rank > 0.0)) return sorted.front();
  if (!(rank < n - 1.0)) return sorted.back();
  const auto below = static_cast<std::size_t>(rank);
  const double share = rank - static_cast<double>(below);
  const double a = sorted[below], b = sorted[below + 1];
  if (share == 0.0 || a == b) return a;
  if (!std::isfinite(a)) return a;
  if (!std::isfinite(b)) return b;
  return a + share * (b - a);
}

/// Standard deviation as the quartiles of ascending values tell it (exact for normal ones); infinite quartiles give
/// infinity.
inline double spread_of_sorted(std::span<const double> sorted) {
  constexpr double kQuartilesApart = 1.3489795003921634;  // of a standard normal
  const double first = quantile_of_sorted(sorted, 0.25), third = quantile_of_sorted(sorted, 0.75);
  return first == third ? 0.0 : (third - first) / kQuartilesApart;
}

/// Rounds to 40 binary places: quantile functions come from the C library, whose last digits differ between machines.
inline double settled(double x) { return std::nearbyint(x * 0x1p40) * 0x1p-40; }

inline double normal_quantile(double p) { return boost::math::quantile(boost::math::normal(), p); }
inline double normal_cdf(double z) { return boost::math::cdf(boost::math::normal(), z); }

}  // namespace landscape::detail
