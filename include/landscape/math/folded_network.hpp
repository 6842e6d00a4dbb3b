// Network shapes and their folded form. Folding moves everything that does not depend on the point out of the point
// loop.
//
// Networks (tensor order as PyTorch's state dict: layer_in, layer1 ... layer2nb, layer_out; weight (out x in), then
// bias):
//   linear  N = a x + c
//   fcnet   N = a h_2nb + c,  h_l = phi(W_l h_{l-1} + b_l),  h_0 = W_in x + b_in
//   resnet  y_0 = W_in x + b_in,  y_k = y_{k-1} + phi(W_2k phi(W_2k-1 y_{k-1} + b_2k-1) + b_2k),  N = a y_nb + c
//   mlp     N = a h_n + c,  h_l = phi(W_l-1 h_{l-1} + b_l-1),  h_1 = phi(W_in x + b_in): n hidden layers of one width
// Folded, with z_k = y_k - y_0 for resnet and z_k = h_2k for fcnet (z_0 = 0 in both):
//   v_2k-1 = A_k x + c_k + W_2k-1 z_{k-1},   v_2k = W_2k phi(v_2k-1) + b_2k,   N = o x + o_c + a z_nb
//   A_k = W_2k-1 W_in, c_k = W_2k-1 b_in + b_2k-1, o = a W_in, o_c = a b_in + c   (resnet; fcnet: A_1, c_1 only, o = 0)
// so that W_1 and the skip path cost d, not w, operations per neuron. An mlp is there already: its h_1 is phi(v_1) with
// A_1 = W_in, c_1 = b_in, so that folded it is an fcnet of nb = n / 2 blocks. Where n is odd its last block ends after
// the first of its two layers: N = o x + o_c + a phi(v_2nb-1).
#pragma once

#include "landscape/math/config.hpp"
#include "landscape/math/scalar.hpp"

LANDSCAPE_MATH_BEGIN

/// Shape known at run time. linear: width = blocks = 0.
struct DynamicShape {
  int d, w, nb;
  bool residual;
  bool acts_on_input = false;  // an activation follows layer_in: mlp
  bool half = false;           // the last block has its first layer only
  static constexpr bool kStatic = false;
  LANDSCAPE_INLINE constexpr int dimension() const { return d; }
  LANDSCAPE_INLINE constexpr int width() const { return w; }
  LANDSCAPE_INLINE constexpr int blocks() const { return nb; }
  LANDSCAPE_INLINE constexpr bool skip() const { return residual; }
  LANDSCAPE_INLINE constexpr bool activates_input() const { return acts_on_input; }
  LANDSCAPE_INLINE constexpr bool ends_half() const { return half; }
};

/// A DynamicShape of whole blocks only: what half a block would need is not compiled in. Asked at run time instead, a
/// question per block costs a narrow network a tenth of its instructions (1-D, width 4).
struct WholeShape : DynamicShape {
  LANDSCAPE_INLINE explicit constexpr WholeShape(const DynamicShape& s) : DynamicShape(s) {}
  LANDSCAPE_INLINE static constexpr bool ends_half() { return false; }
};

/// Shape known when compiling, for networks so narrow that loop overhead would dominate.
template <int kDimension, int kWidth, int kBlocks, bool kSkip>
struct StaticShape {
  static constexpr bool kStatic = true;
  LANDSCAPE_INLINE static constexpr int dimension() { return kDimension; }
  LANDSCAPE_INLINE static constexpr int width() { return kWidth; }
  LANDSCAPE_INLINE static constexpr int blocks() { return kBlocks; }
  LANDSCAPE_INLINE static constexpr bool skip() { return kSkip; }
  LANDSCAPE_INLINE static constexpr bool activates_input() { return false; }
  LANDSCAPE_INLINE static constexpr bool ends_half() { return false; }
};

/// Layers between layer_in and layer_out.
template <class Shape>
LANDSCAPE_INLINE constexpr int inner_layers(const Shape& s) {
  return 2 * s.blocks() - (s.activates_input() ? 1 : 0) - (s.ends_half() ? 1 : 0);
}

/// Number of parameters of the network as trained.
template <class Shape>
LANDSCAPE_INLINE constexpr int parameter_count(const Shape& s) {
  const int w = s.width(), d = s.dimension();
  return w == 0 ? d + 1 : w * d + w + inner_layers(s) * (w * w + w) + w + 1;
}

/// Offsets into the folded parameters. Matrices of hidden layers are (out, in) row-major; A_k is (d, w). Half a block
/// leaves the room of its second layer unused: these offsets are computed in the innermost loops.
template <class Shape>
struct FoldedLayout {
  Shape s;
  /// Does block k see the point directly?
  LANDSCAPE_INLINE constexpr bool has_direct(int k) const { return k == 0 || s.skip(); }
  /// Has block k both its layers?
  LANDSCAPE_INLINE constexpr bool is_whole(int k) const { return !s.ends_half() || k < s.blocks() - 1; }
  LANDSCAPE_INLINE constexpr int block(int k) const {
    const int w = s.width(), d = s.dimension();
    const int first = d * w + w + w * w + w;
    const int other = (s.skip() ? d * w : 0) + w + w * w + w * w + w;
    return k == 0 ? 0 : first + (k - 1) * other;
  }
  LANDSCAPE_INLINE constexpr int direct(int k) const { return block(k); }  // A_k (d, w)
  LANDSCAPE_INLINE constexpr int odd_bias(int k) const {                   // c_k (w)
    return block(k) + (has_direct(k) ? s.dimension() * s.width() : 0);
  }
  LANDSCAPE_INLINE constexpr int odd_weight(int k) const {
    return odd_bias(k) + s.width();
  }                                                          // W_2k-1 (w, w), k > 0 only
  LANDSCAPE_INLINE constexpr int even_weight(int k) const {  // W_2k (w, w)
    return odd_bias(k) + s.width() + (k == 0 ? 0 : s.width() * s.width());
  }
  LANDSCAPE_INLINE constexpr int even_bias(int k) const { return even_weight(k) + s.width() * s.width(); }  // b_2k (w)
  LANDSCAPE_INLINE constexpr int out_weight() const { return block(s.blocks()); }                           // a (w)
  LANDSCAPE_INLINE constexpr int out_direct() const { return out_weight() + s.width(); }                    // o (d)
  LANDSCAPE_INLINE constexpr int out_bias() const { return out_direct() + s.dimension(); }                  // o_c
  LANDSCAPE_INLINE constexpr int size() const { return out_bias() + 1; }
  /// Length of the buffer `fold` fills: the parameters, the same with every hidden matrix transposed, and |A_1|^2 (w).
  LANDSCAPE_INLINE constexpr int buffer_size() const { return 2 * size() + s.width(); }
};
template <class Shape>
FoldedLayout(Shape) -> FoldedLayout<Shape>;

/// Where `fold` left its results.
template <class W>
struct FoldedNetwork {
  const W* parameters;   // FoldedLayout order
  const W* transposed;   // the same offsets, hidden matrices (in, out)
  const W* direct_norm;  // (w) sum over dimensions of A_1^2
};

/// Offsets into the parameters as trained.
template <class Shape>
struct TrainedLayout {
  Shape s;
  LANDSCAPE_INLINE constexpr int in_weight() const { return 0; }                        // (w, d)
  LANDSCAPE_INLINE constexpr int in_bias() const { return s.width() * s.dimension(); }  // (w)
  LANDSCAPE_INLINE constexpr int layer_weight(int l) const {  // l = 1 ... inner_layers, (w, w)
    const int w = s.width();
    return w * s.dimension() + w + (l - 1) * (w * w + w);
  }
  LANDSCAPE_INLINE constexpr int layer_bias(int l) const { return layer_weight(l) + s.width() * s.width(); }
  /// The layers of block k; an mlp's layer 0 is layer_in.
  LANDSCAPE_INLINE constexpr int odd_layer(int k) const { return s.activates_input() ? 2 * k : 2 * k + 1; }
  LANDSCAPE_INLINE constexpr int even_layer(int k) const { return odd_layer(k) + 1; }
  LANDSCAPE_INLINE constexpr int out_weight() const { return s.width() == 0 ? 0 : layer_weight(inner_layers(s) + 1); }
  LANDSCAPE_INLINE constexpr int out_bias() const {
    return out_weight() + (s.width() == 0 ? s.dimension() : s.width());
  }
};
template <class Shape>
TrainedLayout(Shape) -> TrainedLayout<Shape>;

/// Folds theta (parameter_count) into `buffer` (FoldedLayout::buffer_size). Several threads may share the work: each
/// then calls with its own `first` below their number `n_threads`, and all of them together fill the buffer with the
/// bits of one call.
template <class Shape, class W>
LANDSCAPE_INLINE FoldedNetwork<W> fold(const Shape& s, const W* theta, W* buffer, int first = 0, int n_threads = 1) {
  const FoldedLayout<Shape> to{s};
  const TrainedLayout<Shape> from{s};
  const int d = s.dimension(), w = s.width(), nb = s.blocks();
  W* p = buffer;
  W* pt = buffer + to.size();
  W* norm = buffer + 2 * to.size();
  const W* w_in = theta + from.in_weight();
  const W* b_in = theta + from.in_bias();
  const W* a = theta + from.out_weight();
  for (int k = 0; k < nb; ++k) {
    const bool is_input = s.activates_input() && k == 0;  // the odd layer is layer_in itself
    const bool direct = to.has_direct(k) && !is_input;
    const W* odd = theta + (is_input ? from.in_weight() : from.layer_weight(from.odd_layer(k)));
    const W* odd_bias = theta + (is_input ? from.in_bias() : from.layer_bias(from.odd_layer(k)));
    const int even_at = to.is_whole(k) ? from.layer_weight(from.even_layer(k)) : 0;
    const W* even = theta + even_at;
    const W* even_bias = even + w * w;
    for (int i = first; i < w; i += n_threads) {
      if (is_input) {
        for (int j = 0; j < d; ++j) p[to.direct(0) + j * w + i] = odd[i * d + j];
      }
      if (direct) {
        for (int j = 0; j < d; ++j) {
          W sum = W(0.0);
          for (int m = 0; m < w; ++m) sum = fma(odd[i * w + m], w_in[m * d + j], sum);
          p[to.direct(k) + j * w + i] = sum;
        }
      }
      W c = odd_bias[i];
      if (direct) {
        for (int m = 0; m < w; ++m) c = fma(odd[i * w + m], b_in[m], c);
      }
      p[to.odd_bias(k) + i] = c;
      for (int m = 0; m < w; ++m) {
        if (k > 0) {
          p[to.odd_weight(k) + i * w + m] = odd[i * w + m];
          pt[to.odd_weight(k) + m * w + i] = odd[i * w + m];
        }
        if (to.is_whole(k)) {
          p[to.even_weight(k) + i * w + m] = even[i * w + m];
          pt[to.even_weight(k) + m * w + i] = even[i * w + m];
        }
      }
      if (to.is_whole(k)) p[to.even_bias(k) + i] = even_bias[i];
    }
  }
  for (int i = first; i < w; i += n_threads) {
    W sum = W(0.0);
    for (int j = 0; j < d; ++j) sum = fma(p[to.direct(0) + j * w + i], p[to.direct(0) + j * w + i], sum);
    norm[i] = sum;
    p[to.out_weight() + i] = a[i];
  }
  if (first == 0) {
    W c = theta[from.out_bias()];
    if (s.skip()) {
      for (int m = 0; m < w; ++m) c = fma(a[m], b_in[m], c);
    }
    p[to.out_bias()] = c;
  }
  for (int j = first; j < d; j += n_threads) {
    W sum = w == 0 ? a[j] : W(0.0);
    if (s.skip()) {
      for (int m = 0; m < w; ++m) sum = fma(a[m], w_in[m * d + j], sum);
    }
    p[to.out_direct() + j] = sum;
  }
  return {p, pt, norm};
}

/// Chain rule through `fold`: from the gradient with respect to the folded parameters (FoldedLayout order) to that with
/// respect to theta.
template <class Shape, class W>
LANDSCAPE_INLINE void unfold_gradient(const Shape& s, const W* theta, const W* folded, W* gradient) {
  const FoldedLayout<Shape> from{s};
  const TrainedLayout<Shape> to{s};
  const int d = s.dimension(), w = s.width(), nb = s.blocks();
  const W* out_direct = folded + from.out_direct();
  const W out_bias = folded[from.out_bias()];
  gradient[to.out_bias()] = out_bias;
  if (w == 0) {
    for (int j = 0; j < d; ++j) gradient[to.out_weight() + j] = out_direct[j];
    return;
  }
  const W* w_in = theta + to.in_weight();
  const W* b_in = theta + to.in_bias();
  const W* a = theta + to.out_weight();
  W* g_in = gradient + to.in_weight();
  W* g_in_bias = gradient + to.in_bias();
  for (int m = 0; m < w; ++m) {
    W g_a = folded[from.out_weight() + m];
    if (s.skip()) {
      g_a = fma(b_in[m], out_bias, g_a);
      for (int j = 0; j < d; ++j) g_a = fma(w_in[m * d + j], out_direct[j], g_a);
    }
    gradient[to.out_weight() + m] = g_a;
    for (int j = 0; j < d; ++j) g_in[m * d + j] = s.skip() ? a[m] * out_direct[j] : W(0.0);
    g_in_bias[m] = s.skip() ? a[m] * out_bias : W(0.0);
  }
  for (int k = 0; k < nb; ++k) {
    if (from.is_whole(k)) {
      W* g_even = gradient + to.layer_weight(to.even_layer(k));
      for (int i = 0; i < w * w; ++i) g_even[i] = folded[from.even_weight(k) + i];
      for (int i = 0; i < w; ++i) g_even[w * w + i] = folded[from.even_bias(k) + i];
    }
    if (s.activates_input() && k == 0) {
      for (int i = 0; i < w; ++i) {
        for (int j = 0; j < d; ++j) g_in[i * d + j] = folded[from.direct(0) + j * w + i];
        g_in_bias[i] = folded[from.odd_bias(0) + i];
      }
      continue;
    }
    const W* odd = theta + to.layer_weight(to.odd_layer(k));
    W* g_odd = gradient + to.layer_weight(to.odd_layer(k));
    for (int i = 0; i < w; ++i) {
      const W g_c = folded[from.odd_bias(k) + i];
      gradient[to.layer_bias(to.odd_layer(k)) + i] = g_c;
      for (int m = 0; m < w; ++m) {
        W g = k == 0 ? W(0.0) : folded[from.odd_weight(k) + i * w + m];
        if (from.has_direct(k)) {
          g = fma(g_c, b_in[m], g);
          g_in_bias[m] = fma(odd[i * w + m], g_c, g_in_bias[m]);
          for (int j = 0; j < d; ++j) {
            const W g_direct = folded[from.direct(k) + j * w + i];
            g = fma(g_direct, w_in[m * d + j], g);
            g_in[m * d + j] = fma(odd[i * w + m], g_direct, g_in[m * d + j]);
          }
        }
        g_odd[i * w + m] = g;
      }
    }
  }
}

LANDSCAPE_MATH_END
