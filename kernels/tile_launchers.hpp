// Launchers of the tensor-core kernels.
#pragma once

#include <cuda_runtime.h>

#include "tile_layout.hpp"
#include "views.hpp"

namespace landscape::cuda {

/// Rearranges folded networks for the tile kernels; packed (count, layout.size()).
void pack_tiles(const TileLayout& layout, const FoldedBatch& networks, double* packed, cudaStream_t stream);

/// Widest network, in tiles of 8 neurons, of the kernels that keep everything in registers.
inline constexpr int kRegisterTiles = 8;
inline constexpr int kTileWarps = 4;
/// Are Ritz' slopes of the first layer in shared memory, so that three warps of a scheduler have registers enough?
LANDSCAPE_INLINE constexpr bool has_slopes_aside(LossKind loss, int tiles) {
  return loss == LossKind::ritz && tiles <= 4;
}
/// Doubles that a warp of these kernels sets aside in shared memory. Galerkin: the second layer's pre-activations and
/// their Laplacians; Ritz: slopes of two points.
LANDSCAPE_INLINE constexpr int tile_aside(LossKind loss, int tiles) {
  return loss == LossKind::galerkin || has_slopes_aside(loss, tiles) ? 4 * tiles * 32 : 0;
}
/// Bytes of shared memory of a block: the network, the sums of its tiles of points, what its warps set aside.
LANDSCAPE_INLINE constexpr std::size_t tile_shared_bytes(const TileLayout& layout) {
  return sizeof(double) * static_cast<std::size_t>(layout.size() + kTilesPerChunk +
                                                   kTileWarps * tile_aside(layout.loss, layout.tiles()));
}
/// One block, swish, up to kRegisterTiles tiles in one group; partial (count, n_chunks).
void tile_galerkin_losses(const TileBatch& networks, const PointView& points, double* partial, cudaStream_t stream);
void tile_ritz_losses(const TileBatch& networks, const PointView& points, double* partial, cudaStream_t stream);

/// How a network runs in the kernels with lane state in shared memory.
struct DeepTilePlan {
  int warps = 0;  // per block; 0: the state of not even one warp fits
  bool weights_in_shared = false;
  int state_size = 0;  // doubles per warp
  std::size_t shared_bytes = 0;
};
inline constexpr int kMostDeepWarps = 8;
/// Best plan with `shared_limit` bytes per block: as many warps as fit, weights in shared memory where that leaves four
/// of them. Warps decide the speed, not the bits.
DeepTilePlan plan_deep_tile(const TileLayout& layout, std::size_t shared_limit);
/// Any number of blocks, any activation; partial (count, n_chunks).
void deep_galerkin_losses(Activation activation, const TileBatch& networks, const PointView& points,
                          const DeepTilePlan& plan, double* partial, cudaStream_t stream);
void deep_ritz_losses(Activation activation, const TileBatch& networks, const PointView& points,
                      const DeepTilePlan& plan, double* partial, cudaStream_t stream);

/// Input tiles of a slice of the hidden matrix, of the kernels that stream it; they divide kTiles.
LANDSCAPE_INLINE constexpr int wide_slice(int tiles_per_group) {
  return tiles_per_group % 2 == 0 ? tiles_per_group / 2 : tiles_per_group;
}
/// Doubles of a slice's fragments and of two rows of slopes beside it.
LANDSCAPE_INLINE constexpr int wide_buffer(int tiles_per_group) {
  return wide_slice(tiles_per_group) * (64 * tiles_per_group + 16);
}
/// Doubles that a warp of these kernels sets aside in shared memory. Galerkin: slopes of all neurons, the second
/// layer's pre-activations of a group and their Laplacians; Ritz: of two points, what goes backward and the gradient.
LANDSCAPE_INLINE constexpr int wide_aside(const TileLayout& layout) {
  return layout.galerkin() ? 64 * layout.tiles() + 128 * layout.tiles_per_group
                           : 128 * (layout.tiles() + layout.gradient_tiles());
}
inline constexpr int kMostWideWarps = 8;
/// How a network runs in the kernels that stream its hidden matrix. Warps decide the speed, not the bits.
struct WidePlan {
  int warps = 0;  // per block; 0: not even one fits
  std::size_t shared_bytes = 0;
};
WidePlan plan_wide_tile(const TileLayout& layout, std::size_t shared_limit);
/// One block, five to eight tiles in a group; partial (count, n_chunks).
void wide_galerkin_losses(Activation activation, const TileBatch& networks, const PointView& points,
                          const WidePlan& plan, double* partial, cudaStream_t stream);
void wide_ritz_losses(Activation activation, const TileBatch& networks, const PointView& points, const WidePlan& plan,
                      double* partial, cudaStream_t stream);

}  // namespace landscape::cuda
