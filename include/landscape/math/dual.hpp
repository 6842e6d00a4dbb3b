// First-order dual numbers a + b eps, eps^2 = 0: run through the shared formulas they give exact directional
// derivatives. They are the independent check of the hand-written adjoints, and a reader's tool; no production path
// uses them.
#pragma once

#include "landscape/math/config.hpp"
#include "landscape/math/elementary.hpp"

LANDSCAPE_MATH_BEGIN

struct Dual {
  double value = 0.0;
  double slope = 0.0;

  Dual() = default;
  LANDSCAPE_INLINE Dual(double v) : value(v) {}  // NOLINT: a real number is a dual number
  LANDSCAPE_INLINE Dual(double v, double s) : value(v), slope(s) {}

  friend Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.slope + b.slope}; }
  friend Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.slope - b.slope}; }
  friend Dual operator-(Dual a) { return {-a.value, -a.slope}; }
  friend Dual operator*(Dual a, Dual b) { return {a.value * b.value, a.value * b.slope + a.slope * b.value}; }
  friend Dual operator/(Dual a, Dual b) {
    const double quotient = a.value / b.value;
    return {quotient, (a.slope - quotient * b.slope) / b.value};
  }
};

inline Dual fma(Dual a, Dual b, Dual c) {
  return {fma(a.value, b.value, c.value), fma(a.value, b.slope, fma(a.slope, b.value, c.slope))};
}
inline Dual abs(Dual x) { return x.value < 0.0 ? -x : x; }
inline Dual copy_sign(Dual magnitude, Dual sign) {
  return (magnitude.value < 0.0) == (sign.value < 0.0) ? magnitude : -magnitude;
}
inline Dual clamp(Dual x, double low, double high) {
  return x.value < low ? Dual(low) : x.value > high ? Dual(high) : x;
}
inline Dual pick_if_negative(Dual x, Dual a, Dual b) { return x.value < 0.0 ? a : b; }
inline Dual exp(Dual x) {
  const double e = exp(x.value);
  return {e, e * x.slope};
}
inline Dual log1p_unit(Dual x) { return {log1p_unit(x.value), x.slope / (1.0 + x.value)}; }
inline void sincos(Dual x, Dual& sine, Dual& cosine) {
  double s, c;
  sincos(x.value, s, c);
  sine = {s, c * x.slope};
  cosine = {c, -s * x.slope};
}

LANDSCAPE_MATH_END
