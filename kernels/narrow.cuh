// One thread per point, the whole network unrolled in registers: for networks so narrow that a matrix tile would be
// mostly padding. A block is one warp and owns one (network, chunk); its lanes take every 32nd point. Weights lie in
// shared memory and are read as broadcasts; shapes are compile-time constants of the shared templates in
// landscape/math/network.hpp. Single-block residual and feed-forward networks are one case: after folding they differ
// in nothing but the numbers.
#pragma once

#include <utility>

#include "device_api.cuh"
#include "landscape/math/network.hpp"
#include "launchers.hpp"

namespace landscape::cuda {

/// Scratch doubles of one point; Ritz in one dimension goes forward, in more by the adjoint.
template <LossKind kLoss, class Shape>
LANDSCAPE_INLINE constexpr int narrow_work() {
  if (kLoss == LossKind::galerkin) return math::forward_work<true, 1, double>(Shape{});
  return Shape::dimension() == 1 ? math::forward_work<false, 1, double>(Shape{})
                                 : math::adjoint_work<1, double>(Shape{});
}

/// Resident one-warp blocks that the register allocation must allow: 16 leave 128 registers, 12 leave 168. No shape
/// compiled here spills; width 8 did, and goes to the matrix tiles.
template <class Shape>
LANDSCAPE_INLINE constexpr int narrow_blocks_per_sm() {
  const int channels = Shape::width() * (Shape::dimension() + 2);
  return channels * Shape::blocks() <= 16 ? 16 : 12;
}

template <Activation kActivation, LossKind kLoss, class Shape>
__global__ void __launch_bounds__(kWarp, narrow_blocks_per_sm<Shape>())
    narrow_loss(FoldedBatch networks, PointView points, double* partial) {
  constexpr Shape shape{};
  constexpr int d = Shape::dimension();
  constexpr math::FoldedLayout<Shape> layout{shape};
  const BlockTask task = block_task(points, blockIdx.x);
  double* weights = dynamic_shared();
  copy_to_shared(weights, networks.folded + task.network * networks.stride, round_up(layout.buffer_size(), 2));
  __syncthreads();
  const math::FoldedNetwork<double> net{weights, weights + layout.size(), weights + 2 * layout.size()};
  double sum = 0.0;
#pragma unroll 1
  for (std::int64_t q = task.begin + threadIdx.x; q < task.end; q += kWarp) {
    keep_loads_here();
    double x[d];
    double jet[d + 2];
    double work[narrow_work<kLoss, Shape>()];
#pragma unroll
    for (int j = 0; j < d; ++j) x[j] = points.x(j, q);
    if constexpr (kLoss == LossKind::galerkin) {
      math::forward_jet<kActivation, true, 1>(shape, net, x, jet, work);
    } else if constexpr (d == 1) {
      math::forward_jet<kActivation, false, 1>(shape, net, x, jet, work);
    } else {
      math::adjoint_jet<kActivation, 1>(shape, net, x, jet, work);
    }
    const double value = math::loss_integrand<kLoss>(d, jet, 1, points.terms(q));
    sum = math::fma(points.weight[q], value, sum);
  }
  sum = warp_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

template <Activation kActivation, class Shape>
void launch_narrow(LossKind loss, const FoldedBatch& networks, const PointView& points, double* partial,
                   cudaStream_t stream) {
  constexpr math::FoldedLayout<Shape> layout{Shape{}};
  const LaunchShape shape{networks.count * points.n_chunks, kWarp,
                          static_cast<std::size_t>(round_up(layout.buffer_size(), 2)) * sizeof(double), stream};
  if (loss == LossKind::galerkin) {
    launch("narrow Galerkin kernel", narrow_loss<kActivation, LossKind::galerkin, Shape>, shape, networks, points,
           partial);
  } else {
    launch("narrow Ritz kernel", narrow_loss<kActivation, LossKind::ritz, Shape>, shape, networks, points, partial);
  }
}

/// A list of shapes, searched at run time. Returns false where none of them is `wanted`.
template <Activation kActivation, class... Shapes>
bool launch_narrow_if_listed(const Evaluation& what, const FoldedBatch& networks, const PointView& points,
                             double* partial, cudaStream_t stream, bool only_ask) {
  const auto matches = [&]<class Shape>(Shape) {
    return Shape::dimension() == what.shape.d && Shape::width() == what.shape.w && Shape::blocks() == what.shape.nb &&
           (Shape::blocks() == 1 || Shape::skip() == what.shape.skip());
  };
  const auto try_shape = [&]<class Shape>(Shape shape) {
    if (!matches(shape)) return false;
    if (!only_ask) launch_narrow<kActivation, Shape>(what.loss, networks, points, partial, stream);
    return true;
  };
  return (try_shape(Shapes{}) || ...);
}

}  // namespace landscape::cuda
