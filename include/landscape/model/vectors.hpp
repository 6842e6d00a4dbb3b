// Numbers of vectors, summed in index order: the same bits everywhere.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace landscape {

/// Of vectors of one length.
inline double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// |v|_2
inline double norm_of(std::span<const double> v) { return std::sqrt(dot(v, v)); }

/// All of them.
inline bool is_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double x) { return std::isfinite(x); });
}

}  // namespace landscape
