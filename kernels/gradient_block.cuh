// Loss and parameter gradient of one network by blocks that share the work of a few points: the adjoint of
// landscape/math/gradient.hpp with every product on the fp64 matrix instruction. For training, and for all shapes
// beyond the narrowest.
//
// A block takes P points at a time. Its arrays are matrices (neurons, columns) with column c P + p for channel c of
// point p: the forward pass is V = W H, the backward pass H* = W^T V*, a weight's gradient V* H^T, summed over channels
// and points at once. Arrays lie in shared memory where they fit, else in device memory (plan_gradient decides by the
// shape alone). Each block adds its points into one row of partial gradients, entry by entry in a fixed order.
#pragma once

#include "device_api.cuh"
#include "generic_launchers.hpp"
#include "landscape/math/activation.hpp"
#include "landscape/math/folded_network.hpp"
#include "landscape/math/integrand.hpp"

namespace landscape::cuda {

inline constexpr int kGradientWarps = 8;

/// What every step of a block needs.
struct GradientBlock {
  const GradientTile& tile;
  math::FoldedLayout<math::DynamicShape> layout;
  const PointView& points;
  Activation activation;
  const double* net;  // folded parameters
  double* row;        // partial gradient, then the loss
  double* arrays;     // work area, GradientTile's order
  std::int64_t q;     // first point of the tile

  __device__ int d() const { return layout.s.d; }
  __device__ int w() const { return layout.s.w; }
  __device__ double* array(int i) const { return arrays + static_cast<std::int64_t>(i) * tile.array_size(); }
  __device__ double* pre_activation(int layer) const { return array(layer); }
  __device__ double* stream(int k) const { return array(2 * layout.s.nb + k); }
  __device__ double* h() const { return array(3 * layout.s.nb); }
  __device__ double* stream_bar() const { return array(3 * layout.s.nb + 1); }
  __device__ double* small() const { return array(tile.n_arrays()); }
  __device__ double* jet(int layer, int derivative) const {  // (w, P)
    return small() + static_cast<std::int64_t>(4 * layer + derivative) * tile.padded_width() * tile.n_points;
  }
  __device__ double* x() const { return jet(2 * layout.s.nb, 0); }                      // (P, d)
  __device__ double* slope() const { return x() + tile.n_points * d(); }                // (P, d)
  __device__ double* out() const { return slope() + tile.n_points * d(); }              // (P, C)
  __device__ double* out_bar() const { return out() + tile.n_points * tile.channels; }  // (P, C)
};

/// f(index) for index < n, shared out over the block's threads.
template <class F>
__device__ __forceinline__ void for_block(int n, const F& f) {
  for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) f(i);
}

/// out(8 I.., 8 J..) tiles of a product, two rows of tiles at a time per warp. a(row, k) and b(k, column) read the
/// operands, c(row, column) gives the place of an entry, or null beyond the edges; `add` keeps what is there.
template <class A, class B, class C>
__device__ __forceinline__ void block_product(int row_tiles, int column_tiles, int k_steps, const A& a, const B& b,
                                              const C& c, bool add) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  const int g = lane / 4, t = lane % 4;
  const int pairs = (row_tiles + 1) / 2;
#pragma unroll 1
  for (int item = warp; item < pairs * column_tiles; item += kGradientWarps) {
    const int row = 16 * (item / column_tiles) + g;
    const int column = 8 * (item % column_tiles);
    const bool second = row / 8 + 1 < row_tiles;
    double sum[2][2] = {};
    for (int half = 0; add && half < (second ? 2 : 1); ++half) {
      for (int e = 0; e < 2; ++e) {
        const double* from = c(row + 8 * half, column + 2 * t + e);
        if (from != nullptr) sum[half][e] = *from;
      }
    }
#pragma unroll 2
    for (int k = 0; k < k_steps; ++k) {
      const double low = second ? a(row + 8, 4 * k + t) : 0.0;
      mma_pair(sum[0], sum[1], a(row, 4 * k + t), low, b(4 * k + t, column + g));
    }
    for (int half = 0; half < (second ? 2 : 1); ++half) {
      for (int e = 0; e < 2; ++e) {
        double* to = c(row + 8 * half, column + 2 * t + e);
        if (to != nullptr) *to = sum[half][e];
      }
    }
  }
}

/// to = W from, or W^T from; W (w, w) at `offset` of the folded parameters.
__device__ __forceinline__ void times_weight(const GradientBlock& s, int offset, bool transposed, const double* from,
                                             double* to, bool add) {
  const int w = s.w(), ld = s.tile.stride();
  const double* weight = s.net + offset;
  block_product(
      s.tile.padded_width() / 8, s.tile.padded_columns() / 8, s.tile.padded_width() / 4,
      [&](int row, int k) { return row < w && k < w ? (transposed ? weight[k * w + row] : weight[row * w + k]) : 0.0; },
      [&](int k, int column) { return from[k * ld + column]; },
      [&](int row, int column) { return to + row * ld + column; }, add);
}

/// Adds bar in^T to the gradient of the weight at `offset`.
__device__ __forceinline__ void add_weight_gradient(const GradientBlock& s, int offset, const double* bar,
                                                    const double* in) {
  const int w = s.w(), ld = s.tile.stride();
  double* gradient = s.row + offset;
  block_product(
      s.tile.padded_width() / 8, s.tile.padded_width() / 8, s.tile.padded_columns() / 4,
      [&](int row, int k) { return bar[row * ld + k]; }, [&](int k, int column) { return in[column * ld + k]; },
      [&](int row, int column) { return row < w && column < w ? gradient + row * w + column : nullptr; }, true);
}

/// Layer 2k or 2k + 1: completes the pre-activations, keeps the jets of phi and stores what the next product reads.
template <bool kLaplacian>
__device__ __forceinline__ void activate_layer(const GradientBlock& s, int layer) {
  const int w = s.w(), d = s.d(), n_points = s.tile.n_points, ld = s.tile.stride();
  const int k = layer / 2;
  const bool odd = layer % 2 == 0;  // layer W_2k+1
  const bool direct = odd && s.layout.has_direct(k);
  const bool fresh = layer == 0;
  const bool add = !odd && s.layout.s.skip() && k > 0;
  const double* bias = s.net + (odd ? s.layout.odd_bias(k) : s.layout.even_bias(k));
  const double* slopes = s.net + s.layout.direct(k);
  double* v_all = s.pre_activation(layer);
  double* to_all = odd ? s.h() : s.stream(k);
  const double* before_all = add ? s.stream(k - 1) : nullptr;
  math::with_activation(s.activation, [&](auto activation) {
    for_block(w * n_points, [&](int item) {
      const int i = item / n_points, p = item % n_points;
      double* v = v_all + i * ld + p;
      double* to = to_all + i * ld + p;
      const double* before = add ? before_all + i * ld + p : nullptr;
      double value = bias[i] + (fresh ? 0.0 : v[0]);
      for (int j = 0; direct && j < d; ++j) value = math::fma(slopes[j * w + i], s.x()[p * d + j], value);
      const auto phi = math::activate<decltype(activation)::value>(value);
      s.jet(layer, 0)[item] = phi.f;
      s.jet(layer, 1)[item] = phi.f1;
      s.jet(layer, 2)[item] = phi.f2;
      if constexpr (kLaplacian) s.jet(layer, 3)[item] = phi.f3;
      v[0] = value;
      to[0] = add ? phi.f + before[0] : phi.f;
      [[maybe_unused]] double square = 0.0;
#pragma unroll 1
      for (int j = 0; j < d; ++j) {
        const int at = (1 + j) * n_points;
        const double g = (fresh ? 0.0 : v[at]) + (direct ? slopes[j * w + i] : 0.0);
        v[at] = g;
        if constexpr (kLaplacian) square = math::fma(g, g, square);
        to[at] = add ? math::fma(phi.f1, g, before[at]) : phi.f1 * g;
      }
      if constexpr (kLaplacian) {
        const int at = (1 + d) * n_points;
        if (fresh) v[at] = 0.0;
        const double through = math::fma(phi.f1, v[at], phi.f2 * square);
        to[at] = add ? through + before[at] : through;
      }
    });
  });
}

/// h <- the outputs of layer 2k once more, from its jets.
template <bool kLaplacian>
__device__ __forceinline__ void restore_outputs(const GradientBlock& s, int layer) {
  const int d = s.d(), n_points = s.tile.n_points, ld = s.tile.stride();
  for_block(s.w() * n_points, [&](int item) {
    const int i = item / n_points, p = item % n_points;
    const double* v = s.pre_activation(layer) + i * ld + p;
    double* h = s.h() + i * ld + p;
    const double first = s.jet(layer, 1)[item];
    h[0] = s.jet(layer, 0)[item];
    [[maybe_unused]] double square = 0.0;
#pragma unroll 1
    for (int j = 1; j <= d; ++j) {
      const double g = v[j * n_points];
      if constexpr (kLaplacian) square = math::fma(g, g, square);
      h[j * n_points] = first * g;
    }
    if constexpr (kLaplacian)
      h[(d + 1) * n_points] = math::fma(first, v[(d + 1) * n_points], s.jet(layer, 2)[item] * square);
  });
}

/// to <- adjoint of a layer's activation applied to bar; `to` may be `bar` or the layer's own pre-activations.
template <bool kLaplacian>
__device__ __forceinline__ void activation_adjoint(const GradientBlock& s, int layer, const double* bar_all,
                                                   double* to_all) {
  const int d = s.d(), n_points = s.tile.n_points, ld = s.tile.stride();
  for_block(s.w() * n_points, [&](int item) {
    const int i = item / n_points, p = item % n_points;
    const double* v = s.pre_activation(layer) + i * ld + p;
    const double* bar = bar_all + i * ld + p;
    double* to = to_all + i * ld + p;
    const double first = s.jet(layer, 1)[item], second = s.jet(layer, 2)[item];
    const int last = (d + 1) * n_points;
    const double lap_bar = kLaplacian ? bar[last] : 0.0;
    const double lap = kLaplacian ? v[last] : 0.0;
    const double twice = 2.0 * lap_bar * second;
    double value = bar[0] * first;
    double cross = 0.0;
    [[maybe_unused]] double square = 0.0;
#pragma unroll 1
    for (int j = 1; j <= d; ++j) {
      const int at = j * n_points;
      const double g = v[at], g_bar = bar[at];
      cross = math::fma(g_bar, g, cross);
      if constexpr (kLaplacian) square = math::fma(g, g, square);
      to[at] = kLaplacian ? math::fma(twice, g, g_bar * first) : g_bar * first;
    }
    value = math::fma(second, cross, value);
    if constexpr (kLaplacian) {
      value = math::fma(lap_bar, math::fma(second, lap, s.jet(layer, 3)[item] * square), value);
      to[last] = lap_bar * first;
    }
    to[0] = value;
  });
}

/// Adds what a layer's adjoint pre-activations say about its bias and, where it has one, its direct matrix.
__device__ __forceinline__ void add_shift_gradient(const GradientBlock& s, int bias, int direct,
                                                   const double* bar_all) {
  const int w = s.w(), d = s.d(), n_points = s.tile.n_points, ld = s.tile.stride();
  for_block(direct < 0 ? w : w * (d + 1), [&](int item) {
    const int i = item % w, j = item / w - 1;  // j = -1: the bias
    const double* bar = bar_all + i * ld;
    double& to = s.row[j < 0 ? bias + i : direct + j * w + i];
    double sum = to;
    for (int p = 0; p < n_points; ++p) {
      sum = j < 0 ? sum + bar[p] : math::fma(bar[p], s.x()[p * d + j], sum + bar[(1 + j) * n_points + p]);
    }
    to = sum;
  });
}

/// out = o x + o_c + a z of every channel; then losses, their adjoints, and the gradients of a, o and o_c.
template <LossKind kLoss>
__device__ __forceinline__ void output_layer(const GradientBlock& s, double& loss) {
  const int w = s.w(), d = s.d(), n_points = s.tile.n_points, ld = s.tile.stride(), channels = s.tile.channels;
  const double* a = s.net + s.layout.out_weight();
  const double* o = s.net + s.layout.out_direct();
  const double* z = s.stream(s.layout.s.nb - 1);
  for_block(n_points * channels, [&](int item) {
    const int p = item / channels, c = item % channels;
    double sum = 0.0;
    if (c == 0) {
      sum = s.net[s.layout.out_bias()];
      for (int j = 0; j < d; ++j) sum = math::fma(o[j], s.x()[p * d + j], sum);
    } else if (c <= d) {
      sum = o[c - 1];
    }
    for (int i = 0; i < w; ++i) sum = math::fma(a[i], z[i * ld + c * n_points + p], sum);
    s.out()[item] = sum;
  });
  __syncthreads();
  for_block(n_points, [&](int p) {
    const std::int64_t q = s.q + p;
    const double* out = s.out() + p * channels;
    const math::IntegrandTerms<double> terms = s.points.with_slope(q, s.slope() + p * d, 1);
    loss = math::fma(s.points.weight[q], math::loss_integrand<kLoss>(d, out, 1, terms), loss);
    math::loss_integrand_adjoint<kLoss>(d, out, terms, s.points.weight[q], s.out_bar() + p * channels);
  });
  __syncthreads();
  for_block(w + d + 1, [&](int item) {
    double& to = s.row[item < w       ? s.layout.out_weight() + item
                       : item < w + d ? s.layout.out_direct() + item - w
                                      : s.layout.out_bias()];
    double sum = to;
    for (int p = 0; p < n_points; ++p) {
      const double* bar = s.out_bar() + p * channels;
      if (item < w) {
        for (int c = 0; c < channels; ++c) sum = math::fma(bar[c], z[item * ld + c * n_points + p], sum);
      } else if (item < w + d) {
        sum = math::fma(bar[0], s.x()[p * d + item - w], sum + bar[1 + item - w]);
      } else {
        sum += bar[0];
      }
    }
    to = sum;
  });
  for_block(w * n_points, [&](int item) {
    const int i = item / n_points, p = item % n_points;
    double* bar = s.stream_bar() + i * ld + p;
    for (int c = 0; c < channels; ++c) bar[c * n_points] = a[i] * s.out_bar()[p * channels + c];
  });
  __syncthreads();
}

/// One tile of points, forward and backward.
template <LossKind kLoss>
__device__ __forceinline__ void add_tile(const GradientBlock& s, double& loss) {
  constexpr bool kLaplacian = kLoss == LossKind::galerkin;
  const int nb = s.layout.s.nb, d = s.d();
  for_block(s.tile.n_points * d, [&](int item) {
    s.x()[item] = s.points.x(item % d, s.q + item / d);
    s.slope()[item] = s.points.slope(item % d, s.q + item / d);
  });
  __syncthreads();
#pragma unroll 1
  for (int layer = 0; layer < 2 * nb; ++layer) {
    const int k = layer / 2;
    if (layer > 0) {
      const bool odd = layer % 2 == 0;
      times_weight(s, odd ? s.layout.odd_weight(k) : s.layout.even_weight(k), false, odd ? s.stream(k - 1) : s.h(),
                   s.pre_activation(layer), false);
      __syncthreads();
    }
    activate_layer<kLaplacian>(s, layer);
    __syncthreads();
  }
  output_layer<kLoss>(s, loss);
#pragma unroll 1
  for (int k = nb - 1; k >= 0; --k) {
    double* v_bar = s.pre_activation(2 * k + 1);  // used up, entry by entry
    activation_adjoint<kLaplacian>(s, 2 * k + 1, s.stream_bar(), v_bar);
    restore_outputs<kLaplacian>(s, 2 * k);
    __syncthreads();
    add_shift_gradient(s, s.layout.even_bias(k), -1, v_bar);
    add_weight_gradient(s, s.layout.even_weight(k), v_bar, s.h());
    __syncthreads();
    times_weight(s, s.layout.even_weight(k), true, v_bar, s.h(), false);
    __syncthreads();
    activation_adjoint<kLaplacian>(s, 2 * k, s.h(), s.h());
    __syncthreads();
    add_shift_gradient(s, s.layout.odd_bias(k), s.layout.has_direct(k) ? s.layout.direct(k) : -1, s.h());
    if (k > 0) {
      add_weight_gradient(s, s.layout.odd_weight(k), s.h(), s.stream(k - 1));
      times_weight(s, s.layout.odd_weight(k), true, s.h(), s.stream_bar(), s.layout.s.skip());
    }
    __syncthreads();
  }
}

template <LossKind kLoss>
__global__ void __launch_bounds__(kGradientWarps* kWarp, 2)
    gradient_blocks(GradientTile tile, math::DynamicShape shape, Activation activation, FoldedBatch network,
                    PointView points, int points_per_block, double* work, double* rows) {
  const math::FoldedLayout<math::DynamicShape> layout{shape};
  double* arrays = work == nullptr ? dynamic_shared() : work + static_cast<std::int64_t>(blockIdx.x) * tile.size();
  double* row = rows + static_cast<std::int64_t>(blockIdx.x) * (layout.size() + 1);
  // Padding rows and columns are never written and must be zeros.
  for (std::int64_t i = threadIdx.x; i < tile.size(); i += blockDim.x) arrays[i] = 0.0;
  for_block(layout.size() + 1, [&](int i) { row[i] = 0.0; });
  __syncthreads();
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.x) * points_per_block;
  const std::int64_t end = begin + points_per_block < points.n ? begin + points_per_block : points.n;
  double loss = 0.0;  // of the points p = threadIdx.x (P <= warp size)
#pragma unroll 1
  for (std::int64_t q = begin; q < end; q += tile.n_points) {
    // Offsets are computed anew for every tile: kept in registers over the loop, they spill.
    forget_value(shape.w);
    forget_value(shape.d);
    forget_value(shape.nb);
    forget_value(tile.n_points);
    forget_value(tile.channels);
    add_tile<kLoss>({tile, {shape}, points, activation, network.folded, row, arrays, q}, loss);
  }
  if (threadIdx.x >= kWarp) return;
  loss = warp_sum(loss);
  if (threadIdx.x == 0) row[layout.size()] = loss;
}

}  // namespace landscape::cuda
