// Ritz kernels of tile.cuh.
#include "tile.cuh"

namespace landscape::cuda {

void tile_ritz_losses(const TileBatch& networks, const PointView& points, double* partial, cudaStream_t stream) {
  launch_tile<Activation::swish, LossKind::ritz>(networks, points, partial, stream);
}

}  // namespace landscape::cuda
