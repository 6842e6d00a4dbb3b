// What the files of this room ask of vectors.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace landscape::detail {

inline double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

inline double norm_of(std::span<const double> v) { return std::sqrt(dot(v, v)); }

inline bool is_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double x) { return std::isfinite(x); });
}

}  // namespace landscape::detail
