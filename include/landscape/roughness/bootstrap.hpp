// How far the roughness index of another set of M directions may lie: a confidence interval by the bootstrap.
//
// Notation: T_1..T_n usable values, m their mean, c0 = std(ddof 0)/m the index of the empirical distribution, c1 = RI
// (ddof 1), z_i = (T_i - m)/std(ddof 0). The influence of direction i on log RI is (z_i^2 - 1)/2 - c0 z_i, so
//
//   se^2 = sum_i influence_i^2 / n^2 = ( (kurtosis - 1)/4 - c0 skewness + c0^2 ) / n.
//
// Method `studentised` (Hall 1988; Efron & Tibshirani, An Introduction to the Bootstrap, ch. 12): over resamples *,
//
//   t* = log(c1*/c0) / se*,      interval = RI exp(-w t_quantile se),
//
// on the log scale, because RI > 0 and its error is relative. Three details were chosen by measured coverage, whose
// table stands in tests/roughness/coverage_simulation.cpp:
//
// 1. t* is centred at c0, the true index of the world resampled from, although the estimate is c1. For two-valued T,
//    whose se may nearly vanish, this alone lifts the coverage from 70-80 to above 90 %.
// 2. se counts as at least a quarter of the spread of log c1* (by its quartiles), se* as at least a quarter of se.
//    Otherwise resamples whose influence values happen to vanish would decide the tails alone.
// 3. w = t-quantile(nu)/normal quantile >= 1 with nu = max(10, (sum z^2)^2 / sum z^4), because se rests on the
//    kurtosis, which is known no better than by the number of directions that carry the variance.
//
// Method `bca` (Efron 1987): percentiles of c1*, bias-corrected and accelerated by the jackknife. At M = 100 and
// nominal 95 % it covers 92-95 % for normal and valley-shaped T, 87-91 % for skewed ones; fewer directions harm it
// more.
//
// Method `percentile`: percentiles of c1* as they are; the plainest, and for skewed T the one that covers least.
//
// Method `automatic`: studentised. Where that leaves the index unbounded above (more than (1 - confidence)/2 of the
// resamples hold equal T only, or the bound exceeds a hundredfold RI), the upper bound is BCa's and `upper_method` says
// so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/roughness/resampled.hpp"

namespace landscape {

enum class IntervalMethod : std::uint8_t { automatic = 0, studentised = 1, bca = 2, percentile = 3 };
std::string to_string(IntervalMethod method);
IntervalMethod parse_interval_method(std::string_view text, std::string_view option = "--interval");

struct BootstrapOptions {
  std::uint64_t seed = 1;
  std::int64_t resamples = 2000;
  double confidence = 0.95;  // in (0, 1)
  IntervalMethod method = IntervalMethod::automatic;
  int threads = 1;  // at most; no bit depends on them
};

/// Throws UsageError (--bootstrap, --confidence) unless 0 < confidence < 1 and resamples >= 2/(1 - confidence).
void validate(const BootstrapOptions& options);

struct IndexInterval {
  double lower, upper;  // dimensionless; upper is +infinity where `studentised` was asked for and finds no bound
  double confidence;
  IntervalMethod lower_method, upper_method;  // not automatic
  std::int64_t resamples;
  std::int64_t n_collapsed;  // resamples with equal T only: they know no spread
  double n_effective;        // (sum z^2)^2 / sum z^4 = n / kurtosis: directions that carry the variance
  bool rests_on_few;         // n_effective < 10 or n / n_effective > 5 (heavy tails): the interval may be too short
};

/// The bounds of an interval, unit of what it is about.
struct TwoSided {
  double lower, upper;
};

/// Fewest usable directions for an interval.
inline constexpr std::int64_t kFewestForInterval = 5;

/// Interval of RI from the usable values (n), all positive and finite. Absent for n < kFewestForInterval. If all values
/// are equal, the interval is [0, 0]: it cannot know of values that it never saw. Throws UsageError like `validate`.
std::optional<IndexInterval> index_interval(std::span<const double> values, const BootstrapOptions& options = {});

/// Intervals of the first counts[i] values, counts ascending, the last one all values: one pass over the resamples for
/// all counts from kManyValues on. The last interval has the bits of index_interval(), others of these agree to
/// rounding.
std::vector<std::optional<IndexInterval>> index_intervals(std::span<const double> values,
                                                          std::span<const std::size_t> counts,
                                                          const BootstrapOptions& options = {});

}  // namespace landscape
