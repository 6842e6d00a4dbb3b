// The index of a resample and its standard error from four sums, shared by the interval and the comparisons.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "moments.hpp"
#include "resamples.hpp"

namespace landscape::detail {

/// The standardised sample: z_i = (T_i - m) / std(ddof 0) has mean 0 and mean square 1.
struct Standardised {
  std::vector<double> z;
  double plug_in;  // c0, the index of the empirical distribution
  double index;    // c1 = RI

  explicit Standardised(std::span<const double> values) {
    const Moments all = moments_of(values);
    const double deviation = all.standard_deviation(0.0);
    plug_in = deviation / all.mean;
    index = all.standard_deviation(1.0) / all.mean;
    z.reserve(values.size());
    for (const double x : values) z.push_back(deviation > 0.0 ? (x - all.mean) / deviation : 0.0);
  }
  /// z, z^2, z^3, z^4.
  Columns powers() const {
    return {z.size(), 4, [this](std::size_t first, std::size_t count, double* columns) {
              for (std::size_t i = 0; i < count; ++i) {
                const double x = z[first + i], square = x * x;
                columns[i] = x;
                columns[kChunk + i] = square;
                columns[2 * kChunk + i] = square * x;
                columns[3 * kChunk + i] = square * square;
              }
            }};
  }
};

/// Of a resample.
struct IndexStatistic {
  double plug_in = 0.0, index = 0.0;  // with ddof 0 and 1; 0 where the values are equal
  double log_error = 0.0;             // standard error of the logarithm
};

/// Central moments from raw ones; then se^2 = ((kurtosis - 1)/4 - c skewness + c^2)/n. plug_in: of the sample that was
/// standardised.
inline IndexStatistic index_statistic(const Sums& sums, double plug_in) {
  const double n = sums.n, d = sums.mean(0), a = sums.mean(1), b = sums.mean(2), c = sums.mean(3);
  const double variance = a - d * d;
  if (!(variance > 1e-12 * a)) return {};  // the difference is rounding: equal values
  const double third = b - 3.0 * a * d + 2.0 * d * d * d;
  const double fourth = c - 4.0 * b * d + 6.0 * a * d * d - 3.0 * d * d * d * d;
  const double deviation = std::sqrt(variance);
  const double relative_mean = 1.0 + plug_in * d;  // mean of the values over mean of the sample
  const double c0 = plug_in * deviation / relative_mean;
  const double skewness = third / (variance * deviation), kurtosis = fourth / (variance * variance);
  const double influence = (kurtosis - 1.0) / 4.0 - c0 * skewness + c0 * c0;
  return {c0, c0 * std::sqrt(n / (n - 1.0)), influence > 0.0 ? std::sqrt(influence / n) : 0.0};
}

}  // namespace landscape::detail
