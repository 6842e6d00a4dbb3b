// Ritz kernels of deep_tile.cuh.
#include "deep_tile.cuh"

namespace landscape::cuda {

void deep_ritz_losses(Activation activation, const TileBatch& networks, const PointView& points,
                      const DeepTilePlan& plan, double* partial, cudaStream_t stream) {
  launch_deep_tile<LossKind::ritz>(activation, networks, points, plan, partial, stream);
}

}  // namespace landscape::cuda
