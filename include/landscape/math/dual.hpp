// First-order dual numbers a + b eps, eps^2 = 0: run through the shared formulas they give exact directional
// derivatives. Through the hand-written adjoint they give products of the Hessian with a vector (forward over reverse;
// Pearlmutter 1994), point by point in lanes; and in tests they are the independent check of that adjoint.
// V is the scalar of both parts: double, or SIMD lanes.
#pragma once

#include <type_traits>

#include "landscape/math/config.hpp"
#include "landscape/math/elementary.hpp"

LANDSCAPE_MATH_BEGIN

template <class V>
struct DualOf {
  V value = V(0.0);
  V slope = V(0.0);

  DualOf() = default;
  LANDSCAPE_INLINE DualOf(double v) : value(v), slope(0.0) {}  // NOLINT: a real number is a dual number
  LANDSCAPE_INLINE DualOf(V v) requires(!std::is_same_v<V, double>) : value(v), slope(0.0) {}  // NOLINT: the same
  LANDSCAPE_INLINE DualOf(V v, V s) : value(v), slope(s) {}
  /// The same number in every lane.
  template <class W>
  LANDSCAPE_INLINE explicit DualOf(const DualOf<W>& x) requires(std::is_same_v<W, double> && !std::is_same_v<V, W>)
      : value(x.value), slope(x.slope) {}

  LANDSCAPE_INLINE friend DualOf operator+(const DualOf& a, const DualOf& b) {
    return {a.value + b.value, a.slope + b.slope};
  }
  LANDSCAPE_INLINE friend DualOf operator-(const DualOf& a, const DualOf& b) {
    return {a.value - b.value, a.slope - b.slope};
  }
  LANDSCAPE_INLINE friend DualOf operator-(const DualOf& a) { return {-a.value, -a.slope}; }
  LANDSCAPE_INLINE friend DualOf operator*(const DualOf& a, const DualOf& b) {
    return {a.value * b.value, fma(a.value, b.slope, a.slope * b.value)};
  }
  friend DualOf operator/(const DualOf& a, const DualOf& b) {
    const V quotient = a.value / b.value;
    return {quotient, (a.slope - quotient * b.slope) / b.value};
  }

  LANDSCAPE_INLINE friend DualOf fma(const DualOf& a, const DualOf& b, const DualOf& c) {
    return {fma(a.value, b.value, c.value), fma(a.value, b.slope, fma(a.slope, b.value, c.slope))};
  }
  LANDSCAPE_INLINE friend DualOf pick_if_negative(const DualOf& x, const DualOf& a, const DualOf& b) {
    return {pick_if_negative(x.value, a.value, b.value), pick_if_negative(x.value, a.slope, b.slope)};
  }
  LANDSCAPE_INLINE friend DualOf abs(const DualOf& x) { return pick_if_negative(x, -x, x); }
  LANDSCAPE_INLINE friend DualOf copy_sign(const DualOf& magnitude, const DualOf& sign) {
    const DualOf size = abs(magnitude);
    return {copy_sign(size.value, sign.value), pick_if_negative(sign.value, -size.slope, size.slope)};
  }
  friend DualOf exp(const DualOf& x) {
    const V e = exp(x.value);
    return {e, e * x.slope};
  }
  friend DualOf log1p_unit(const DualOf& x) { return {log1p_unit(x.value), x.slope / (V(1.0) + x.value)}; }
  friend void sincos(const DualOf& x, DualOf& sine, DualOf& cosine) {
    V s, c;
    sincos(x.value, s, c);
    sine = {s, c * x.slope};
    cosine = {c, -s * x.slope};
  }
};

using Dual = DualOf<double>;

LANDSCAPE_MATH_END
