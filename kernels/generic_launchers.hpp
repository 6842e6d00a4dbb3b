// Launchers of the kernels that take any shape.
#pragma once

#include <cuda_runtime.h>

#include "views.hpp"

namespace landscape::cuda {

/// Doubles of work area per resident block of the generic loss kernel.
std::int64_t generic_work(const Evaluation& what);
/// partial (count, n_chunks); `work` has room for work_blocks >= 1 blocks, which then run at once.
void generic_losses(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* work,
                    std::int64_t work_blocks, double* partial, cudaStream_t stream);

/// Gradient rows: partial sums of (folded gradient, loss), to be added over rows.
struct GradientPlan {
  bool narrow;
  std::int64_t n_rows;
  std::int64_t row_size;   // FoldedLayout::size() + 1
  std::int64_t work_size;  // doubles
};
GradientPlan plan_gradient(const Evaluation& what, std::int64_t n_points);
/// rows (n_rows, row_size); network: one folded network.
void gradient_rows(const Evaluation& what, const FoldedBatch& network, const PointView& points,
                   const GradientPlan& plan, double* work, double* rows, cudaStream_t stream);

}  // namespace landscape::cuda
