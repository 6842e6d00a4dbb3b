// exp, log, log1p on [0,1], sin and cos from fma, multiplication and exponent arithmetic alone. The library's versions
// differ between C libraries, processors and GPUs; these give the same bits wherever an fma is one rounding. Errors
// below 2 ulp on the ranges stated (tests/math measures them against long double).
#pragma once

#include "landscape/math/config.hpp"
#include "landscape/math/scalar.hpp"

LANDSCAPE_MATH_BEGIN

inline constexpr double kRoundingMagic =
    6755399441055744.0;  // 1.5 * 2^52: adding it leaves the nearest integer in the low bits
inline constexpr double kPi = 3.141592653589793238462643383279502884;

/// exp(x) for x in [-708, 708]; outside the result is that of the nearest bound. Cost: about 18 fused operations.
/// x = k ln 2 + r, |r| <= ln(2)/2; exp(r) = 1 + r + r^2 q(r) with a degree-9 near-minimax q (1.1 ulp over all).
template <class T>
LANDSCAPE_INLINE T exp(T x) {
  const T clamped = clamp(x, -708.0, 708.0);
  const T t = fma(clamped, 1.4426950408889634, kRoundingMagic);
  const T k = t - T(kRoundingMagic);
  T r = fma(k, -6.93147180369123816490e-01, clamped);
  r = fma(k, -1.90821492927058770002e-10, r);
  const T r2 = r * r;
  const T r4 = r2 * r2;
  const T r8 = r4 * r4;
  const T q23 = fma(r, 0.16666666666666669, 0.5000000000000001);
  const T q45 = fma(r, 0.008333333333330051, 0.04166666666662399);
  const T q67 = fma(r, 0.00019841269863105968, 0.0013888888917281794);
  const T q89 = fma(r, 2.7557268378684192e-06, 2.480152119021773e-05);
  const T qab = fma(r, 2.5100424157005067e-08, 2.7620138719733994e-07);
  const T low = fma(q45, r2, q23);
  const T high = fma(q89, r2, q67);
  const T q = fma(qab, r8, fma(high, r4, low));
  const T p = T(1.0) + fma(r2, q, r);
  return scale_by_exponent(p, t);
}

/// log(1 + e) for e in [0, 1]: 2 atanh(s) with s = e / (2 + e) <= 1/3, by its power series.
template <class T>
LANDSCAPE_INLINE T log1p_unit(T e) {
  const T s = e / (e + T(2.0));
  const T z = s * s;
  T p = T(1.0 / 35.0);
  LANDSCAPE_UNROLL
  for (int k = 33; k >= 1; k -= 2) p = fma(p, z, T(1.0 / k));
  const T twice = s + s;
  return twice * p;
}

/// sin and cos together. Cody-Waite reduction by pi/2 in three parts: full accuracy for |x| below about 1e6, where the
/// argument's own rounding starts to dominate.
template <class T>
LANDSCAPE_INLINE void sincos(T x, T& sine, T& cosine) {
  const T t = fma(x, 0.63661977236758134308, kRoundingMagic);
  const T k = t - T(kRoundingMagic);
  T r = fma(k, -1.5707963267948966, x);
  r = fma(k, -6.123233995736766e-17, r);
  r = fma(k, 1.4973849048591698e-33, r);
  const T z = r * r;
  T s = T(2.8114572543455208e-15);  // 1/17!
  s = fma(s, z, -7.6471637318198165e-13);
  s = fma(s, z, 1.6059043836821614e-10);
  s = fma(s, z, -2.5052108385441719e-08);
  s = fma(s, z, 2.7557319223985893e-06);
  s = fma(s, z, -1.9841269841269841e-04);
  s = fma(s, z, 8.3333333333333332e-03);
  s = fma(s, z, -1.6666666666666666e-01);
  s = fma(s * z, r, r);
  T c = T(-1.5619206968586225e-16);  // -1/18!
  c = fma(c, z, 4.7794773323873853e-14);
  c = fma(c, z, -1.1470745597729725e-11);
  c = fma(c, z, 2.0876756987868099e-09);
  c = fma(c, z, -2.7557319223985888e-07);
  c = fma(c, z, 2.4801587301587302e-05);
  c = fma(c, z, -1.3888888888888889e-03);
  c = fma(c, z, 4.1666666666666664e-02);
  c = fma(c * z, z, fma(z, -0.5, T(1.0)));
  sine = negate_by_bit<1>(t, pick_by_bit<0>(t, c, s));
  // cos changes sign in quadrants 1 and 2, i.e. where bit 1 of k + 1 is set; t + 1 carries k + 1 in its low bits.
  cosine = negate_by_bit<1>(t + T(1.0), pick_by_bit<0>(t, s, c));
}

/// log(x) for positive normal x (double only): x = 2^k m, m in [sqrt(1/2), sqrt(2)), log m = f - s (f - R), s = f / (2
/// + f).
LANDSCAPE_INLINE double log(double x) {
  const std::uint64_t bits = to_bits(x);
  const std::uint64_t shifted = bits - 0x3fe6a09e667f3bcdULL;  // sqrt(1/2)
  const std::int64_t exponent = static_cast<std::int64_t>(shifted) >> 52;
  const double m = from_bits(bits - (static_cast<std::uint64_t>(exponent) << 52));
  const double k = static_cast<double>(exponent);
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double p = 2.0 / 23.0;
  LANDSCAPE_UNROLL
  for (int j = 21; j >= 3; j -= 2) p = fma(p, z, 2.0 / j);
  const double remainder = p * z;
  const double ln2_high = 6.93147180369123816490e-01;
  const double ln2_low = 1.90821492927058770002e-10;
  return k * ln2_high - ((s * (f - remainder) - k * ln2_low) - f);
}

/// sin(pi x) and cos(pi x) for |x| <= 2^20, exact at multiples of 1/2.
LANDSCAPE_INLINE void sincospi(double x, double& sine, double& cosine) {
  const double t = 2.0 * x + kRoundingMagic;
  const double k = t - kRoundingMagic;
  const double r = kPi * fma(k, -0.5, x);  // |r| <= pi/4
  double s, c;
  sincos(r, s, c);
  sine = negate_by_bit<1>(t, pick_by_bit<0>(t, c, s));
  cosine = negate_by_bit<1>(t + 1.0, pick_by_bit<0>(t, s, c));
}

LANDSCAPE_MATH_END
