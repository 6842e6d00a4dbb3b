// The interval of a median from order statistics: of n independent values of any continuous distribution, the k-th
// lowest and the k-th highest enclose the median with probability 1 - 2 P(B < k), B binomial (n, 1/2). k is the largest
// for which that is no less than the confidence (Conover, Practical Nonparametric Statistics, 1999, section 3.2).
#pragma once

#include <optional>
#include <vector>

namespace landscape {

struct MedianInterval {
  double lower = 0.0, upper = 0.0;
  double coverage = 0.0;  // exact, at least the confidence asked for
};

/// Nothing where there are too few values for the confidence (5 or fewer for 95 %). Values are finite.
std::optional<MedianInterval> median_interval(std::vector<double> values, double confidence);

}  // namespace landscape
