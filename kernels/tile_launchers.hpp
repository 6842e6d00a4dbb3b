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

}  // namespace landscape::cuda
