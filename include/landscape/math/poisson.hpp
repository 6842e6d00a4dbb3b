// The model problem -Laplace(u) = f on (0,1)^d with u = 0 on the boundary, its exact solutions, the hard boundary
// factor B(x) = prod x_i (1 - x_i) of the ansatz u = B N, and the integrands of the two losses:
//   deep Ritz      1/2 |grad u|^2 - f u     (E and Yu 2018),
//   deep Galerkin  (Laplace u + f)^2        (least squares; Sirignano and Spiliopoulos 2018).
#pragma once

#include <cstddef>

#include "landscape/math/config.hpp"
#include "landscape/math/elementary.hpp"

namespace landscape {

/// Right-hand side by its exact solution: sine u* = prod sin(pi x_i), any d; cubic u* = 2x^3 - x^2 - x, d = 1, which
/// the linear network -2x - 1 represents exactly.
enum class Problem { sine, cubic };

/// Which functional of the network is the loss.
enum class LossKind { ritz, galerkin };

}  // namespace landscape

LANDSCAPE_MATH_BEGIN

/// u*(x) and f(x) = -Laplace(u*)(x); gradient (d) if not null.
LANDSCAPE_INLINE void exact_solution(Problem problem, int dimension, const double* x, double& u, double& source,
                                     double* gradient) {
  if (problem == Problem::cubic) {
    u = ((2.0 * x[0] - 1.0) * x[0] - 1.0) * x[0];
    source = 2.0 - 12.0 * x[0];
    if (gradient != nullptr) gradient[0] = (6.0 * x[0] - 2.0) * x[0] - 1.0;
    return;
  }
  u = 1.0;
  for (int i = 0; i < dimension; ++i) {
    double sine, cosine;
    sincospi(x[i], sine, cosine);
    if (gradient != nullptr) gradient[i] = kPi * cosine * u;  // so far the product over j < i
    if (gradient != nullptr) {
      for (int j = 0; j < i; ++j) gradient[j] *= sine;
    }
    u *= sine;
  }
  source = dimension * (kPi * kPi) * u;
}

/// B, its gradient (d, `stride` apart) and its Laplacian at x. Products that leave one factor out come from prefix and
/// suffix products, never from a division, so that the boundary itself is exact.
LANDSCAPE_INLINE void boundary_factor(int dimension, const double* x, double& value, double* gradient,
                                      double& laplacian, std::ptrdiff_t stride = 1) {
  double prefix = 1.0;
  for (int i = 0; i < dimension; ++i) {
    gradient[i * stride] = prefix;
    prefix *= x[i] * (1.0 - x[i]);
  }
  value = prefix;
  laplacian = 0.0;
  double suffix = 1.0;
  for (int i = dimension - 1; i >= 0; --i) {
    const double others = gradient[i * stride] * suffix;
    laplacian -= 2.0 * others;
    gradient[i * stride] = others * (1.0 - 2.0 * x[i]);
    suffix *= x[i] * (1.0 - x[i]);
  }
}

/// Laplace(u) = B Laplace(N) + 2 grad B . grad N + N Laplace(B). Network values lie `stride` apart: N, grad N (d),
/// Laplace N.
template <class T, class Real>
LANDSCAPE_INLINE T laplacian_of_product(int dimension, const T* network, int stride, const Real& b, const Real* grad_b,
                                        int grad_stride, const Real& lap_b) {
  T cross = T(0.0);
  LANDSCAPE_UNROLL_SHAPE
  for (int k = 0; k < dimension; ++k) cross = fma(T(grad_b[k * grad_stride]), network[(1 + k) * stride], cross);
  return fma(T(2.0), cross, fma(T(b), network[(1 + dimension) * stride], network[0] * T(lap_b)));
}

/// |grad u|^2 for u = B N.
template <class T, class Real>
LANDSCAPE_INLINE T squared_gradient_of_product(int dimension, const T* network, int stride, const Real& b,
                                               const Real* grad_b, int grad_stride) {
  T sum = T(0.0);
  LANDSCAPE_UNROLL_SHAPE
  for (int k = 0; k < dimension; ++k) {
    const T g = fma(T(b), network[(1 + k) * stride], network[0] * T(grad_b[k * grad_stride]));
    sum = fma(g, g, sum);
  }
  return sum;
}

/// Integrand of the loss at one point, from the network's value, gradient and (Galerkin only) Laplacian.
template <LossKind kLoss, class T, class Real>
LANDSCAPE_INLINE T loss_integrand(int dimension, const T* network, int stride, const Real& b, const Real* grad_b,
                                  int grad_stride, const Real& lap_b, const Real& source) {
  if constexpr (kLoss == LossKind::galerkin) {
    const T residual = laplacian_of_product(dimension, network, stride, b, grad_b, grad_stride, lap_b) + T(source);
    return residual * residual;
  } else {
    const T energy = squared_gradient_of_product(dimension, network, stride, b, grad_b, grad_stride);
    return fma(T(0.5), energy, -(T(source) * (T(b) * network[0])));
  }
}

/// Derivatives of weight * integrand with respect to N, grad N (d) and (Galerkin only) Laplace N, written to `adjoint`.
template <LossKind kLoss, class T, class Real>
LANDSCAPE_INLINE void loss_integrand_adjoint(int dimension, const T* network, const Real& b, const Real* grad_b,
                                             int grad_stride, const Real& lap_b, const Real& source, const Real& weight,
                                             T* adjoint) {
  if constexpr (kLoss == LossKind::galerkin) {
    const T residual = laplacian_of_product(dimension, network, 1, b, grad_b, grad_stride, lap_b) + T(source);
    const T r = T(2.0) * T(weight) * residual;
    adjoint[0] = r * T(lap_b);
    for (int k = 0; k < dimension; ++k) adjoint[1 + k] = T(2.0) * r * T(grad_b[k * grad_stride]);
    adjoint[1 + dimension] = r * T(b);
  } else {
    T value = -(T(source) * T(b));
    for (int k = 0; k < dimension; ++k) {
      const T slope = T(grad_b[k * grad_stride]);
      const T g = fma(T(b), network[1 + k], network[0] * slope);
      value = fma(g, slope, value);
      adjoint[1 + k] = T(weight) * g * T(b);
    }
    adjoint[0] = T(weight) * value;
  }
}

LANDSCAPE_MATH_END
