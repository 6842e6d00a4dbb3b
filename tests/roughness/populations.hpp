// Populations of T with a known index, for measuring what the intervals are worth. Each is a monotone function of a
// standard normal score z, so that two of them can be drawn with any dependence. |I| = 1 throughout: the index does not
// see the unit.
//
// `valley(c)` is the one that loss landscapes near a minimizer make: a parabola whose lowest point lies a share a =
// min(1, |c z|) of the half interval off the centre has |I| T = 1 + ((1 - a)/(1 + a))^2, piled up at 2 for small c and
// with a mass at the bound 1 (monotone profiles) for large c.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "landscape/random/philox.hpp"

namespace landscape::populations {

struct Population {
  std::string name;
  std::function<double(double)> value;  // of the normal score
  double index = 0.0;                   // std/mean of the population
};

/// What a failing test shows.
inline void PrintTo(const Population& population, std::ostream* out) { *out << population.name; }

inline double cdf(double z) { return boost::math::cdf(boost::math::normal(), z); }
inline double score(double p) { return boost::math::quantile(boost::math::normal(), p); }

/// std/mean by the midpoint rule over 10^5 equally probable cells.
inline double population_index(const std::function<double(double)>& value) {
  constexpr int kCells = 100000;
  static const std::vector<double> scores = [] {
    std::vector<double> z(kCells);
    for (int i = 0; i < kCells; ++i) z[static_cast<std::size_t>(i)] = score((i + 0.5) / kCells);
    return z;
  }();
  double mean = 0.0, squares = 0.0;
  for (const double z : scores) mean += value(z) / kCells;
  for (const double z : scores) squares += (value(z) - mean) * (value(z) - mean) / kCells;
  return std::sqrt(squares) / mean;
}

inline Population make(std::string name, std::function<double(double)> value) {
  const double index = population_index(value);
  return {std::move(name), std::move(value), index};
}

inline Population normal(double c) {
  return make("normal, index " + fmt::format("{:.3g}", c), [c](double z) { return 1.0 + c * z; });
}
inline Population valley(double c) {
  return make("valley, c = " + fmt::format("{:.3g}", c), [c](double z) {
    const double a = std::min(1.0, std::fabs(c * z));
    const double r = (1.0 - a) / (1.0 + a);
    return 1.0 + r * r;
  });
}
inline Population lognormal(double sigma) {
  return make("lognormal, sigma " + fmt::format("{:g}", sigma), [sigma](double z) { return std::exp(sigma * z); });
}
/// The lognormal family's index is sqrt(exp(sigma^2) - 1).
inline Population lognormal_of_index(double index) {
  const double sigma = std::sqrt(std::log1p(index * index));
  return make(fmt::format("lognormal, sigma {:.3g}", sigma), [sigma](double z) { return std::exp(sigma * z); });
}
inline Population exponential(double from) {
  return make(from > 0.0 ? "1 + exponential" : "exponential", [from](double z) { return from - std::log(cdf(-z)); });
}
/// 2 with probability p, else 1.
inline Population two_point(double p) {
  const double border = -score(p);
  return make("two-point, p = " + fmt::format("{:g}", p), [border](double z) { return z > border ? 2.0 : 1.0; });
}
/// At the bound 1 with probability p, else evenly spread over (1, 2).
inline Population bound_and_even(double p) {
  return make("bound " + fmt::format("{:g}", p) + ", else even", [p](double z) {
    const double u = cdf(z);
    return u < p ? 1.0 : 1.0 + (u - p) / (1.0 - p);
  });
}
inline Population bound_and_exponential(double p) {
  return make("bound " + fmt::format("{:g}", p) + ", else expon.", [p](double z) {
    const double u = cdf(z);
    return u < p ? 1.0 : 1.0 - 0.3 * std::log((1.0 - u) / (1.0 - p));
  });
}

/// Normal scores with correlation rho between the losses; a pure function of (seed, population, direction). Populations
/// own the subsequences of `points`, which no bootstrap uses.
struct ScorePair {
  double first, second;
};
inline ScorePair scores(std::uint64_t seed, std::uint64_t population, std::uint64_t direction, double rho) {
  const auto z = philox_normal_pair(seed, subsequence(RandomUse::points, population), direction);
  return {z.first, rho * z.first + std::sqrt(1.0 - rho * rho) * z.second};
}

}  // namespace landscape::populations
