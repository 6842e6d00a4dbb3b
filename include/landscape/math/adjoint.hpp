// The network's jet at a tile of points, kept, and its hand-written adjoint (reverse mode).
//
// A layer maps channels (v, g_j, L) = (value, derivatives, Laplacian) to (phi, phi' g_j, phi' L + phi'' |g|^2). Its
// adjoint, from (f*, g*_j, L*) of the outputs to those of the inputs:
//   v*   = f* phi' + phi'' sum_j g*_j g_j + L* (phi'' L + phi''' |g|^2),
//   g_j* = g*_j phi' + 2 L* phi'' g_j,
//   L*   = L* phi'
// Gradients are those of the folded parameters (FoldedLayout order); unfold_gradient carries their sum over all points
// to theta. kTile points share one sweep; every array is [neuron][channel][kTile], and sums over points and channels
// take one point after the other, so that their bits do not depend on kTile.
#pragma once

#include <type_traits>

#include "landscape/math/integrand.hpp"
#include "landscape/math/network.hpp"

LANDSCAPE_MATH_BEGIN

/// Jets of all derivatives are carried for one point at a time, or for several in no more dimensions than these.
inline constexpr int kTiledDimensions = 3;

/// Which derivatives a jet carries: all d, or one along a direction that each point has of its own.
enum class Derivatives { all, along };

/// Sizes and places in `work` of what the adjoint needs of a forward pass.
template <LossKind kLoss, class T, int kTile = 1, Derivatives kDerivatives = Derivatives::all>
struct AdjointWork {
  static constexpr bool kLaplacian = kLoss == LossKind::galerkin;
  static constexpr bool kAlong = kDerivatives == Derivatives::along;
  static_assert(!(kLaplacian && kAlong));
  static constexpr int kSlopes = kLaplacian ? 3 : 2;  // phi', phi'' and (Laplacian) phi''' are kept

  int n_derivatives, columns, n;
  T* odd_in;   // (nb, w, columns) pre-activations of odd layers
  T* odd_out;  // (nb, w, columns)
  T* even_in;
  T* stream;  // (nb, w, columns) z_k
  T* z_bar;
  T* v_bar;
  T* h_bar;
  T* slopes;     // (2 nb, w, kSlopes, kTile)
  T* out;        // (columns) the network's jet
  T* out_bar;    // (columns) its adjoint
  T* direction;  // (d, kTile), along only

  template <class Shape>
  LANDSCAPE_INLINE static constexpr int columns_of(const Shape& s) {
    return ((kAlong ? 1 : s.dimension()) + (kLaplacian ? 2 : 1)) * kTile;
  }
  template <class Shape>
  LANDSCAPE_INLINE static constexpr int size(const Shape& s) {
    return (4 * s.blocks() + 3) * s.width() * columns_of(s) + 2 * s.blocks() * s.width() * kSlopes * kTile +
           2 * columns_of(s) + (kAlong ? s.dimension() * kTile : 0);
  }

  template <class Shape>
  LANDSCAPE_INLINE AdjointWork(const Shape& s, T* work)
      : n_derivatives(kAlong ? 1 : s.dimension()),
        columns(columns_of(s)),
        n(s.width() * columns),
        odd_in(work),
        odd_out(odd_in + s.blocks() * n),
        even_in(odd_out + s.blocks() * n),
        stream(even_in + s.blocks() * n),
        z_bar(stream + s.blocks() * n),
        v_bar(z_bar + n),
        h_bar(v_bar + n),
        slopes(h_bar + n),
        out(slopes + 2 * s.blocks() * s.width() * kSlopes * kTile),
        out_bar(out + columns),
        direction(out_bar + columns) {}
};

/// Adjoint of activate_and_keep: v holds a neuron's pre-activation channels; `bar` holds the adjoints of its outputs and
/// receives those of its inputs.
template <bool kLaplacian, int kTile, class T>
LANDSCAPE_INLINE void activate_channels_adjoint(int n_derivatives, const T* v, const T* slopes, T* bar) {
  const int laplacian = (n_derivatives + 1) * kTile;
  LANDSCAPE_UNROLL
  for (int p = 0; p < kTile; ++p) {
    const T f1 = slopes[p], f2 = slopes[kTile + p];
    T value = bar[p] * f1;
    T cross = T(0.0);
    T square = T(0.0);
    T twice = T(0.0);
    if constexpr (kLaplacian) twice = T(2.0) * bar[laplacian + p] * f2;
    LANDSCAPE_UNROLL_SHAPE
    for (int j = 1; j <= n_derivatives; ++j) {
      const T vj = v[j * kTile + p];
      T& bar_j = bar[j * kTile + p];
      cross = fma(bar_j, vj, cross);
      if constexpr (kLaplacian) {
        square = fma(vj, vj, square);
        bar_j = fma(twice, vj, bar_j * f1);
      } else {
        bar_j = bar_j * f1;
      }
    }
    value = fma(f2, cross, value);
    if constexpr (kLaplacian) {
      T& bar_l = bar[laplacian + p];
      value = fma(bar_l, fma(f2, v[laplacian + p], slopes[2 * kTile + p] * square), value);
      bar_l = bar_l * f1;
    }
    bar[p] = value;
  }
}

/// What a forward pass fills: everything, the values alone, or what a pass over the values left: the derivatives.
enum class Pass { whole, values, derivatives };

/// Activates one neuron's channels from v into h and keeps phi's derivatives.
template <Activation kActivation, bool kLaplacian, Pass kPass, int kTile, class T>
LANDSCAPE_INLINE void activate_and_keep(int n_derivatives, const T* v, T* h, T* slopes) {
  const int laplacian = (n_derivatives + 1) * kTile;
  LANDSCAPE_UNROLL
  for (int p = 0; p < kTile; ++p) {
    if constexpr (kPass != Pass::derivatives) {
      const ActivationJet<T> phi = activate<kActivation>(v[p]);
      slopes[p] = phi.f1;
      slopes[kTile + p] = phi.f2;
      if constexpr (kLaplacian) slopes[2 * kTile + p] = phi.f3;
      h[p] = phi.f;
    }
    if constexpr (kPass != Pass::values) {
      const T f1 = slopes[p];
      T square = T(0.0);
      LANDSCAPE_UNROLL_SHAPE
      for (int j = 1; j <= n_derivatives; ++j) {
        const T vj = v[j * kTile + p];
        if constexpr (kLaplacian) square = fma(vj, vj, square);
        h[j * kTile + p] = f1 * vj;
      }
      if constexpr (kLaplacian) h[laplacian + p] = fma(f1, v[laplacian + p], slopes[kTile + p] * square);
    }
  }
}

#if !defined(__CUDACC__)
/// gradient[r][m] += sum over kPoints points and their kChannels channels of bar[r] input[m], r < kRows, m < w; channels
/// are kTile apart. Out of line, the adjoints stay in registers.
template <int kRows, int kPoints, int kChannels, int kTile, class T>
__attribute__((noinline)) void outer_tile(int w, int columns, const T* __restrict bar, const T* __restrict input,
                                          T* __restrict gradient) {
  T at[kRows][kPoints][kChannels];
  for (int r = 0; r < kRows; ++r) {
    for (int p = 0; p < kPoints; ++p) {
      for (int c = 0; c < kChannels; ++c) at[r][p][c] = bar[r * columns + c * kTile + p];
    }
  }
  for (int m = 0; m < w; ++m) {
    T sum[kRows];
    for (int r = 0; r < kRows; ++r) sum[r] = gradient[r * w + m];
    LANDSCAPE_UNROLL
    for (int p = 0; p < kPoints; ++p) {
      LANDSCAPE_UNROLL
      for (int c = 0; c < kChannels; ++c) {
        const T x = input[m * columns + c * kTile + p];
        LANDSCAPE_UNROLL
        for (int r = 0; r < kRows; ++r) sum[r] = fma(at[r][p][c], x, sum[r]);
      }
    }
    for (int r = 0; r < kRows; ++r) gradient[r * w + m] = sum[r];
  }
}

/// The same for one point, as many of its channels from `c` on as kChannels fits into.
template <int kRows, int kChannels, class T>
LANDSCAPE_INLINE void outer_channels(int w, int columns, const T* bar, const T* input, int& c, T* gradient) {
  for (; columns - c >= kChannels; c += kChannels) {
    outer_tile<kRows, 1, kChannels, 1>(w, columns, bar + c, input + c, gradient);
  }
}

/// The same for all points and channels, kTiledDimensions + 2 at most where there are several points.
template <int kRows, int kTile, Derivatives kDerivatives, class T>
LANDSCAPE_INLINE void outer_rows(int w, int columns, const T* bar, const T* input, T* gradient) {
  if constexpr (kDerivatives == Derivatives::along) {
    outer_tile<kRows, kTile, 2, kTile>(w, columns, bar, input, gradient);
  } else if constexpr (kTile == 1) {
    int c = 0;
    outer_channels<kRows, 6>(w, columns, bar, input, c, gradient);
    outer_channels<kRows, 3>(w, columns, bar, input, c, gradient);
    outer_channels<kRows, 1>(w, columns, bar, input, c, gradient);
  } else {
    const auto channels = [&]<int kChannels>(std::integral_constant<int, kChannels>) {
      for (int r = 0; r < kRows; ++r) {
        for (int p = 0; p < kTile; p += 2) {
          const int at = r * columns + p;
          outer_tile<1, 2, kChannels, kTile>(w, columns, bar + at, input + p, gradient + r * w);
        }
      }
    };
    if (columns == 3 * kTile) return channels(std::integral_constant<int, 3>{});
    if (columns == 4 * kTile) return channels(std::integral_constant<int, 4>{});
    return channels(std::integral_constant<int, 5>{});
  }
}
#endif

/// gradient[i][m] += sum_c bar[i][c] input[m][c], a (w, w) outer product over points and their channels.
template <int kTile, Derivatives kDerivatives, class Shape, class T>
LANDSCAPE_INLINE void accumulate_outer(const Shape& s, int columns, const T* bar, const T* input, T* gradient) {
  const int w = s.width();
#if !defined(__CUDACC__)
  if constexpr (DenseBlocking<T>::kOutline) {
    for_row_blocks<T>(s, [&](int i0, auto rows) {
      constexpr int kRows = decltype(rows)::value;
      constexpr int kAtOnce = kRows > 2 ? 2 : 1;  // 16 adjoints of 32 registers, 8 of 16
      for (int i = i0; i < i0 + kRows; i += kAtOnce) {
        outer_rows<kAtOnce, kTile, kDerivatives>(w, columns, bar + i * columns, input, gradient + i * w);
      }
    });
    return;
  }
#endif
  LANDSCAPE_UNROLL_SHAPE
  for (int i = 0; i < w; ++i) {
    LANDSCAPE_UNROLL_SHAPE
    for (int m = 0; m < w; ++m) {
      T sum = gradient[i * w + m];
      LANDSCAPE_UNROLL
      for (int p = 0; p < kTile; ++p) {
        LANDSCAPE_UNROLL_SHAPE
        for (int c = p; c < columns; c += kTile) sum = fma(bar[i * columns + c], input[m * columns + c], sum);
      }
      gradient[i * w + m] = sum;
    }
  }
}

/// The share of c_k + A_k x in the pre-activations v of neuron i of block k, added to what W_2k-1 gave (k > 0).
template <Pass kPass, LossKind kLoss, int kTile, Derivatives kDerivatives, class Shape, class T, class W>
LANDSCAPE_INLINE void add_input(const FoldedLayout<Shape>& layout, const W* parameters, int k, int i, const T* x,
                                const AdjointWork<kLoss, T, kTile, kDerivatives>& at, T* v) {
  constexpr bool kValues = kPass != Pass::derivatives, kSlopes = kPass != Pass::values;
  constexpr bool kAlong = kDerivatives == Derivatives::along;
  const int d = layout.s.dimension(), w = layout.s.width();
  T value[kTile], along[kTile];
  const T bias = T(parameters[layout.odd_bias(k) + i]);
  LANDSCAPE_UNROLL
  for (int p = 0; p < kTile; ++p) {
    if constexpr (kValues) value[p] = k == 0 ? bias : v[p] + bias;
    if constexpr (kSlopes && kAlong) along[p] = k == 0 ? T(0.0) : v[kTile + p];
    if constexpr (kSlopes && kLoss == LossKind::galerkin) {
      if (k == 0) v[(1 + d) * kTile + p] = T(0.0);
    }
  }
  if (layout.has_direct(k)) {
    LANDSCAPE_UNROLL_SHAPE
    for (int j = 0; j < d; ++j) {
      const T slope = T(parameters[layout.direct(k) + j * w + i]);
      LANDSCAPE_UNROLL
      for (int p = 0; p < kTile; ++p) {
        if constexpr (kValues) value[p] = fma(slope, x[j * kTile + p], value[p]);
        if constexpr (kSlopes && kAlong) along[p] = fma(slope, at.direction[j * kTile + p], along[p]);
        if constexpr (kSlopes && !kAlong) {
          T& vj = v[(1 + j) * kTile + p];
          vj = k == 0 ? slope : vj + slope;
        }
      }
    }
  }
  LANDSCAPE_UNROLL
  for (int p = 0; p < kTile; ++p) {
    if constexpr (kValues) v[p] = value[p];
    if constexpr (kSlopes && kAlong) v[kTile + p] = along[p];
  }
}

/// The network's jet at x (d, kTile), keeping what the adjoint needs of it. A pass over the derivatives does not
/// activate.
template <Activation kActivation, Pass kPass, LossKind kLoss, int kTile, Derivatives kDerivatives, class Shape, class T,
          class W>
LANDSCAPE_INLINE void forward_and_keep(const Shape& s, const FoldedNetwork<W>& net, const T* x,
                                       const AdjointWork<kLoss, T, kTile, kDerivatives>& at) {
  using At = AdjointWork<kLoss, T, kTile, kDerivatives>;
  constexpr bool kLaplacian = At::kLaplacian, kValues = kPass != Pass::derivatives;
  constexpr int kSlopes = At::kSlopes * kTile;  // of one neuron
  const FoldedLayout<Shape> layout{s};
  const int d = s.dimension(), w = s.width(), nb = s.blocks();
  const W* parameters = net.parameters;
  const int columns = at.columns, n = at.n, n_derivatives = at.n_derivatives;
  const int begin = kValues ? 0 : kTile, end = kPass == Pass::values ? kTile : columns;
  T *odd_in = at.odd_in, *odd_out = at.odd_out, *even_in = at.even_in, *stream = at.stream;
  T *slopes = at.slopes, *out = at.out;
  LANDSCAPE_UNROLL_SHAPE
  for (int c = begin; c < end; ++c) out[c] = T(c < kTile ? parameters[layout.out_bias()] : W(0.0));
  LANDSCAPE_UNROLL_SHAPE
  for (int j = 0; j < d; ++j) {
    const T slope = T(parameters[layout.out_direct() + j]);
    LANDSCAPE_UNROLL
    for (int p = 0; p < kTile; ++p) {
      if constexpr (kValues) out[p] = fma(slope, x[j * kTile + p], out[p]);
      if constexpr (kPass != Pass::values) {
        if constexpr (At::kAlong) {
          out[kTile + p] = fma(slope, at.direction[j * kTile + p], out[kTile + p]);
        } else {
          out[(1 + j) * kTile + p] = slope;
        }
      }
    }
  }
  for (int k = 0; k < nb; ++k) {
    T* v = odd_in + k * n;
    const T* z_before = stream + (k - 1) * n;
    for_row_blocks<T>(s, [&](int i0, auto rows) {
      constexpr int kRows = decltype(rows)::value;
      if (k > 0) {
        dense_rows<kRows>(s, net.transposed + layout.odd_weight(k) + i0, z_before, columns, v + i0 * columns, begin,
                          end);
      }
      LANDSCAPE_UNROLL_SHAPE
      for (int r = 0; r < kRows; ++r) {
        const int i = i0 + r;
        add_input<kPass>(layout, parameters, k, i, x, at, v + i * columns);
        activate_and_keep<kActivation, kLaplacian, kPass, kTile>(
            n_derivatives, v + i * columns, odd_out + k * n + i * columns, slopes + (2 * k * w + i) * kSlopes);
      }
    });
    if (!layout.is_whole(k)) break;
    T* even = even_in + k * n;
    T* z = stream + k * n;
    for_row_blocks<T>(s, [&](int i0, auto rows) {
      constexpr int kRows = decltype(rows)::value;
      dense_rows<kRows>(s, net.transposed + layout.even_weight(k) + i0, odd_out + k * n, columns, even + i0 * columns,
                        begin, end);
      LANDSCAPE_UNROLL_SHAPE
      for (int r = 0; r < kRows; ++r) {
        const int i = i0 + r;
        if constexpr (kValues) {
          const T bias = T(parameters[layout.even_bias(k) + i]);
          LANDSCAPE_UNROLL
          for (int p = 0; p < kTile; ++p) even[i * columns + p] = even[i * columns + p] + bias;
        }
        activate_and_keep<kActivation, kLaplacian, kPass, kTile>(n_derivatives, even + i * columns, z + i * columns,
                                                                 slopes + ((2 * k + 1) * w + i) * kSlopes);
        if (s.skip() && k > 0) {
          LANDSCAPE_UNROLL_SHAPE
          for (int c = begin; c < end; ++c) z[i * columns + c] = z[i * columns + c] + z_before[i * columns + c];
        }
      }
    });
  }
  const T* z_last = s.ends_half() ? odd_out + (nb - 1) * n : stream + (nb - 1) * n;
  LANDSCAPE_UNROLL_SHAPE
  for (int i = 0; i < w; ++i) {
    const T a = T(parameters[layout.out_weight() + i]);
    LANDSCAPE_UNROLL_SHAPE
    for (int c = begin; c < end; ++c) out[c] = fma(a, z_last[i * columns + c], out[c]);
  }
}

/// Adds the gradient, with respect to the folded parameters, of what has the derivatives at.out_bar by the jet that was
/// kept; that may be done again for other derivatives.
template <LossKind kLoss, int kTile, Derivatives kDerivatives, class Shape, class T, class W>
LANDSCAPE_OUTLINE void add_adjoint(const Shape& s, const FoldedNetwork<W>& net, const T* x,
                                   const AdjointWork<kLoss, T, kTile, kDerivatives>& at, T* gradient) {
  using At = AdjointWork<kLoss, T, kTile, kDerivatives>;
  constexpr bool kLaplacian = At::kLaplacian;
  constexpr int kSlopes = At::kSlopes * kTile;
  const FoldedLayout<Shape> layout{s};
  const int d = s.dimension(), w = s.width(), nb = s.blocks();
  const W* parameters = net.parameters;
  const int columns = At::columns_of(s), n = at.n, n_derivatives = At::kAlong ? 1 : d;
  const T *odd_in = at.odd_in, *odd_out = at.odd_out, *even_in = at.even_in, *stream = at.stream;
  const T *slopes = at.slopes, *out_bar = at.out_bar;
  T *z_bar = at.z_bar, *v_bar = at.v_bar, *h_bar = at.h_bar;
  const T* z_last = s.ends_half() ? odd_out + (nb - 1) * n : stream + (nb - 1) * n;
  // Of a number that multiplies x_j: `bar` is the adjoint of a neuron that takes it.
  const auto add_by_input = [&](T& to, const T* bar, int j) {
    T sum = to;
    LANDSCAPE_UNROLL
    for (int p = 0; p < kTile; ++p) {
      if constexpr (At::kAlong) {
        sum = fma(bar[p], x[j * kTile + p], fma(bar[kTile + p], at.direction[j * kTile + p], sum));
      } else {
        sum = fma(bar[p], x[j * kTile + p], sum + bar[(1 + j) * kTile + p]);
      }
    }
    to = sum;
  };
  const auto add_values = [&](T& to, const T* bar) {
    T sum = to;
    LANDSCAPE_UNROLL
    for (int p = 0; p < kTile; ++p) sum = sum + bar[p];
    to = sum;
  };
  add_values(gradient[layout.out_bias()], out_bar);
  LANDSCAPE_UNROLL_SHAPE
  for (int j = 0; j < d; ++j) add_by_input(gradient[layout.out_direct() + j], out_bar, j);
  LANDSCAPE_UNROLL_SHAPE
  for (int i = 0; i < w; ++i) {
    const T a = T(parameters[layout.out_weight() + i]);
    T sum = gradient[layout.out_weight() + i];
    LANDSCAPE_UNROLL
    for (int p = 0; p < kTile; ++p) {
      LANDSCAPE_UNROLL_SHAPE
      for (int c = p; c < columns; c += kTile) {
        sum = fma(out_bar[c], z_last[i * columns + c], sum);
        z_bar[i * columns + c] = a * out_bar[c];
      }
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
        activate_channels_adjoint<kLaplacian, kTile>(n_derivatives, even_in + k * n + i * columns,
                                                     slopes + ((2 * k + 1) * w + i) * kSlopes, bar);
        add_values(gradient[layout.even_bias(k) + i], bar);
      }
      accumulate_outer<kTile, kDerivatives>(s, columns, v_bar, odd_out + k * n, gradient + layout.even_weight(k));
      for_row_blocks<T>(s, [&](int i0, auto rows) {
        constexpr int kRows = decltype(rows)::value;
        dense_rows<kRows>(s, net.parameters + layout.even_weight(k) + i0, v_bar, columns, h_bar + i0 * columns, 0,
                          columns);
      });
    } else {
      LANDSCAPE_UNROLL_SHAPE
      for (int i = 0; i < n; ++i) h_bar[i] = z_bar[i];
    }
    LANDSCAPE_UNROLL_SHAPE
    for (int i = 0; i < w; ++i) {
      T* bar = h_bar + i * columns;
      activate_channels_adjoint<kLaplacian, kTile>(n_derivatives, odd_in + k * n + i * columns,
                                                   slopes + (2 * k * w + i) * kSlopes, bar);
      add_values(gradient[layout.odd_bias(k) + i], bar);
      if (layout.has_direct(k)) {
        LANDSCAPE_UNROLL_SHAPE
        for (int j = 0; j < d; ++j) add_by_input(gradient[layout.direct(k) + j * w + i], bar, j);
      }
    }
    if (k > 0) {
      accumulate_outer<kTile, kDerivatives>(s, columns, h_bar, stream + (k - 1) * n, gradient + layout.odd_weight(k));
      for_row_blocks<T>(s, [&](int i0, auto rows) {
        constexpr int kRows = decltype(rows)::value;
        dense_rows<kRows>(s, net.parameters + layout.odd_weight(k) + i0, h_bar, columns, v_bar + i0 * columns, 0,
                          columns);
      });
      LANDSCAPE_UNROLL_SHAPE
      for (int i = 0; i < n; ++i) z_bar[i] = s.skip() ? z_bar[i] + v_bar[i] : v_bar[i];
    }
  }
}

LANDSCAPE_MATH_END
