// The kernel for every network that no other kernel takes (linear ones, and shapes whose state fits nowhere): one
// thread per point with the shared templates in their run-time form and work areas in device memory. Correct for any
// shape, fast for none.
#include <algorithm>

#include "device_api.cuh"
#include "generic_launchers.hpp"
#include "landscape/math/network.hpp"

namespace landscape::cuda {
namespace {

using Shape = math::DynamicShape;

LANDSCAPE_INLINE int jet_work(LossKind loss, const Shape& s) {
  return loss == LossKind::galerkin ? math::forward_work<true, 1, double>(s) : math::adjoint_work<1, double>(s);
}

/// One warp per (network, chunk); every thread has `work_size` doubles of its own.
template <Activation kActivation, LossKind kLoss>
__global__ void __launch_bounds__(kWarp, 8)
    generic_loss(Shape shape, FoldedBatch networks, PointView points, std::int64_t first_block, double* work,
                 int work_size, double* partial) {
  const std::int64_t block = first_block + blockIdx.x;
  const BlockTask task = block_task(points, block);
  const math::FoldedLayout<Shape> layout{shape};
  const double* p = networks.folded + task.network * networks.stride;
  const math::FoldedNetwork<double> net{p, p + layout.size(), p + 2 * layout.size()};
  const int d = shape.d;
  double* x = work + (static_cast<std::int64_t>(blockIdx.x) * kWarp + threadIdx.x) * work_size;
  double* jet = x + d;
  double* scratch = jet + d + 2;
  double sum = 0.0;
  for (std::int64_t q = task.begin + threadIdx.x; q < task.end; q += kWarp) {
    for (int j = 0; j < d; ++j) x[j] = points.x(j, q);
    if constexpr (kLoss == LossKind::galerkin) {
      math::forward_jet<kActivation, true, 1>(shape, net, x, jet, scratch);
    } else {
      math::adjoint_jet<kActivation, 1>(shape, net, x, jet, scratch);
    }
    const double value = math::loss_integrand<kLoss>(d, jet, 1, points.terms(q));
    sum = math::fma(points.weight[q], value, sum);
  }
  sum = warp_sum(sum);
  if (threadIdx.x == 0) partial[block] = sum;
}

int work_per_thread(LossKind loss, const Shape& s) { return 2 * s.d + 2 + jet_work(loss, s); }

template <Activation kActivation>
void launch_generic(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* work,
                    std::int64_t work_blocks, double* partial, cudaStream_t stream) {
  const std::int64_t blocks = networks.count * points.n_chunks;
  const int size = work_per_thread(what.loss, what.shape);
  for (std::int64_t first = 0; first < blocks; first += work_blocks) {
    const LaunchShape shape{std::min(work_blocks, blocks - first), kWarp, 0, stream};
    if (what.loss == LossKind::galerkin) {
      launch("generic Galerkin kernel", generic_loss<kActivation, LossKind::galerkin>, shape, what.shape, networks,
             points, first, work, size, partial);
    } else {
      launch("generic Ritz kernel", generic_loss<kActivation, LossKind::ritz>, shape, what.shape, networks, points,
             first, work, size, partial);
    }
  }
}

}  // namespace

std::int64_t generic_work(const Evaluation& what) {
  return static_cast<std::int64_t>(kWarp) * work_per_thread(what.loss, what.shape);
}

void generic_losses(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* work,
                    std::int64_t work_blocks, double* partial, cudaStream_t stream) {
  math::with_activation(what.activation, [&](auto activation) {
    launch_generic<decltype(activation)::value>(what, networks, points, work, work_blocks, partial, stream);
  });
}

}  // namespace landscape::cuda
