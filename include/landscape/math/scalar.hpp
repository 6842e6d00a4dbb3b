// The few bit-level operations that the elementary functions need, for double. lanes.hpp provides the same set for SIMD
// lanes and dual.hpp builds on either, so that one text of every formula serves them all. An fma is one rounding
// wherever it runs, which is what keeps the bits equal between instruction sets.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "landscape/math/config.hpp"

LANDSCAPE_MATH_BEGIN

LANDSCAPE_INLINE double fma(double a, double b, double c) {
#if defined(__CUDA_ARCH__)
  return ::fma(a, b, c);
#else
  return __builtin_fma(a, b, c);
#endif
}

LANDSCAPE_INLINE std::uint64_t to_bits(double x) {
#if defined(__CUDA_ARCH__)
  return static_cast<std::uint64_t>(__double_as_longlong(x));
#else
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
#endif
}

LANDSCAPE_INLINE double from_bits(std::uint64_t bits) {
#if defined(__CUDA_ARCH__)
  return __longlong_as_double(static_cast<long long>(bits));
#else
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
#endif
}

/// p * 2^n, where n stands in the low bits of t = x + 1.5 * 2^52. p and the result must be normal.
LANDSCAPE_INLINE double scale_by_exponent(double p, double t) { return from_bits(to_bits(p) + (to_bits(t) << 52)); }

/// a where bit `kBit` of t is set, b elsewhere.
template <int kBit>
LANDSCAPE_INLINE double pick_by_bit(double t, double a, double b) {
  return ((to_bits(t) >> kBit) & 1U) != 0 ? a : b;
}

/// v with its sign flipped where bit `kBit` of t is set.
template <int kBit>
LANDSCAPE_INLINE double negate_by_bit(double t, double v) {
  return from_bits(to_bits(v) ^ (((to_bits(t) >> kBit) & 1U) << 63));
}

LANDSCAPE_INLINE double abs(double x) { return from_bits(to_bits(x) & 0x7fffffffffffffffULL); }

LANDSCAPE_INLINE double square_root(double x) { return ::sqrt(x); }

/// |magnitude| with the sign of `sign`.
LANDSCAPE_INLINE double copy_sign(double magnitude, double sign) {
  return from_bits((to_bits(magnitude) & 0x7fffffffffffffffULL) | (to_bits(sign) & 0x8000000000000000ULL));
}

/// x limited to [low, high]; a NaN stays a NaN.
LANDSCAPE_INLINE double clamp(double x, double low, double high) {
#if defined(__CUDA_ARCH__)
  // The same by integer comparison of the high word, which leaves the double-precision pipe to the arithmetic.
  if (low == -high && __double2loint(high) == 0) {
    const int word = __double2hiint(x);
    const int limit = __double2hiint(high);
    const bool beyond = static_cast<unsigned>((word & 0x7fffffff) - limit) <= static_cast<unsigned>(0x7ff00000 - limit);
    return beyond ? __hiloint2double((word & static_cast<int>(0x80000000)) | limit, 0) : x;
  }
#endif
  const double y = x < low ? low : x;
  return y > high ? high : y;
}

/// 1 / x for x in [1, 2^1023]. The GPU's approximation and two Newton steps round as a division does, up to one case in
/// 2^20 or so.
LANDSCAPE_INLINE double reciprocal(double x) {
#if defined(__CUDA_ARCH__)
  double y;
  asm("rcp.approx.ftz.f64 %0, %1;" : "=d"(y) : "d"(x));
  y = fma(y, fma(-x, y, 1.0), y);
  return fma(y, fma(-x, y, 1.0), y);
#else
  return 1.0 / x;
#endif
}
/// The same for lanes and duals.
template <class T>
LANDSCAPE_INLINE T reciprocal(T x) {
  return T(1.0) / x;
}

/// a where x < 0, b elsewhere (also for NaN).
LANDSCAPE_INLINE double pick_if_negative(double x, double a, double b) { return x < 0.0 ? a : b; }

LANDSCAPE_MATH_END
