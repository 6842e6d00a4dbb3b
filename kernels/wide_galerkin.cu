// Galerkin kernels of wide_tile.cuh.
#include "wide_tile.cuh"

namespace landscape::cuda {

void wide_galerkin_losses(Activation activation, const TileBatch& networks, const PointView& points,
                          const WidePlan& plan, double* partial, cudaStream_t stream) {
  math::with_activation(activation, [&](auto constant) {
    launch_wide_tile<LossKind::galerkin, decltype(constant)::value>(networks, points, plan, partial, stream);
  });
}

}  // namespace landscape::cuda
