// Sums over usable directions, shared by the files of this room. Values are shifted by the first one before they are
// summed, so that equal values have exactly their own mean and exactly no spread.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace landscape::detail {

struct Moments {
  double n = 0.0;
  double mean = 0.0;
  double sum_squares = 0.0;  // sum (x - mean)^2
  double standard_deviation(double ddof) const { return std::sqrt(sum_squares / (n - ddof)); }
};

inline Moments moments_of(std::span<const double> values) {
  Moments result;
  result.n = static_cast<double>(values.size());
  if (values.empty()) return result;
  const double origin = values[0];
  double shift = 0.0;
  for (const double x : values) shift += x - origin;
  result.mean = origin + shift / result.n;
  for (const double x : values) {
    const double d = x - result.mean;
    result.sum_squares += d * d;
  }
  return result;
}

/// sum (x - mean x)(y - mean y)
inline double sum_of_products(std::span<const double> x, const Moments& mx, std::span<const double> y,
                              const Moments& my) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - mx.mean) * (y[i] - my.mean);
  return sum;
}

/// RI without value i, ddof = 1, from the sums over all n >= 3 values: mean_(i) = mean - d/(n-1), sum_squares_(i) =
/// sum_squares
/// - d^2 n/(n-1) with d = x_i - mean. What is left below the rounding of the difference is no spread.
inline double index_without(const Moments& all, double x) {
  const double d = x - all.mean;
  const double mean = all.mean - d / (all.n - 1.0);
  const double left = all.sum_squares - d * d * (all.n / (all.n - 1.0));
  if (!(left > 1e-15 * all.n * all.sum_squares)) return 0.0;
  return std::sqrt(left / (all.n - 2.0)) / mean;
}

}  // namespace landscape::detail
