// How a folded network is laid out for the tensor-core kernels: widths padded with zeros to whole 8 x 8 tiles, every
// matrix as the B operands of mma.m8n8k4, one double per lane, in the order in which a warp reads them.
//
// A warp works on 8 points. The accumulator of output tile n gives lane (g, t) = (lane / 4, lane % 4) the neurons 8 n +
// 2 t + {0, 1} of point g, while the A operand of k-step kt gives it one input of point g. Feeding the inputs in the
// order 8 (kt / 2) + 2 t + kt % 2 makes the accumulators of one layer the A operands of the next, without a shuffle:
// element kt = 2 n + e of a lane's state. So the operand
//   matrix fragment    [group][kt][n][lane] = M(8 (group G + n) + g, 8 (kt / 2) + 2 t + kt % 2)    G tiles per group
//   direct fragment    [group][kx][n][lane] = A_k(4 kx + t, 8 (group G + n) + g)     k-steps over dimensions, in order
//   gradient fragment  [nd][kt][lane]       = A_k(8 nd + g, 8 (kt / 2) + 2 t + kt % 2)         outputs are dimensions
// Padded neurons have zero weights on both sides: they add exact zeros. Where at most four neurons are left for the
// last tile, they take its even places, so that its second k-step is padding alone and is left out.
#pragma once

#include "views.hpp"

namespace landscape::cuda {

inline constexpr int kTilePoints = 8;
inline constexpr int kTilesPerChunk = kLargestChunk / kTilePoints;

struct TileLayout {
  math::DynamicShape shape;
  LossKind loss;
  int tiles_per_group;  // output tiles whose accumulators a warp holds at once
  int groups;

  LANDSCAPE_INLINE constexpr int tiles() const { return tiles_per_group * groups; }
  LANDSCAPE_INLINE constexpr int width() const { return 8 * tiles(); }    // padded
  LANDSCAPE_INLINE constexpr int k_steps() const { return 2 * tiles(); }  // of a hidden matrix
  /// Neurons of the last tile in use, if they are so few that they all go to its first k-step; else 0.
  LANDSCAPE_INLINE constexpr int short_rest() const { return shape.w % 8 <= 4 ? shape.w % 8 : 0; }
  /// k-steps before which every real input has gone through.
  LANDSCAPE_INLINE constexpr int used_k_steps() const { return 2 * ((shape.w + 7) / 8) - (short_rest() > 0 ? 1 : 0); }
  /// The neuron at a place of the padded width, or one beyond the network.
  LANDSCAPE_INLINE constexpr int neuron(int place) const {
    const int in_last = place - shape.w / 8 * 8;
    if (short_rest() == 0 || in_last < 0) return place;
    return in_last % 2 == 0 && in_last / 2 < short_rest() ? place - in_last / 2 : shape.w;
  }
  LANDSCAPE_INLINE constexpr int x_steps() const { return (shape.d + 3) / 4; }  // of a direct matrix
  LANDSCAPE_INLINE constexpr int gradient_tiles() const { return (shape.d + 7) / 8; }
  LANDSCAPE_INLINE constexpr int even_dimension() const { return round_up(shape.d, 2); }
  LANDSCAPE_INLINE constexpr bool galerkin() const { return loss == LossKind::galerkin; }
  LANDSCAPE_INLINE constexpr bool has_direct(int k) const { return k == 0 || shape.skip(); }
  LANDSCAPE_INLINE constexpr int matrix_size() const { return width() * width(); }
  LANDSCAPE_INLINE constexpr int direct_size() const { return 4 * x_steps() * width(); }
  /// A_k as rows over neurons (Galerkin: gradient channels) or as gradient fragments (Ritz: the last step of the
  /// adjoint).
  LANDSCAPE_INLINE constexpr int slopes_size() const {
    return galerkin() ? even_dimension() * width() : 8 * gradient_tiles() * width();
  }

  // Head: |A_1|^2, a, o (padded to 8), o_c (and one unused).
  LANDSCAPE_INLINE constexpr int direct_norm() const { return 0; }
  LANDSCAPE_INLINE constexpr int out_weight() const { return width(); }
  LANDSCAPE_INLINE constexpr int out_direct() const { return 2 * width(); }
  LANDSCAPE_INLINE constexpr int out_bias() const { return 2 * width() + round_up(shape.d, 8); }
  // Block k: c_k, b_2k, A_k twice where it exists, W_2k, W_2k-1 for k > 0; the Ritz loss also needs the transposes.
  LANDSCAPE_INLINE constexpr int matrices_per_layer() const { return galerkin() ? 1 : 2; }
  LANDSCAPE_INLINE constexpr int block(int k) const {
    const int head = out_bias() + 2;
    const int with_direct = direct_size() + slopes_size();
    const int first = 2 * width() + with_direct + matrices_per_layer() * matrix_size();
    const int other = 2 * width() + (shape.skip() ? with_direct : 0) + 2 * matrices_per_layer() * matrix_size();
    return k == 0 ? head : head + first + (k - 1) * other;
  }
  LANDSCAPE_INLINE constexpr int odd_bias(int k) const { return block(k); }
  LANDSCAPE_INLINE constexpr int even_bias(int k) const { return block(k) + width(); }
  LANDSCAPE_INLINE constexpr int direct(int k) const { return block(k) + 2 * width(); }
  LANDSCAPE_INLINE constexpr int slopes(int k) const { return direct(k) + direct_size(); }
  LANDSCAPE_INLINE constexpr int even(int k) const {
    return direct(k) + (has_direct(k) ? direct_size() + slopes_size() : 0);
  }
  LANDSCAPE_INLINE constexpr int even_transposed(int k) const { return even(k) + matrix_size(); }
  LANDSCAPE_INLINE constexpr int odd(int k) const { return even(k) + matrices_per_layer() * matrix_size(); }
  LANDSCAPE_INLINE constexpr int odd_transposed(int k) const { return odd(k) + matrix_size(); }
  LANDSCAPE_INLINE constexpr int size() const { return block(shape.nb); }  // even
};

/// The input neuron that k-step kt feeds to lanes with t = lane % 4.
LANDSCAPE_INLINE constexpr int input_neuron(int kt, int t) { return 8 * (kt / 2) + 2 * t + kt % 2; }

/// Vectors of the Galerkin passes. Layers count from 0 to 2 nb - 1. With one block the first layer's values share the
/// last slope.
struct GalerkinVectors {
  int nb;
  LANDSCAPE_INLINE constexpr int slope(int layer) const { return layer; }
  LANDSCAPE_INLINE constexpr int curvature(int layer) const { return 2 * nb + layer; }
  LANDSCAPE_INLINE constexpr int squares(int layer) const { return 4 * nb + layer - 1; }  // layers 1 ... 2 nb - 2
  LANDSCAPE_INLINE constexpr int h(int channel) const { return nb == 1 ? slope(1) : 6 * nb - 2 + channel; }
  LANDSCAPE_INLINE constexpr int z(int channel) const { return 6 * nb + channel; }
  LANDSCAPE_INLINE constexpr int count() const { return nb == 1 ? 4 : 6 * nb + 2; }
};

/// Vectors of the Ritz passes; the gradient (2 gradient_tiles() doubles per lane) follows them.
struct RitzVectors {
  int nb;
  LANDSCAPE_INLINE constexpr int slope(int layer) const { return layer; }
  LANDSCAPE_INLINE constexpr int h() const { return 2 * nb; }
  LANDSCAPE_INLINE constexpr int z() const { return 2 * nb + 1; }
  LANDSCAPE_INLINE constexpr int count() const { return 2 * nb + 2; }
};

/// Packed networks (count, stride = layout.size()).
struct TileBatch {
  TileLayout layout;
  const double* packed;
  std::int64_t count;
};

}  // namespace landscape::cuda
