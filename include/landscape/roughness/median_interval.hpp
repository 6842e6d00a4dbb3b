// The interval of a median from order statistics: of n independent values of any continuous distribution, the k-th
// lowest and the k-th highest enclose the median with probability 1 - 2 P(B < k), B binomial (n, 1/2). k is the largest
// for which that is no less than the confidence (Conover, Practical Nonparametric Statistics, 1999, section 3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace landscape {

struct MedianInterval {
  double lower = 0.0, upper = 0.0;
  double coverage = 0.0;  // exact, at least the confidence asked for
};

/// Nothing where there are too few values for the confidence (5 or fewer for 95 %). Values are finite.
std::optional<MedianInterval> median_interval(std::vector<double> values, double confidence);

/// Two samples in pairs (a_i, b_i): whether one tends to be larger is the sign test on a_i - b_i, whatever their scale.
struct MedianComparison {
  std::int64_t n = 0;                   // pairs of finite numbers; the medians are over these
  std::optional<double> first, second;  // of a, of b
  std::optional<double> difference;     // of a_i - b_i
  std::optional<MedianInterval> difference_interval;
  std::optional<double> ratio;  // of a_i / b_i, where all are positive
  std::optional<MedianInterval> ratio_interval;

  /// 1 or -1 where the difference's interval is above or below zero, else 0.
  int larger() const;
};
/// Throws Error where shapes differ.
MedianComparison compare_medians(std::span<const double> a, std::span<const double> b, double confidence);

}  // namespace landscape
