// Parameter gradient of a loss at one point by the hand-written adjoint of forward_jet (reverse mode, no finite
// differences).
//
// A layer maps channels (v, g_j, L) = (value, d derivatives, Laplacian) to (phi, phi' g_j, phi' L + phi'' |g|^2). Its
// adjoint, from (f*, g*_j, L*) of the outputs to those of the inputs:
//   v*   = f* phi' + phi'' sum_j g*_j g_j + L* (phi'' L + phi''' |g|^2),
//   g_j* = g*_j phi' + 2 L* phi'' g_j,
//   L*   = L* phi'
// The Ritz loss drops the Laplacian channel. Gradients are those of the folded parameters (FoldedLayout order);
// unfold_gradient carries their sum over all points to theta.
#pragma once

#include "landscape/math/integrand.hpp"
#include "landscape/math/network.hpp"

LANDSCAPE_MATH_BEGIN

/// Length of `work` for loss_gradient, in T.
template <LossKind kLoss, class T, class Shape>
LANDSCAPE_INLINE constexpr int gradient_work(const Shape& s) {
  const int columns = s.dimension() + (kLoss == LossKind::galerkin ? 2 : 1);
  const int w = s.width(), nb = s.blocks();
  return (4 * nb + 3) * w * columns + 6 * nb * w + 2 * columns;
}

/// Adjoint of activate_channels: v holds a neuron's pre-activation channels, slopes phi', phi'', phi'''; `bar` holds
/// the adjoints of its outputs and receives those of its inputs.
template <bool kLaplacian, class T>
LANDSCAPE_INLINE void activate_channels_adjoint(int d, const T* v, const T* slopes, T* bar) {
  T value = bar[0] * slopes[0];
  T cross = T(0.0);
  T square = T(0.0);
  T twice = T(0.0);
  if constexpr (kLaplacian) twice = T(2.0) * bar[d + 1] * slopes[1];
  LANDSCAPE_UNROLL_SHAPE
  for (int j = 1; j <= d; ++j) {
    cross = fma(bar[j], v[j], cross);
    if constexpr (kLaplacian) {
      square = fma(v[j], v[j], square);
      bar[j] = fma(twice, v[j], bar[j] * slopes[0]);
    } else {
      bar[j] = bar[j] * slopes[0];
    }
  }
  value = fma(slopes[1], cross, value);
  if constexpr (kLaplacian) {
    value = fma(bar[d + 1], fma(slopes[1], v[d + 1], slopes[2] * square), value);
    bar[d + 1] = bar[d + 1] * slopes[0];
  }
  bar[0] = value;
}

/// Activates one neuron's channels from v into h and keeps phi', phi'', phi'''.
template <Activation kActivation, bool kLaplacian, class T>
LANDSCAPE_INLINE void activate_and_keep(int d, const T* v, T* h, T* slopes) {
  const ActivationJet<T> phi = activate<kActivation>(v[0]);
  slopes[0] = phi.f1;
  slopes[1] = phi.f2;
  if constexpr (kLaplacian) slopes[2] = phi.f3;
  T square = T(0.0);
  h[0] = phi.f;
  LANDSCAPE_UNROLL_SHAPE
  for (int j = 1; j <= d; ++j) {
    if constexpr (kLaplacian) square = fma(v[j], v[j], square);
    h[j] = phi.f1 * v[j];
  }
  if constexpr (kLaplacian) h[d + 1] = fma(phi.f1, v[d + 1], phi.f2 * square);
}

/// gradient[i][m] += sum_c bar[i][c] input[m][c], a (w, w) outer product over channels.
template <class Shape, class T>
LANDSCAPE_INLINE void accumulate_outer(const Shape& s, int columns, const T* bar, const T* input, T* gradient) {
  const int w = s.width();
  LANDSCAPE_UNROLL_SHAPE
  for (int i = 0; i < w; ++i) {
    LANDSCAPE_UNROLL_SHAPE
    for (int m = 0; m < w; ++m) {
      T sum = gradient[i * w + m];
      LANDSCAPE_UNROLL_SHAPE
      for (int c = 0; c < columns; ++c) sum = fma(bar[i * columns + c], input[m * columns + c], sum);
      gradient[i * w + m] = sum;
    }
  }
}

/// What the adjoint needs of a forward pass, in `work` (gradient_work).
template <LossKind kLoss, class T>
struct AdjointWork {
  int columns, n;
  T* odd_in;   // (nb, w, columns) pre-activations of odd layers
  T* odd_out;  // (nb, w, columns)
  T* even_in;
  T* stream;  // (nb, w, columns) z_k
  T* z_bar;
  T* v_bar;
  T* h_bar;
  T* slopes;   // (2 nb, w, 3)
  T* out;      // (columns) the network's jet
  T* out_bar;  // (columns) its adjoint

  template <class Shape>
  LANDSCAPE_INLINE AdjointWork(const Shape& s, T* work)
      : columns(s.dimension() + (kLoss == LossKind::galerkin ? 2 : 1)),
        n(s.width() * columns),
        odd_in(work),
        odd_out(odd_in + s.blocks() * n),
        even_in(odd_out + s.blocks() * n),
        stream(even_in + s.blocks() * n),
        z_bar(stream + s.blocks() * n),
        v_bar(z_bar + n),
        h_bar(v_bar + n),
        slopes(h_bar + n),
        out(slopes + 6 * s.blocks() * s.width()),
        out_bar(out + columns) {}
};

/// The network's jet at x (d), keeping what the adjoint needs of it.
template <Activation kActivation, LossKind kLoss, class Shape, class T, class W>
LANDSCAPE_INLINE void forward_and_keep(const Shape& s, const FoldedNetwork<W>& net, const T* x,
                                       const AdjointWork<kLoss, T>& at) {
  constexpr bool kLaplacian = kLoss == LossKind::galerkin;
  const FoldedLayout<Shape> layout{s};
  const int d = s.dimension(), w = s.width(), nb = s.blocks();
  const W* parameters = net.parameters;
  const int columns = at.columns, n = at.n;
  T *odd_in = at.odd_in, *odd_out = at.odd_out, *even_in = at.even_in, *stream = at.stream;
  T *slopes = at.slopes, *out = at.out;
  out[0] = T(parameters[layout.out_bias()]);
  LANDSCAPE_UNROLL_SHAPE
  for (int j = 0; j < d; ++j) {
    const T slope = T(parameters[layout.out_direct() + j]);
    out[0] = fma(slope, x[j], out[0]);
    out[1 + j] = slope;
  }
  if constexpr (kLaplacian) out[d + 1] = T(0.0);
  for (int k = 0; k < nb; ++k) {
    T* v = odd_in + k * n;
    const T* z_before = stream + (k - 1) * n;
    for_row_blocks<T>(s, [&](int i0, auto rows) {
      constexpr int kRows = decltype(rows)::value;
      T* vi = v + i0 * columns;
      if (k > 0) {
        dense_rows<kRows>(s, net.transposed + layout.odd_weight(k) + i0, z_before, columns, vi);
        LANDSCAPE_UNROLL_SHAPE
        for (int r = 0; r < kRows; ++r) add_direct<1>(layout, parameters, k, i0 + r, x, vi + r * columns);
      } else {
        LANDSCAPE_UNROLL_SHAPE
        for (int r = 0; r < kRows; ++r) {
          T sum = T(parameters[layout.odd_bias(0) + i0 + r]);
          LANDSCAPE_UNROLL_SHAPE
          for (int j = 0; j < d; ++j) {
            const T slope = T(parameters[layout.direct(0) + j * w + i0 + r]);
            sum = fma(slope, x[j], sum);
            vi[r * columns + 1 + j] = slope;
          }
          vi[r * columns] = sum;
          if constexpr (kLaplacian) vi[r * columns + d + 1] = T(0.0);
        }
      }
      LANDSCAPE_UNROLL_SHAPE
      for (int r = 0; r < kRows; ++r) {
        const int i = i0 + r;
        activate_and_keep<kActivation, kLaplacian>(d, v + i * columns, odd_out + k * n + i * columns,
                                                   slopes + (2 * k * w + i) * 3);
      }
    });
    if (!layout.is_whole(k)) break;
    T* even = even_in + k * n;
    T* z = stream + k * n;
    for_row_blocks<T>(s, [&](int i0, auto rows) {
      constexpr int kRows = decltype(rows)::value;
      dense_rows<kRows>(s, net.transposed + layout.even_weight(k) + i0, odd_out + k * n, columns, even + i0 * columns);
      LANDSCAPE_UNROLL_SHAPE
      for (int r = 0; r < kRows; ++r) {
        const int i = i0 + r;
        even[i * columns] = even[i * columns] + T(parameters[layout.even_bias(k) + i]);
        activate_and_keep<kActivation, kLaplacian>(d, even + i * columns, z + i * columns,
                                                   slopes + ((2 * k + 1) * w + i) * 3);
        if (s.skip() && k > 0) {
          LANDSCAPE_UNROLL_SHAPE
          for (int c = 0; c < columns; ++c) z[i * columns + c] = z[i * columns + c] + z_before[i * columns + c];
        }
      }
    });
  }
  const T* z_last = s.ends_half() ? odd_out + (nb - 1) * n : stream + (nb - 1) * n;
  LANDSCAPE_UNROLL_SHAPE
  for (int i = 0; i < w; ++i) {
    const T a = T(parameters[layout.out_weight() + i]);
    LANDSCAPE_UNROLL_SHAPE
    for (int c = 0; c < columns; ++c) out[c] = fma(a, z_last[i * columns + c], out[c]);
  }
}

/// Adds the gradient, with respect to the folded parameters, of what has the derivatives at.out_bar by the jet that was
/// kept; that may be done again for other derivatives.
template <LossKind kLoss, class Shape, class T, class W>
LANDSCAPE_INLINE void add_adjoint(const Shape& s, const FoldedNetwork<W>& net, const T* x,
                                  const AdjointWork<kLoss, T>& at, T* gradient) {
  constexpr bool kLaplacian = kLoss == LossKind::galerkin;
  const FoldedLayout<Shape> layout{s};
  const int d = s.dimension(), w = s.width(), nb = s.blocks();
  const W* parameters = net.parameters;
  const int columns = at.columns, n = at.n;
  const T *odd_in = at.odd_in, *odd_out = at.odd_out, *even_in = at.even_in, *stream = at.stream;
  const T *slopes = at.slopes, *out_bar = at.out_bar;
  T *z_bar = at.z_bar, *v_bar = at.v_bar, *h_bar = at.h_bar;
  const T* z_last = s.ends_half() ? odd_out + (nb - 1) * n : stream + (nb - 1) * n;
  gradient[layout.out_bias()] = gradient[layout.out_bias()] + out_bar[0];
  LANDSCAPE_UNROLL_SHAPE
  for (int j = 0; j < d; ++j) {
    T& g = gradient[layout.out_direct() + j];
    g = fma(out_bar[0], x[j], g + out_bar[1 + j]);
  }
  LANDSCAPE_UNROLL_SHAPE
  for (int i = 0; i < w; ++i) {
    const T a = T(parameters[layout.out_weight() + i]);
    T sum = gradient[layout.out_weight() + i];
    LANDSCAPE_UNROLL_SHAPE
    for (int c = 0; c < columns; ++c) {
      sum = fma(out_bar[c], z_last[i * columns + c], sum);
      z_bar[i * columns + c] = a * out_bar[c];
    }
    gradient[layout.out_weight() + i] = sum;
  }
  for (int k = nb - 1; k >= 0; --k) {
    if (layout.is_whole(k)) {
      LANDSCAPE_UNROLL_SHAPE
      for (int i = 0; i < w; ++i) {
        T* bar = v_bar + i * columns;
        LANDSCAPE_UNROLL_SHAPE
        for (int c = 0; c < columns; ++c) bar[c] = z_bar[i * columns + c];
        activate_channels_adjoint<kLaplacian>(d, even_in + k * n + i * columns, slopes + ((2 * k + 1) * w + i) * 3,
                                              bar);
        gradient[layout.even_bias(k) + i] = gradient[layout.even_bias(k) + i] + bar[0];
      }
      accumulate_outer(s, columns, v_bar, odd_out + k * n, gradient + layout.even_weight(k));
      for_row_blocks<T>(s, [&](int i0, auto rows) {
        constexpr int kRows = decltype(rows)::value;
        dense_rows<kRows>(s, net.parameters + layout.even_weight(k) + i0, v_bar, columns, h_bar + i0 * columns);
      });
    } else {
      LANDSCAPE_UNROLL_SHAPE
      for (int i = 0; i < n; ++i) h_bar[i] = z_bar[i];
    }
    LANDSCAPE_UNROLL_SHAPE
    for (int i = 0; i < w; ++i) {
      T* bar = h_bar + i * columns;
      activate_channels_adjoint<kLaplacian>(d, odd_in + k * n + i * columns, slopes + (2 * k * w + i) * 3, bar);
      gradient[layout.odd_bias(k) + i] = gradient[layout.odd_bias(k) + i] + bar[0];
      if (layout.has_direct(k)) {
        LANDSCAPE_UNROLL_SHAPE
        for (int j = 0; j < d; ++j) {
          T& g = gradient[layout.direct(k) + j * w + i];
          g = fma(bar[0], x[j], g + bar[1 + j]);
        }
      }
    }
    if (k > 0) {
      accumulate_outer(s, columns, h_bar, stream + (k - 1) * n, gradient + layout.odd_weight(k));
      for_row_blocks<T>(s, [&](int i0, auto rows) {
        constexpr int kRows = decltype(rows)::value;
        dense_rows<kRows>(s, net.parameters + layout.odd_weight(k) + i0, h_bar, columns, v_bar + i0 * columns);
      });
      LANDSCAPE_UNROLL_SHAPE
      for (int i = 0; i < n; ++i) z_bar[i] = s.skip() ? z_bar[i] + v_bar[i] : v_bar[i];
    }
  }
}

/// Adds the gradient of weight * integrand at point x (d) to `gradient` (FoldedLayout::size) and returns weight *
/// integrand, whose coefficients at x are `terms`.
template <Activation kActivation, LossKind kLoss, class Shape, class T, class W, class Real>
LANDSCAPE_INLINE T loss_gradient(const Shape& s, const FoldedNetwork<W>& net, const T* x,
                                 const IntegrandTerms<Real>& terms, const Real& weight, T* gradient, T* work) {
  const AdjointWork<kLoss, T> at(s, work);
  forward_and_keep<kActivation>(s, net, x, at);
  const T value = T(weight) * loss_integrand<kLoss>(s.dimension(), at.out, 1, terms);
  loss_integrand_adjoint<kLoss>(s.dimension(), at.out, terms, weight, at.out_bar);
  add_adjoint(s, net, x, at, gradient);
  return value;
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
