// Narrow kernels (narrow.cuh) of the study's own networks: one block, swish, widths 2 ... 6 in one dimension, 4 and 6
// in two and three; two and three blocks at width 4 in one dimension.
#include "narrow.cuh"
#include "narrow_launchers.hpp"

namespace landscape::cuda {

template <int kDimension, int kWidth>
using Single = math::StaticShape<kDimension, kWidth, 1, true>;

bool narrow_swish(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* partial,
                  cudaStream_t stream, bool only_ask) {
  return launch_narrow_if_listed<Activation::swish, Single<1, 2>, Single<1, 3>, Single<1, 4>, Single<1, 5>,
                                 Single<1, 6>, Single<2, 4>, Single<2, 6>, Single<3, 4>, Single<3, 6>,
                                 math::StaticShape<1, 4, 2, true>, math::StaticShape<1, 4, 2, false>,
                                 math::StaticShape<1, 4, 3, true>>(what, networks, points, partial, stream, only_ask);
}

}  // namespace landscape::cuda
