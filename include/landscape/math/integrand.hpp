// The two losses of a second-order equation -div(a grad u) + c u + s u^3 = f at one point, where u = B N is a factor B
// times the network N:
//   deep Galerkin  r^2, r = div(a grad u) - c u - s u^3 + f         (least squares; Sirignano and Spiliopoulos 2018),
//   deep Ritz      a |grad u|^2 / 2 + c u^2 / 2 + s u^4 / 4 - f u   (E and Yu 2018).
// Whatever the equation, each is a polynomial in the network's jet with numbers of the point as coefficients:
//   r        = slope . grad N + top Lap N + value N + cubic N^3 + source,
//   integrand = |top grad N + N slope|^2 / 2 + N (value N + cubic N^3 - source),
// so no kernel knows an equation (as in MFEM's partial assembly, which sets up numbers per point and applies them).
// equation/equation.hpp makes the numbers.
#pragma once

#include <cstddef>

#include "landscape/math/config.hpp"
#include "landscape/math/elementary.hpp"

namespace landscape {

/// Which functional of the network is the loss.
enum class LossKind { ritz, galerkin };

}  // namespace landscape

LANDSCAPE_MATH_BEGIN

inline constexpr double kRootOfTwo = 1.4142135623730951;

/// Where one point's coefficients lie. Pointers, so that nothing is loaded before it is used.
template <class Real>
struct IntegrandTerms {
  const Real* top;
  const Real* slope;  // (d), slope_stride apart
  int slope_stride;
  const Real* value;
  const Real* source;
  const Real* cubic = nullptr;  // null: the equation is linear

  /// Those of a point `i` places on.
  LANDSCAPE_INLINE IntegrandTerms at(int i) const {
    return {top + i, slope + i, slope_stride, value + i, source + i, cubic == nullptr ? nullptr : cubic + i};
  }
};

/// r of the network's value, gradient and Laplacian, `stride` apart: N, grad N (d), Lap N.
template <class T, class Real>
LANDSCAPE_INLINE T residual(int dimension, const T* network, int stride, const IntegrandTerms<Real>& at) {
  T cross = T(0.0);
  LANDSCAPE_UNROLL_SHAPE
  for (int k = 0; k < dimension; ++k) {
    cross = fma(T(at.slope[k * at.slope_stride]), network[(1 + k) * stride], cross);
  }
  const T n = network[0];
  T sum = cross + fma(T(*at.top), network[(1 + dimension) * stride], n * T(*at.value));
  if (at.cubic != nullptr) sum = fma(T(*at.cubic), n * n * n, sum);
  return sum + T(*at.source);
}

/// |top grad N + N slope|^2.
template <class T, class Real>
LANDSCAPE_INLINE T squared_gradient(int dimension, const T* network, int stride, const IntegrandTerms<Real>& at) {
  T sum = T(0.0);
  LANDSCAPE_UNROLL_SHAPE
  for (int k = 0; k < dimension; ++k) {
    const T g = fma(T(*at.top), network[(1 + k) * stride], network[0] * T(at.slope[k * at.slope_stride]));
    sum = fma(g, g, sum);
  }
  return sum;
}

/// Ritz's integrand from |top grad N + N slope|^2 and N.
template <class T, class Real>
LANDSCAPE_INLINE T energy_integrand(T squares, T n, const IntegrandTerms<Real>& at) {
  T rest = fma(T(*at.value), n, -T(*at.source));
  if (at.cubic != nullptr) rest = fma(T(*at.cubic), n * n * n, rest);
  return fma(T(0.5), squares, rest * n);
}

/// Integrand of the loss at one point, from the network's value, gradient and (Galerkin only) Laplacian.
template <LossKind kLoss, class T, class Real>
LANDSCAPE_INLINE T loss_integrand(int dimension, const T* network, int stride, const IntegrandTerms<Real>& at) {
  if constexpr (kLoss == LossKind::galerkin) {
    const T r = residual(dimension, network, stride, at);
    return r * r;
  } else {
    return energy_integrand(squared_gradient(dimension, network, stride, at), network[0], at);
  }
}

/// Derivatives of weight * integrand with respect to N, grad N (d) and (Galerkin only) Laplace N, written to `adjoint`;
/// these and the network's jet `stride` apart.
template <LossKind kLoss, class T, class Real>
LANDSCAPE_INLINE void loss_integrand_adjoint(int dimension, const T* network, const IntegrandTerms<Real>& at,
                                             const Real& weight, T* adjoint, int stride = 1) {
  const T n = network[0];
  if constexpr (kLoss == LossKind::galerkin) {
    const T r = T(2.0) * T(weight) * residual(dimension, network, stride, at);
    T by_value = T(*at.value);
    if (at.cubic != nullptr) by_value = fma(T(3.0) * T(*at.cubic), n * n, by_value);
    adjoint[0] = r * by_value;
    for (int k = 0; k < dimension; ++k) adjoint[(1 + k) * stride] = r * T(at.slope[k * at.slope_stride]);
    adjoint[(1 + dimension) * stride] = r * T(*at.top);
  } else {
    T by_value = fma(T(2.0) * T(*at.value), n, -T(*at.source));
    if (at.cubic != nullptr) by_value = fma(T(4.0) * T(*at.cubic), n * n * n, by_value);
    for (int k = 0; k < dimension; ++k) {
      const T slope = T(at.slope[k * at.slope_stride]);
      const T g = fma(T(*at.top), network[(1 + k) * stride], n * slope);
      by_value = fma(g, slope, by_value);
      adjoint[(1 + k) * stride] = T(weight) * g * T(*at.top);
    }
    adjoint[0] = T(weight) * by_value;
  }
}

/// The loss as a sum of weight * integrand has for its Gauss-Newton model the matrix M = sum weight * row' row, with
/// rows of derivatives by N, grad N (d) and (Galerkin only) Lap N:
///   Galerkin  the residual's, times sqrt 2: M is the Hessian without the second derivatives of r;
///   Ritz      those of top grad N + N slope (d rows), and unless it is zero everywhere sqrt of 2 value + 12 cubic N^2,
///             where that is positive, by N: M is the energy's second variation, a grad v . grad v + (c + 3 s u^2) v^2 for v = du/dtheta, without
///             what is negative of it (Mueller and Zeinhofer, Achieving high accuracy with PINNs via energy natural
///             gradient descent, ICML 2023).
/// Writes row k times `root`.
template <LossKind kLoss, class T, class Real>
LANDSCAPE_INLINE void gauss_newton_row(int dimension, const T* network, const IntegrandTerms<Real>& at, int k,
                                       const T& root, T* row) {
  const T n = network[0];
  if constexpr (kLoss == LossKind::galerkin) {
    const T scaled = T(kRootOfTwo) * root;
    T by_value = T(*at.value);
    if (at.cubic != nullptr) by_value = fma(T(3.0) * T(*at.cubic), n * n, by_value);
    row[0] = scaled * by_value;
    for (int j = 0; j < dimension; ++j) row[1 + j] = scaled * T(at.slope[j * at.slope_stride]);
    row[1 + dimension] = scaled * T(*at.top);
  } else {
    for (int j = 0; j < dimension; ++j) row[1 + j] = j == k ? root * T(*at.top) : T(0.0);
    if (k < dimension) {
      row[0] = root * T(at.slope[k * at.slope_stride]);
    } else {
      T square = T(2.0) * T(*at.value);
      if (at.cubic != nullptr) square = fma(T(12.0) * T(*at.cubic), n * n, square);
      row[0] = root * square_root(pick_if_negative(square, T(0.0), square));
    }
  }
}

LANDSCAPE_MATH_END
