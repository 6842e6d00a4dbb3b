// Counter-based standard normal numbers in double precision. Four Philox4x32-10 words give one Box-Muller pair with
// cuRAND's conventions (curand_normal2_double):
//   x = r0 ^ (r1 << 21), y = r2 ^ (r3 << 21);  u = x 2^-53 + 2^-54, v = y 2^-52 + 2^-53;  (sin pi v, cos pi v) sqrt(-2
//   ln u).
#pragma once

#include <cmath>
#include <cstdint>

#include "landscape/math/config.hpp"
#include "landscape/math/elementary.hpp"

LANDSCAPE_MATH_BEGIN

struct NormalPair {
  double first, second;
};

LANDSCAPE_INLINE NormalPair normal_pair(std::uint32_t r0, std::uint32_t r1, std::uint32_t r2, std::uint32_t r3) {
  const std::uint64_t x = static_cast<std::uint64_t>(r0) ^ (static_cast<std::uint64_t>(r1) << 21);
  const std::uint64_t y = static_cast<std::uint64_t>(r2) ^ (static_cast<std::uint64_t>(r3) << 21);
  const double u = fma(static_cast<double>(x), 0x1p-53, 0x1p-54);
  const double v = fma(static_cast<double>(y), 0x1p-52, 0x1p-53);
  const double radius = ::sqrt(-2.0 * log(u));
  double sine, cosine;
  sincospi(v, sine, cosine);
  return {radius * sine, radius * cosine};
}

/// A uniform number in (0, 1) from two words, 53 bits.
LANDSCAPE_INLINE double uniform_open(std::uint32_t r0, std::uint32_t r1) {
  const std::uint64_t x = ((static_cast<std::uint64_t>(r0) << 32) | r1) >> 12;
  return fma(static_cast<double>(x), 0x1p-52, 0x1p-53);
}

LANDSCAPE_MATH_END
