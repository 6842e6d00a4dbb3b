// Value, gradient and Laplacian of a folded network at a point, by exact propagation:
//   forward   channels (h, dh/dx_1 ... dh/dx_d, Laplace h) through every layer ("forward Laplacian", Li et al. 2023):
//             h = phi(v), dh = phi' dv, Lap h = phi' Lap v + phi'' |dv|^2
//   adjoint   value forward, then the d derivatives at once by one backward sweep (cheaper where no Laplacian is
//   needed)
// and the parameter gradient of a loss by the hand-written adjoint of the forward pass.
// T is the scalar of a point (double, SIMD lanes, dual), W that of a parameter. kTile points share one sweep; every
// array is [neuron][channel][kTile].
#pragma once

#include "landscape/math/activation.hpp"
#include "landscape/math/config.hpp"
#include "landscape/math/folded_network.hpp"

LANDSCAPE_MATH_BEGIN

/// How a scalar type likes its matrix products blocked: kRows output neurons by kColumns channels are kept in
/// registers.
template <class T>
struct DenseBlocking {
  static constexpr int kRows = 1;
  static constexpr int kColumns = 4;
  static constexpr bool kOutline = false;
};

/// out[r][c] = sum_m weight[m * ld + r] x[m][c] for kRows x kColumns entries; x and out have `columns` channels per
/// neuron.
template <int kRows, int kColumns, class T, class W>
LANDSCAPE_INLINE void dense_tile(const W* weight, int ld, int n_in, const T* x, int columns, T* out) {
  T sum[kRows][kColumns];
  LANDSCAPE_UNROLL
  for (int c = 0; c < kColumns; ++c) {
    LANDSCAPE_UNROLL
    for (int r = 0; r < kRows; ++r) sum[r][c] = T(weight[r]) * x[c];
  }
  for (int m = 1; m < n_in; ++m) {
    const T* xm = x + m * columns;
    const W* wm = weight + m * ld;
    LANDSCAPE_UNROLL
    for (int c = 0; c < kColumns; ++c) {
      LANDSCAPE_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r][c] = fma(T(wm[r]), xm[c], sum[r][c]);
    }
  }
  LANDSCAPE_UNROLL
  for (int r = 0; r < kRows; ++r) {
    LANDSCAPE_UNROLL
    for (int c = 0; c < kColumns; ++c) out[r * columns + c] = sum[r][c];
  }
}

#if !defined(__CUDACC__)
/// The same, kept out of line: inlined into its callers, GCC spills the accumulators (measured: 40 % slower).
template <int kRows, int kColumns, class T, class W>
__attribute__((noinline)) void dense_tile_outlined(const W* __restrict weight, int ld, int n_in, const T* __restrict x,
                                                   int columns, T* __restrict out) {
  dense_tile<kRows, kColumns>(weight, ld, n_in, x, columns, out);
}
#endif

template <int kRows, int kColumns, class T, class W>
LANDSCAPE_INLINE void dense_columns(const W* weight, int ld, int n_in, const T* x, int columns, int& c, int end,
                                    T* out) {
  if constexpr (kColumns > 0) {
    while (end - c >= kColumns) {
#if !defined(__CUDACC__)
      if constexpr (DenseBlocking<T>::kOutline) {
        dense_tile_outlined<kRows, kColumns>(weight, ld, n_in, x + c, columns, out + c);
      } else
#endif
      {
        dense_tile<kRows, kColumns>(weight, ld, n_in, x + c, columns, out + c);
      }
      c += kColumns;
    }
  }
}

/// out[r][c] = sum_m weight[m * ld + r] x[m][c], r < kRows, channels [begin, end) of `columns`. weight points at the
/// first of the rows.
template <int kRows, class Shape, class T, class W>
LANDSCAPE_INLINE void dense_rows(const Shape& s, const W* weight, const T* x, int columns, T* out, int begin, int end) {
  const int w = s.width();
  if constexpr (Shape::kStatic) {
    LANDSCAPE_UNROLL_SHAPE
    for (int c = begin; c < end; ++c) {
      T sum[kRows];
      LANDSCAPE_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r] = T(weight[r]) * x[c];
      LANDSCAPE_UNROLL_SHAPE
      for (int m = 1; m < w; ++m) {
        LANDSCAPE_UNROLL
        for (int r = 0; r < kRows; ++r) sum[r] = fma(T(weight[m * w + r]), x[m * columns + c], sum[r]);
      }
      LANDSCAPE_UNROLL
      for (int r = 0; r < kRows; ++r) out[r * columns + c] = sum[r];
    }
  } else {
    constexpr int kColumns = DenseBlocking<T>::kColumns;
    int c = begin;
    dense_columns<kRows, kColumns>(weight, w, w, x, columns, c, end, out);
    dense_columns<kRows, (kColumns > 8 ? 8 : 0)>(weight, w, w, x, columns, c, end, out);
    dense_columns<kRows, (kColumns > 4 ? 4 : 0)>(weight, w, w, x, columns, c, end, out);
    dense_columns<kRows, (kColumns > 2 ? 2 : 0)>(weight, w, w, x, columns, c, end, out);
    dense_columns<kRows, 1>(weight, w, w, x, columns, c, end, out);
  }
}
template <int kRows, class Shape, class T, class W>
LANDSCAPE_INLINE void dense_rows(const Shape& s, const W* weight, const T* x, int columns, T* out) {
  dense_rows<kRows>(s, weight, x, columns, out, 0, columns);
}

/// Calls f(first row, integral constant = number of rows) for blocks of rows that cover [0, w).
template <int kRows>
struct RowCount {
  static constexpr int value = kRows;
};
template <class T, class Shape, class F>
LANDSCAPE_INLINE void for_row_blocks(const Shape& s, F&& f) {
  constexpr int kRows = DenseBlocking<T>::kRows;
  const int w = s.width();
  int i = 0;
  LANDSCAPE_UNROLL_SHAPE
  for (; i + kRows <= w; i += kRows) f(i, RowCount<kRows>{});
  if constexpr (kRows > 1) {
    LANDSCAPE_UNROLL_SHAPE
    for (; i < w; ++i) f(i, RowCount<1>{});
  }
}

/// Length of `work` for forward_jet, in T.
template <bool kLaplacian, int kTile, class T, class Shape>
LANDSCAPE_INLINE constexpr int forward_work(const Shape& s) {
  const int columns = (s.dimension() + (kLaplacian ? 2 : 1)) * kTile;
  return (2 * s.width() + DenseBlocking<T>::kRows) * columns;
}

/// Applies phi to one neuron's channels in place.
template <Activation kActivation, bool kLaplacian, int kTile, class T>
LANDSCAPE_INLINE void activate_channels(int d, T* v) {
  LANDSCAPE_UNROLL
  for (int p = 0; p < kTile; ++p) {
    const ActivationJet<T> phi = activate<kActivation>(v[p]);
    T square = T(0.0);
    LANDSCAPE_UNROLL_SHAPE
    for (int k = 1; k <= d; ++k) {
      const T g = v[k * kTile + p];
      if constexpr (kLaplacian) square = fma(g, g, square);
      v[k * kTile + p] = phi.f1 * g;
    }
    if constexpr (kLaplacian) v[(d + 1) * kTile + p] = fma(phi.f1, v[(d + 1) * kTile + p], phi.f2 * square);
    v[p] = phi.f;
  }
}

/// Adds A_k x + c_k and its derivatives to the pre-activations of neuron i in block k > 0.
template <int kTile, class Shape, class T, class W>
LANDSCAPE_INLINE void add_direct(const FoldedLayout<Shape>& layout, const W* parameters, int k, int i, const T* x,
                                 T* v) {
  const int d = layout.s.dimension(), w = layout.s.width();
  const T bias = T(parameters[layout.odd_bias(k) + i]);
  LANDSCAPE_UNROLL
  for (int p = 0; p < kTile; ++p) v[p] = v[p] + bias;
  if (layout.s.skip()) {
    LANDSCAPE_UNROLL_SHAPE
    for (int j = 0; j < d; ++j) {
      const T slope = T(parameters[layout.direct(k) + j * w + i]);
      LANDSCAPE_UNROLL
      for (int p = 0; p < kTile; ++p) {
        v[p] = fma(slope, x[j * kTile + p], v[p]);
        v[(1 + j) * kTile + p] = v[(1 + j) * kTile + p] + slope;
      }
    }
  }
}

/// N, grad N and (kLaplacian) Laplace N at kTile points x [d][kTile]; out [d + 1 (+ 1)][kTile].
template <Activation kActivation, bool kLaplacian, int kTile, class Shape, class T, class W>
LANDSCAPE_INLINE void forward_jet(const Shape& s, const FoldedNetwork<W>& net, const T* x, T* out, T* work) {
  const FoldedLayout<Shape> layout{s};
  const int d = s.dimension(), w = s.width(), nb = s.blocks();
  const int columns = (d + (kLaplacian ? 2 : 1)) * kTile;
  T* h = work;                 // (w, columns) after the odd layer
  T* z = h + w * columns;      // (w, columns) the stream between blocks
  T* block = z + w * columns;  // (kRows, columns)
  const W* p_direct = net.parameters + layout.out_direct();
  LANDSCAPE_UNROLL
  for (int p = 0; p < kTile; ++p) {
    T sum = T(net.parameters[layout.out_bias()]);
    LANDSCAPE_UNROLL_SHAPE
    for (int j = 0; j < d; ++j) {
      sum = fma(T(p_direct[j]), x[j * kTile + p], sum);
      out[(1 + j) * kTile + p] = T(p_direct[j]);
    }
    out[p] = sum;
    if constexpr (kLaplacian) out[(d + 1) * kTile + p] = T(0.0);
  }
  for (int k = 0; k < nb; ++k) {
    if (k == 0) {
      const W* direct = net.parameters + layout.direct(0);
      const W* bias = net.parameters + layout.odd_bias(0);
      LANDSCAPE_UNROLL_SHAPE
      for (int i = 0; i < w; ++i) {
        T* hi = h + i * columns;
        LANDSCAPE_UNROLL
        for (int p = 0; p < kTile; ++p) {
          T v = T(bias[i]);
          LANDSCAPE_UNROLL_SHAPE
          for (int j = 0; j < d; ++j) v = fma(T(direct[j * w + i]), x[j * kTile + p], v);
          const ActivationJet<T> phi = activate<kActivation>(v);
          hi[p] = phi.f;
          LANDSCAPE_UNROLL_SHAPE
          for (int j = 0; j < d; ++j) hi[(1 + j) * kTile + p] = phi.f1 * T(direct[j * w + i]);
          if constexpr (kLaplacian) hi[(d + 1) * kTile + p] = phi.f2 * T(net.direct_norm[i]);
        }
      }
    } else {
      for_row_blocks<T>(s, [&](int i0, auto rows) {
        constexpr int kRows = decltype(rows)::value;
        T* hi = h + i0 * columns;
        dense_rows<kRows>(s, net.transposed + layout.odd_weight(k) + i0, z, columns, hi);
        LANDSCAPE_UNROLL_SHAPE
        for (int r = 0; r < kRows; ++r) {
          add_direct<kTile>(layout, net.parameters, k, i0 + r, x, hi + r * columns);
          activate_channels<kActivation, kLaplacian, kTile>(d, hi + r * columns);
        }
      });
    }
    if (!layout.is_whole(k)) {
      LANDSCAPE_UNROLL_SHAPE
      for (int i = 0; i < w; ++i) {
        const T a = T(net.parameters[layout.out_weight() + i]);
        LANDSCAPE_UNROLL_SHAPE
        for (int c = 0; c < columns; ++c) out[c] = fma(a, h[i * columns + c], out[c]);
      }
      break;
    }
    const bool last = k == nb - 1;
    for_row_blocks<T>(s, [&](int i0, auto rows) {
      constexpr int kRows = decltype(rows)::value;
      dense_rows<kRows>(s, net.transposed + layout.even_weight(k) + i0, h, columns, block);
      LANDSCAPE_UNROLL_SHAPE
      for (int r = 0; r < kRows; ++r) {
        T* v = block + r * columns;
        T* zi = z + (i0 + r) * columns;
        const T bias = T(net.parameters[layout.even_bias(k) + i0 + r]);
        LANDSCAPE_UNROLL
        for (int p = 0; p < kTile; ++p) v[p] = v[p] + bias;
        activate_channels<kActivation, kLaplacian, kTile>(d, v);
        const bool add = s.skip() && k > 0;
        if (last) {
          const T a = T(net.parameters[layout.out_weight() + i0 + r]);
          LANDSCAPE_UNROLL_SHAPE
          for (int c = 0; c < columns; ++c) out[c] = fma(a, add ? v[c] + zi[c] : v[c], out[c]);
        } else {
          for (int c = 0; c < columns; ++c) zi[c] = add ? v[c] + zi[c] : v[c];
        }
      }
    });
  }
}

/// grad N by one backward sweep, written behind the first kTile numbers of out; phi' of layer l, neuron i, is at slopes
/// + (l w + i) apart. work: (3 w + DenseBlocking<T>::kRows) kTile, or (3 w + w) kTile where w is smaller than that.
template <int kTile, class Shape, class T, class W>
LANDSCAPE_INLINE void backward_gradient(const Shape& s, const FoldedNetwork<W>& net, const T* slopes, int apart, T* out,
                                        T* work) {
  const FoldedLayout<Shape> layout{s};
  const int d = s.dimension(), w = s.width(), nb = s.blocks();
  const int n = w * kTile;
  T* h = work;
  T* z = h + n;           // dN/dz_k; of half a block, the derivative by what its only layer gives
  T* lambda = z + n;      // (w, kTile)
  T* block = lambda + n;  // (kRows, kTile)
  LANDSCAPE_UNROLL_SHAPE
  for (int j = 0; j < d; ++j) {
    const T slope = T(net.parameters[layout.out_direct() + j]);
    LANDSCAPE_UNROLL
    for (int p = 0; p < kTile; ++p) out[(1 + j) * kTile + p] = slope;
  }
  LANDSCAPE_UNROLL_SHAPE
  for (int i = 0; i < w; ++i) {
    const T a = T(net.parameters[layout.out_weight() + i]);
    LANDSCAPE_UNROLL
    for (int p = 0; p < kTile; ++p) z[i * kTile + p] = a;
  }
  for (int k = nb - 1; k >= 0; --k) {
    const T* odd_slope = slopes + (2 * k) * w * apart;
    const T* even_slope = odd_slope + w * apart;
    const bool whole = layout.is_whole(k);
    if (whole) {
      LANDSCAPE_UNROLL_SHAPE
      for (int i = 0; i < w; ++i) {
        LANDSCAPE_UNROLL
        for (int p = 0; p < kTile; ++p) lambda[i * kTile + p] = z[i * kTile + p] * even_slope[i * apart + p];
      }
    }
    for_row_blocks<T>(s, [&](int i0, auto rows) {
      constexpr int kRows = decltype(rows)::value;
      if (whole) {
        dense_rows<kRows>(s, net.parameters + layout.even_weight(k) + i0, lambda, kTile, block);
      } else {
        for (int c = 0; c < kRows * kTile; ++c) block[c] = z[i0 * kTile + c];
      }
      LANDSCAPE_UNROLL_SHAPE
      for (int r = 0; r < kRows; ++r) {
        const int i = i0 + r;
        LANDSCAPE_UNROLL
        for (int p = 0; p < kTile; ++p) {
          h[i * kTile + p] = block[r * kTile + p] * odd_slope[i * apart + p];
        }
      }
    });
    if (layout.has_direct(k)) {
      LANDSCAPE_UNROLL_SHAPE
      for (int j = 0; j < d; ++j) {
        T sum[kTile];
        LANDSCAPE_UNROLL
        for (int p = 0; p < kTile; ++p) sum[p] = out[(1 + j) * kTile + p];
        LANDSCAPE_UNROLL_SHAPE
        for (int i = 0; i < w; ++i) {
          const T slope = T(net.parameters[layout.direct(k) + j * w + i]);
          LANDSCAPE_UNROLL
          for (int p = 0; p < kTile; ++p) sum[p] = fma(slope, h[i * kTile + p], sum[p]);
        }
        LANDSCAPE_UNROLL
        for (int p = 0; p < kTile; ++p) out[(1 + j) * kTile + p] = sum[p];
      }
    }
    if (k > 0) {
      for_row_blocks<T>(s, [&](int i0, auto rows) {
        constexpr int kRows = decltype(rows)::value;
        dense_rows<kRows>(s, net.parameters + layout.odd_weight(k) + i0, h, kTile, block);
        LANDSCAPE_UNROLL_SHAPE
        for (int r = 0; r < kRows; ++r) {
          for (int p = 0; p < kTile; ++p) {
            T& zi = z[(i0 + r) * kTile + p];
            zi = s.skip() ? zi + block[r * kTile + p] : block[r * kTile + p];
          }
        }
      });
    }
  }
}

/// Length of `work` for adjoint_jet, in T.
template <int kTile, class T, class Shape>
LANDSCAPE_INLINE constexpr int adjoint_work(const Shape& s) {
  return (2 * s.blocks() + 3 + DenseBlocking<T>::kRows) * s.width() * kTile;
}

/// N and grad N as forward_jet<false> gives them, by one value sweep and one backward sweep.
template <Activation kActivation, int kTile, class Shape, class T, class W>
LANDSCAPE_INLINE void adjoint_jet(const Shape& s, const FoldedNetwork<W>& net, const T* x, T* out, T* work) {
  const FoldedLayout<Shape> layout{s};
  const int d = s.dimension(), w = s.width(), nb = s.blocks();
  const int n = w * kTile;
  T* slopes = work;            // (2 nb, w, kTile) phi' of every layer
  T* h = slopes + 2 * nb * n;  // (w, kTile)
  T* z = h + n;                // (w, kTile) stream
  T* lambda = z + n;           // (w, kTile)
  T* block = lambda + n;       // (kRows, kTile)
  const W* p_direct = net.parameters + layout.out_direct();
  LANDSCAPE_UNROLL
  for (int p = 0; p < kTile; ++p) {
    T sum = T(net.parameters[layout.out_bias()]);
    LANDSCAPE_UNROLL_SHAPE
    for (int j = 0; j < d; ++j) sum = fma(T(p_direct[j]), x[j * kTile + p], sum);
    out[p] = sum;
  }
  for (int k = 0; k < nb; ++k) {
    T* odd_slope = slopes + (2 * k) * n;
    T* even_slope = odd_slope + n;
    for_row_blocks<T>(s, [&](int i0, auto rows) {
      constexpr int kRows = decltype(rows)::value;
      if (k > 0) dense_rows<kRows>(s, net.transposed + layout.odd_weight(k) + i0, z, kTile, block);
      LANDSCAPE_UNROLL_SHAPE
      for (int r = 0; r < kRows; ++r) {
        const int i = i0 + r;
        LANDSCAPE_UNROLL
        for (int p = 0; p < kTile; ++p) {
          const T bias = T(net.parameters[layout.odd_bias(k) + i]);
          T v = k > 0 ? block[r * kTile + p] + bias : bias;
          if (layout.has_direct(k)) {
            LANDSCAPE_UNROLL_SHAPE
            for (int j = 0; j < d; ++j) v = fma(T(net.parameters[layout.direct(k) + j * w + i]), x[j * kTile + p], v);
          }
          const ActivationJet<T> phi = activate<kActivation>(v);
          h[i * kTile + p] = phi.f;
          odd_slope[i * kTile + p] = phi.f1;
        }
      }
    });
    if (!layout.is_whole(k)) {
      LANDSCAPE_UNROLL_SHAPE
      for (int i = 0; i < w; ++i) {
        const T a = T(net.parameters[layout.out_weight() + i]);
        LANDSCAPE_UNROLL
        for (int p = 0; p < kTile; ++p) out[p] = fma(a, h[i * kTile + p], out[p]);
      }
      break;
    }
    const bool last = k == nb - 1;
    for_row_blocks<T>(s, [&](int i0, auto rows) {
      constexpr int kRows = decltype(rows)::value;
      dense_rows<kRows>(s, net.transposed + layout.even_weight(k) + i0, h, kTile, block);
      LANDSCAPE_UNROLL_SHAPE
      for (int r = 0; r < kRows; ++r) {
        const int i = i0 + r;
        LANDSCAPE_UNROLL
        for (int p = 0; p < kTile; ++p) {
          const ActivationJet<T> phi =
              activate<kActivation>(block[r * kTile + p] + T(net.parameters[layout.even_bias(k) + i]));
          even_slope[i * kTile + p] = phi.f1;
          const T value = s.skip() && k > 0 ? phi.f + z[i * kTile + p] : phi.f;
          const T a = T(net.parameters[layout.out_weight() + i]);
          if (last) {
            out[p] = fma(a, value, out[p]);
          } else {
            z[i * kTile + p] = value;
          }
        }
      }
    });
  }
  backward_gradient<kTile>(s, net, slopes, kTile, out, h);
}

LANDSCAPE_MATH_END
