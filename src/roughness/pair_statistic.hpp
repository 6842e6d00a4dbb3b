// Both statistics of a comparison at one resample - the log ratio and the difference of two indices - and their errors.
// With u the standardised T of the first loss, y that of the second and v = y - u, the influences on the log indices
// are quadratic in z* = (u - mean*)/std*:
//
//   a = (z*^2 - 1)/2 - c* z* = a_2 u^2 + a_1 u + a_0,      b the same of y = u + v,
//
// so a - b is linear in (u^2, u, 1, u v, v^2, v), and its mean square is a quadratic form of the means of their
// products. With v instead of y nothing cancels where the losses are nearly proportional.
#pragma once

#include <array>
#include <cmath>

#include "index_statistic.hpp"
#include "landscape/math/elementary.hpp"
#include "resamples.hpp"

namespace landscape::detail {

/// Plug-in indices (the factor sqrt(n/(n-1)) cancels or is put on at the end).
struct PairStatistic {
  double log_ratio = 0.0, log_ratio_error = 0.0;
  double difference = 0.0, difference_error = 0.0;
  bool has_ratio = false;

  PairStatistic(double first, double second) : difference(first - second), has_ratio(first > 0.0 && second > 0.0) {
    if (has_ratio) log_ratio = math::log(first / second);
  }
};

/// u, u^2, u^3, u^4, v, v^2, v^3, v^4, u v, u^2 v, u^3 v, u v^2, u^2 v^2, u v^3; of equally many values.
inline Columns pair_products(const Standardised& first, const Standardised& second) {
  return {first.z.size(), 14, [&](std::size_t begin, std::size_t count, double* columns) {
            const auto column = [&](std::size_t k, auto&& number) {
              double* const to = columns + k * kChunk;
              for (std::size_t i = 0; i < count; ++i) to[i] = number(i);
            };
            const double *const u = columns, *const uu = u + kChunk;
            const double *const v = u + 4 * kChunk, *const vv = u + 5 * kChunk, *const uv = u + 8 * kChunk;
            column(0, [&](std::size_t i) { return first.z[begin + i]; });
            column(4, [&](std::size_t i) { return second.z[begin + i] - u[i]; });
            column(1, [&](std::size_t i) { return u[i] * u[i]; });
            column(5, [&](std::size_t i) { return v[i] * v[i]; });
            column(8, [&](std::size_t i) { return u[i] * v[i]; });
            column(2, [&](std::size_t i) { return uu[i] * u[i]; });
            column(3, [&](std::size_t i) { return uu[i] * uu[i]; });
            column(6, [&](std::size_t i) { return vv[i] * v[i]; });
            column(7, [&](std::size_t i) { return vv[i] * vv[i]; });
            column(9, [&](std::size_t i) { return u[i] * uv[i]; });
            column(10, [&](std::size_t i) { return uu[i] * uv[i]; });
            column(11, [&](std::size_t i) { return v[i] * uv[i]; });
            column(12, [&](std::size_t i) { return uv[i] * uv[i]; });
            column(13, [&](std::size_t i) { return uv[i] * vv[i]; });
          }};
}

/// From the means of pair_products(). first, second: indices of the samples that were standardised.
class PairMoments {
 public:
  PairMoments(const Sums& sums, double first, double second) : n_(sums.n) {
    const auto m = [&](std::size_t k) { return sums.mean(k); };
    const double u1 = m(0), u2 = m(1), u3 = m(2), u4 = m(3), v1 = m(4), v2 = m(5), v3 = m(6), v4 = m(7);
    const double uv = m(8), u2v = m(9), u3v = m(10), uv2 = m(11), u2v2 = m(12), uv3 = m(13);
    products_ = {{{u4, u3, u2, u3v, u2v2, u2v},
                  {u3, u2, u1, u2v, uv2, uv},
                  {u2, u1, 1.0, uv, v2, v1},
                  {u3v, u2v, uv, u2v2, uv3, uv2},
                  {u2v2, uv2, v2, uv3, v4, v3},
                  {u2v, uv, v1, uv2, v3, v2}}};
    const Quadratic a = influence(u1, u2, first, first_), b = influence(u1 + v1, u2 + 2.0 * uv + v2, second, second_);
    of_first_ = {a.second, a.first, a.constant, 0.0, 0.0, 0.0};
    of_second_ = {b.second, b.first, b.constant, 2.0 * b.second, b.second, b.first};
  }

  PairStatistic statistic() const {
    PairStatistic s(first_, second_);
    s.log_ratio_error = error(1.0, 1.0);
    s.difference_error = error(first_, second_);
    return s;
  }

 private:
  using Vector = std::array<double, 6>;
  struct Quadratic {
    double second = 0.0, first = 0.0, constant = 0.0;
  };

  /// Of a standardised loss with these means of x and x^2; sets its index. Without influence where values are equal.
  static Quadratic influence(double mean, double square, double of_sample, double& index) {
    const double variance = square - mean * mean;
    index = 0.0;
    if (!(variance > 1e-12 * square)) return {};
    const double deviation = std::sqrt(variance);
    index = of_sample * deviation / (1.0 + of_sample * mean);
    const double second = 0.5 / variance, slope = index / deviation;
    return {second, -2.0 * second * mean - slope, second * mean * mean + slope * mean - 0.5};
  }

  double mean_square(const Vector& x) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < 6; ++i) {
      for (std::size_t j = 0; j < 6; ++j) sum += x[i] * products_[i][j] * x[j];
    }
    return sum;
  }

  /// Of p times the first influence minus q times the second. Proportional T have equal influences up to rounding: no
  /// error at all.
  double error(double p, double q) const {
    Vector apart;
    for (std::size_t i = 0; i < 6; ++i) apart[i] = p * of_first_[i] - q * of_second_[i];
    const double square = mean_square(apart), scale = p * p * mean_square(of_first_) + q * q * mean_square(of_second_);
    return square > 1e-24 * scale ? std::sqrt(square / n_) : 0.0;
  }

  double n_, first_ = 0.0, second_ = 0.0;
  std::array<Vector, 6> products_;
  Vector of_first_, of_second_;
};

}  // namespace landscape::detail
