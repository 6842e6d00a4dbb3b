// Parameter gradient of a loss at a tile of points, by the adjoint of the network's jet (adjoint.hpp; no finite
// differences).
//
// Deep Galerkin needs all d derivatives and the Laplacian. Deep Ritz needs no more than one derivative: with (a, b) =
// (dE/dN, dE/d grad N) at a point and held fast,
//   dE/dtheta = d(a N + b . grad N)/dtheta,
// and b . grad N is the derivative along b. So grad N by one backward sweep, then the jet (N, b . grad N) and its
// adjoint: the cost of a layer does not depend on d. For d = 1 the derivative is known before b is, b need not be.
#pragma once

#include "landscape/math/adjoint.hpp"

LANDSCAPE_MATH_BEGIN

/// Length of `work` for loss_gradient, in T.
template <LossKind kLoss, class T, int kTile = 1, Derivatives kDerivatives = Derivatives::all, class Shape>
LANDSCAPE_INLINE constexpr int gradient_work(const Shape& s) {
  return AdjointWork<kLoss, T, kTile, kDerivatives>::size(s) +
         (kDerivatives == Derivatives::along ? 2 * (s.dimension() + 1) * kTile : 0);
}

/// grad N (d, kTile) of a pass over the values, written behind N to jet (1 + d, kTile).
template <LossKind kLoss, int kTile, Derivatives kDerivatives, class Shape, class T, class W>
LANDSCAPE_OUTLINE void gradient_of_values(const Shape& s, const FoldedNetwork<W>& net,
                                          const AdjointWork<kLoss, T, kTile, kDerivatives>& at, T* jet) {
  // The adjoint's room is free until then: z_bar, v_bar and h_bar are twice as long as what the sweep takes.
  backward_gradient<kTile>(s, net, at.slopes, at.kSlopes * kTile, jet, at.z_bar);
}

/// The derivatives of a jet whose values were kept.
template <LossKind kLoss, int kTile, Derivatives kDerivatives, class Shape, class T, class W>
LANDSCAPE_OUTLINE void keep_derivatives(const Shape& s, const FoldedNetwork<W>& net, const T* x,
                                        const AdjointWork<kLoss, T, kTile, kDerivatives>& at) {
  forward_and_keep<Activation{}, Pass::derivatives>(s, net, x, at);  // any activation: its slopes were kept
}

/// Adds the gradient of weight * integrand at points x (d, kTile) to `gradient` (FoldedLayout::size) and weight *
/// integrand to `loss`, one point after the other. Point p has the coefficients terms.at(p * apart) and weight[p *
/// apart].
template <Activation kActivation, LossKind kLoss, int kTile = 1, Derivatives kDerivatives = Derivatives::all,
          class Shape, class T, class W, class Real>
LANDSCAPE_INLINE void loss_gradient(const Shape& s, const FoldedNetwork<W>& net, const T* x,
                                    const IntegrandTerms<Real>& terms, const Real* weight, int apart, T* gradient,
                                    T& loss, T* work) {
  using At = AdjointWork<kLoss, T, kTile, kDerivatives>;
  const At at(s, work);
  const int d = s.dimension();
  T *jet = at.out, *jet_bar = at.out_bar;
  if constexpr (At::kAlong) {
    jet = work + At::size(s);
    jet_bar = jet + (d + 1) * kTile;
    forward_and_keep<kActivation, Pass::values>(s, net, x, at);
    LANDSCAPE_UNROLL
    for (int p = 0; p < kTile; ++p) jet[p] = at.out[p];
    if (d == 1) {
      LANDSCAPE_UNROLL
      for (int p = 0; p < kTile; ++p) at.direction[p] = T(1.0);
      keep_derivatives(s, net, x, at);
      LANDSCAPE_UNROLL
      for (int p = 0; p < kTile; ++p) jet[kTile + p] = at.out[kTile + p];
    } else {
      gradient_of_values(s, net, at, jet);
    }
  } else {
    forward_and_keep<kActivation, Pass::whole>(s, net, x, at);
  }
  LANDSCAPE_UNROLL
  for (int p = 0; p < kTile; ++p) {
    const IntegrandTerms<Real> here = terms.at(p * apart);
    loss = loss + T(weight[p * apart]) * loss_integrand<kLoss>(d, jet + p, kTile, here);
    loss_integrand_adjoint<kLoss>(d, jet + p, here, weight[p * apart], jet_bar + p, kTile);
  }
  if constexpr (At::kAlong) {
    LANDSCAPE_UNROLL
    for (int p = 0; p < kTile; ++p) {
      at.out_bar[p] = jet_bar[p];
      at.out_bar[kTile + p] = d == 1 ? jet_bar[kTile + p] : T(1.0);
    }
    if (d > 1) {
      for (int c = 0; c < d * kTile; ++c) at.direction[c] = jet_bar[kTile + c];
      keep_derivatives(s, net, x, at);
    }
  }
  add_adjoint(s, net, x, at, gradient);
}

/// One row of a loss's Gauss-Newton model (gauss_newton_row) times `root`, by the folded parameters; the jet at x was
/// kept. Overwrites `row` (FoldedLayout::size).
template <LossKind kLoss, class Shape, class T, class W, class Real>
LANDSCAPE_INLINE void jacobian_row(const Shape& s, const FoldedNetwork<W>& net, const T* x,
                                   const IntegrandTerms<Real>& terms, int k, const T& root,
                                   const AdjointWork<kLoss, T>& at, T* row) {
  gauss_newton_row<kLoss>(s.dimension(), at.out, terms, k, root, at.out_bar);
  for (int i = 0; i < FoldedLayout<Shape>{s}.size(); ++i) row[i] = T(0.0);
  add_adjoint(s, net, x, at, row);
}

LANDSCAPE_MATH_END
