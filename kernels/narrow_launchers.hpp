// Launchers of the thread-per-point kernels.
#pragma once

#include <cuda_runtime.h>

#include "views.hpp"

namespace landscape::cuda {

/// Is there a kernel with this shape compiled in?
bool has_narrow_kernel(const Evaluation& what);
/// partial (count, n_chunks). Throws Error where there is no kernel.
void narrow_losses(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* partial,
                   cudaStream_t stream);
/// The swish part of the list; only_ask answers without launching.
bool narrow_swish(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* partial,
                  cudaStream_t stream, bool only_ask);

}  // namespace landscape::cuda
