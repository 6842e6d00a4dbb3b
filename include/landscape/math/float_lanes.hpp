// Eight floats that travel together: what lanes.hpp is for double, for the opt-in evaluation in single precision. Every
// operation is the IEEE operation on each lane and the count is fixed, so the bits do not depend on the instruction
// set.
#pragma once

#include <cstdint>

#include "landscape/math/config.hpp"
#include "landscape/math/elementary.hpp"
#if defined(__FMA__)
#include <immintrin.h>
#endif

LANDSCAPE_MATH_BEGIN

LANDSCAPE_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

struct FloatLanes {
  static constexpr int kCount = 8;
  using Scalar = float;
  typedef float Vector __attribute__((vector_size(32), may_alias));
  typedef std::uint32_t Bits __attribute__((vector_size(32)));
  Vector v;

  FloatLanes() = default;
  LANDSCAPE_INLINE FloatLanes(Vector x) : v(x) {}                                 // NOLINT: a vector is its lanes
  LANDSCAPE_INLINE FloatLanes(float x) : v(Vector{} + x) {}                       // NOLINT: broadcast
  LANDSCAPE_INLINE FloatLanes(double x) : v(Vector{} + static_cast<float>(x)) {}  // NOLINT: constants of formulas

  LANDSCAPE_INLINE friend FloatLanes operator+(FloatLanes a, FloatLanes b) { return a.v + b.v; }
  LANDSCAPE_INLINE friend FloatLanes operator-(FloatLanes a, FloatLanes b) { return a.v - b.v; }
  LANDSCAPE_INLINE friend FloatLanes operator*(FloatLanes a, FloatLanes b) { return a.v * b.v; }
  LANDSCAPE_INLINE friend FloatLanes operator/(FloatLanes a, FloatLanes b) { return a.v / b.v; }
  LANDSCAPE_INLINE friend FloatLanes operator-(FloatLanes a) { return -a.v; }
};

#if !defined(__FMA__)
/// Each lane is a call of the C library, and the loop is better out of line.
__attribute__((noinline)) inline FloatLanes fma_each(const FloatLanes& a, const FloatLanes& b, const FloatLanes& c) {
  FloatLanes r;
  for (int i = 0; i < FloatLanes::kCount; ++i) r.v[i] = __builtin_fmaf(a.v[i], b.v[i], c.v[i]);
  return r;
}
#endif

LANDSCAPE_INLINE FloatLanes fma(FloatLanes a, FloatLanes b, FloatLanes c) {
#if defined(__FMA__)
  return FloatLanes(_mm256_fmadd_ps(a.v, b.v, c.v));
#else
  return fma_each(a, b, c);
#endif
}

LANDSCAPE_INLINE FloatLanes::Bits to_bits(FloatLanes x) { return reinterpret_cast<FloatLanes::Bits>(x.v); }
LANDSCAPE_INLINE FloatLanes float_lanes_from_bits(FloatLanes::Bits bits) {
  return FloatLanes(reinterpret_cast<FloatLanes::Vector>(bits));
}
LANDSCAPE_INLINE FloatLanes abs(FloatLanes x) { return float_lanes_from_bits(to_bits(x) & 0x7fffffffU); }
LANDSCAPE_INLINE FloatLanes copy_sign(FloatLanes magnitude, FloatLanes sign) {
  return float_lanes_from_bits((to_bits(magnitude) & 0x7fffffffU) | (to_bits(sign) & 0x80000000U));
}
LANDSCAPE_INLINE FloatLanes pick_if_negative(FloatLanes x, FloatLanes a, FloatLanes b) {
  return FloatLanes(x.v < FloatLanes(0.0F).v ? a.v : b.v);
}

inline constexpr float kFloatRoundingMagic = 12582912.0F;  // 1.5 * 2^23

/// exp(x) for x in [-87, 88]; outside the result is that of the nearest bound. x = k ln 2 + r, Taylor to degree 7 on
/// |r| <= ln(2)/2 (truncated below 1e-9).
LANDSCAPE_INLINE FloatLanes exp(FloatLanes x) {
  const FloatLanes low(-87.0F), high(88.0F);
  const FloatLanes above(x.v < low.v ? low.v : x.v);
  const FloatLanes clamped(above.v > high.v ? high.v : above.v);
  const FloatLanes t = fma(clamped, FloatLanes(1.44269504F), FloatLanes(kFloatRoundingMagic));
  const FloatLanes k = t - FloatLanes(kFloatRoundingMagic);
  FloatLanes r = fma(k, FloatLanes(-0.693359375F), clamped);
  r = fma(k, FloatLanes(2.12194440e-4F), r);
  FloatLanes q = FloatLanes(1.0F / 5040.0F);
  q = fma(q, r, FloatLanes(1.0F / 720.0F));
  q = fma(q, r, FloatLanes(1.0F / 120.0F));
  q = fma(q, r, FloatLanes(1.0F / 24.0F));
  q = fma(q, r, FloatLanes(1.0F / 6.0F));
  q = fma(q, r, FloatLanes(0.5F));
  const FloatLanes p = FloatLanes(1.0F) + fma(r * r, q, r);
  return float_lanes_from_bits(to_bits(p) + (to_bits(t) << 23));
}

/// sin and cos together, reduced by pi/2 in three parts; full accuracy for |x| below about 1e4.
LANDSCAPE_INLINE void sincos(FloatLanes x, FloatLanes& sine, FloatLanes& cosine) {
  const FloatLanes t = fma(x, FloatLanes(0.636619772F), FloatLanes(kFloatRoundingMagic));
  const FloatLanes k = t - FloatLanes(kFloatRoundingMagic);
  FloatLanes r = fma(k, FloatLanes(-1.57079637F), x);
  r = fma(k, FloatLanes(4.37113883e-8F), r);
  r = fma(k, FloatLanes(1.71512451e-15F), r);
  const FloatLanes z = r * r;
  FloatLanes s = FloatLanes(2.75573192e-6F);
  s = fma(s, z, FloatLanes(-1.98412698e-4F));
  s = fma(s, z, FloatLanes(8.33333333e-3F));
  s = fma(s, z, FloatLanes(-0.166666667F));
  s = fma(s * z, r, r);
  FloatLanes c = FloatLanes(-2.75573192e-7F);
  c = fma(c, z, FloatLanes(2.48015873e-5F));
  c = fma(c, z, FloatLanes(-1.38888889e-3F));
  c = fma(c, z, FloatLanes(4.16666667e-2F));
  c = fma(c * z, z, fma(z, FloatLanes(-0.5F), FloatLanes(1.0F)));
  const auto odd = (to_bits(t) & 1U) != 0;
  const FloatLanes picked_s(odd ? c.v : s.v), picked_c(odd ? s.v : c.v);
  sine = float_lanes_from_bits(to_bits(picked_s) ^ (((to_bits(t) >> 1) & 1U) << 31));
  const auto next = to_bits(t) + 1U;  // cos changes sign where bit 1 of k + 1 is set
  cosine = float_lanes_from_bits(to_bits(picked_c) ^ (((next >> 1) & 1U) << 31));
}

LANDSCAPE_MATH_END
