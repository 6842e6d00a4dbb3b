// A number with the size of its rounding error, carried along by the shared formulas: what double arithmetic does to a
// result, without a second arithmetic to compare with. Every operation adds its own rounding to what its operands
// bring,
//
//   delta(z)^2 = sum_i (dz/dx_i delta(x_i))^2 + (u z)^2,     u = 2^-53,
//
// as independent errors do (the probabilistic model of Higham and Mary, SIAM J. Sci. Comput. 41, 2019; Henrici's before
// them). Sums of absolute values instead would bound the worst case, which is ten to a hundred times what happens
// (measured against long double over trained and random networks; tests/backend/loss_rounding_test.cpp).
#pragma once

#include <cmath>

#include "landscape/math/config.hpp"
#include "landscape/math/elementary.hpp"

LANDSCAPE_MATH_BEGIN

inline constexpr double kUnitRoundoff = 1.1102230246251565e-16;  // 2^-53

struct Rounded {
  double value = 0.0;
  double error = 0.0;  // >= 0, unit of value

  Rounded() = default;
  Rounded(double v) : value(v) {}  // NOLINT: an exact number is a rounded one
  Rounded(double v, double e) : value(v), error(e) {}
  /// A number that was computed to `ulps` units in the last place.
  static Rounded computed(double v, double ulps = 1.0) { return {v, ulps * kUnitRoundoff * std::fabs(v)}; }

  friend Rounded operator+(Rounded a, Rounded b) { return made(a.value + b.value, a.error, b.error); }
  friend Rounded operator-(Rounded a, Rounded b) { return made(a.value - b.value, a.error, b.error); }
  friend Rounded operator-(Rounded a) { return {-a.value, a.error}; }
  friend Rounded operator*(Rounded a, Rounded b) {
    return made(a.value * b.value, a.value * b.error, b.value * a.error);
  }
  friend Rounded operator/(Rounded a, Rounded b) {
    const double quotient = a.value / b.value;
    return made(quotient, a.error / b.value, quotient * b.error / b.value);
  }
  /// `value`, rounded once (or to `ulps`), and what the operands' errors bring. hypot, as squares may overflow.
  static Rounded made(double value, double first, double second = 0.0, double third = 0.0, double ulps = 1.0) {
    return {value, std::hypot(std::hypot(first, second), std::hypot(third, ulps * kUnitRoundoff * value))};
  }
};

inline Rounded fma(Rounded a, Rounded b, Rounded c) {
  return Rounded::made(fma(a.value, b.value, c.value), a.value * b.error, b.value * a.error, c.error);
}
inline Rounded abs(Rounded x) { return {std::fabs(x.value), x.error}; }
inline Rounded copy_sign(Rounded magnitude, Rounded sign) {
  return {std::copysign(magnitude.value, sign.value), magnitude.error};
}
inline Rounded pick_if_negative(Rounded x, Rounded a, Rounded b) { return x.value < 0.0 ? a : b; }
inline Rounded exp(Rounded x) {
  const double e = exp(x.value);
  return Rounded::made(e, e * x.error, 0.0, 0.0, 2.0);
}
inline Rounded log1p_unit(Rounded x) {
  return Rounded::made(log1p_unit(x.value), x.error / (1.0 + x.value), 0.0, 0.0, 2.0);
}
inline void sincos(Rounded x, Rounded& sine, Rounded& cosine) {
  double s, c;
  sincos(x.value, s, c);
  sine = Rounded::made(s, c * x.error, 0.0, 0.0, 2.0);
  cosine = Rounded::made(c, s * x.error, 0.0, 0.0, 2.0);
}

LANDSCAPE_MATH_END
