// Launcher of gradient_block.cuh.
#include "gradient_block.cuh"

namespace landscape::cuda {

void block_gradient_rows(const Evaluation& what, const FoldedBatch& network, const PointView& points,
                         const GradientPlan& plan, double* work, double* rows, cudaStream_t stream) {
  const LaunchShape shape{plan.n_rows, kGradientWarps * kWarp, plan.shared_bytes, stream};
  double* arrays = plan.work_size == 0 ? nullptr : work;
  const auto with = [&](auto kernel) {
    launch("block gradient kernel", kernel, shape, plan.tile, what.shape, what.activation, network, points,
           plan.points_per_block, arrays, rows);
  };
  return what.loss == LossKind::galerkin ? with(gradient_blocks<LossKind::galerkin>)
                                         : with(gradient_blocks<LossKind::ritz>);
}

}  // namespace landscape::cuda
