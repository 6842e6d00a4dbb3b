// Loss and parameter gradient of one network by the shared hand-written adjoint (landscape/math/gradient.hpp), one
// thread per logical lane. Lane l takes points l, l + n_lanes, ...; lanes meet in a fixed tree, so the bits depend on
// the points and the network alone. gradient_block.cuh serves the networks between the narrowest and the linear ones.
#include <algorithm>

#include "device_api.cuh"
#include "generic_launchers.hpp"
#include "landscape/math/gradient.hpp"

namespace landscape::cuda {
namespace {

using math::DynamicShape;
template <int kDimension, int kWidth>
using Single = math::StaticShape<kDimension, kWidth, 1, true>;

/// One point's loss, its gradient added to `sums` (layout size). x and slope are (d) work areas of the thread.
template <Activation kActivation, LossKind kLoss, class Shape>
__device__ __forceinline__ double add_point(const Shape& shape, const math::FoldedNetwork<double>& net,
                                            const PointView& points, std::int64_t q, double* x, double* slope,
                                            double* sums, double* scratch) {
  const int d = shape.dimension();
#pragma unroll
  for (int j = 0; j < d; ++j) {
    x[j] = points.x(j, q);
    slope[j] = points.slope(j, q);
  }
  double loss = 0.0;
  math::loss_gradient<kActivation, kLoss>(shape, net, x, points.with_slope(q, slope, 1), points.weight + q, 0, sums,
                                          loss, scratch);
  return loss;
}

template <Activation kActivation, LossKind kLoss>
__global__ void __launch_bounds__(kWarp, 8) gradient_lanes(DynamicShape shape, FoldedBatch network, PointView points,
                                                           int n_lanes, double* work, int work_size, double* rows) {
  const std::int64_t lane = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const math::FoldedLayout<DynamicShape> layout{shape};
  const double* p = network.folded;
  const math::FoldedNetwork<double> net{p, p + layout.size(), p + 2 * layout.size()};
  double* x = work + lane * work_size;
  double* slope = x + shape.d;
  double* scratch = slope + shape.d;
  double* sums = rows + lane * (layout.size() + 1);
  for (int i = 0; i <= layout.size(); ++i) sums[i] = 0.0;
  double loss = 0.0;
  for (std::int64_t q = lane; q < points.n; q += n_lanes) {
    loss += add_point<kActivation, kLoss>(shape, net, points, q, x, slope, sums, scratch);
  }
  sums[layout.size()] = loss;
}

/// The same for a shape known when compiling and a linear equation: sums in registers, one row per warp.
template <Activation kActivation, LossKind kLoss, class Shape>
__global__ void __launch_bounds__(kWarp) gradient_narrow(FoldedBatch network, PointView points, double* rows) {
  constexpr Shape shape{};
  constexpr math::FoldedLayout<Shape> layout{shape};
  constexpr int d = Shape::dimension();
  points.cubic = nullptr;  // known here, it costs no register
  double* weights = dynamic_shared();
  copy_to_shared(weights, network.folded, round_up(layout.buffer_size(), 2));
  __syncthreads();
  const math::FoldedNetwork<double> net{weights, weights + layout.size(), weights + 2 * layout.size()};
  double sums[layout.size()] = {};
  double loss = 0.0;
#pragma unroll 1
  for (std::int64_t q = static_cast<std::int64_t>(blockIdx.x) * kWarp + threadIdx.x; q < points.n;
       q += static_cast<std::int64_t>(gridDim.x) * kWarp) {
    keep_loads_here();
    double x[d], slope[d];
    double scratch[math::gradient_work<kLoss, double>(shape)];
    loss += add_point<kActivation, kLoss>(shape, net, points, q, x, slope, sums, scratch);
  }
  double* row = rows + static_cast<std::int64_t>(blockIdx.x) * (layout.size() + 1);
#pragma unroll
  for (int i = 0; i < layout.size(); ++i) {
    const double sum = warp_sum(sums[i]);
    if (threadIdx.x == 0) row[i] = sum;
  }
  loss = warp_sum(loss);
  if (threadIdx.x == 0) row[layout.size()] = loss;
}

template <Activation kActivation, LossKind kLoss, class Shape>
bool narrow_if(const Evaluation& what, const FoldedBatch& network, const PointView& points, const GradientPlan& plan,
               double* rows, cudaStream_t stream) {
  constexpr math::FoldedLayout<Shape> layout{Shape{}};
  if (what.shape.d != Shape::dimension() || what.shape.w != Shape::width() || what.shape.nb != 1) return false;
  launch("narrow gradient kernel", gradient_narrow<kActivation, kLoss, Shape>,
         {plan.n_rows, kWarp, static_cast<std::size_t>(round_up(layout.buffer_size(), 2)) * sizeof(double), stream},
         network, points, rows);
  return true;
}

template <Activation kActivation, LossKind kLoss>
void launch_gradient(const Evaluation& what, const FoldedBatch& network, const PointView& points,
                     const GradientPlan& plan, double* work, double* rows, cudaStream_t stream) {
  if constexpr (kActivation == Activation::swish) {
    if (plan.family == GradientFamily::narrow &&
        (narrow_if<kActivation, kLoss, Single<1, 4>>(what, network, points, plan, rows, stream) ||
         narrow_if<kActivation, kLoss, Single<1, 3>>(what, network, points, plan, rows, stream) ||
         narrow_if<kActivation, kLoss, Single<1, 2>>(what, network, points, plan, rows, stream))) {
      return;
    }
  }
  launch("gradient kernel", gradient_lanes<kActivation, kLoss>, {plan.n_rows / kWarp, kWarp, 0, stream}, what.shape,
         network, points, static_cast<int>(plan.n_rows), work, lane_work(what), rows);
}

template <Activation kActivation>
void launch_gradient(const Evaluation& what, const FoldedBatch& network, const PointView& points,
                     const GradientPlan& plan, double* work, double* rows, cudaStream_t stream) {
  if (what.loss == LossKind::galerkin) {
    launch_gradient<kActivation, LossKind::galerkin>(what, network, points, plan, work, rows, stream);
  } else {
    launch_gradient<kActivation, LossKind::ritz>(what, network, points, plan, work, rows, stream);
  }
}

}  // namespace

void gradient_rows(const Evaluation& what, const FoldedBatch& network, const PointView& points,
                   const GradientPlan& plan, double* work, double* rows, cudaStream_t stream) {
  if (plan.family == GradientFamily::block) return block_gradient_rows(what, network, points, plan, work, rows, stream);
  math::with_activation(what.activation, [&](auto activation) {
    launch_gradient<decltype(activation)::value>(what, network, points, plan, work, rows, stream);
  });
}

}  // namespace landscape::cuda
