// Galerkin kernels of tile.cuh.
#include "tile.cuh"

namespace landscape::cuda {

void tile_galerkin_losses(const TileBatch& networks, const PointView& points, double* partial, cudaStream_t stream) {
  launch_tile<Activation::swish, LossKind::galerkin>(networks, points, partial, stream);
}

}  // namespace landscape::cuda
