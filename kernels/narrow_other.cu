// Narrow kernels (narrow.cuh) of the other activations at the study's usual width, and the choice among all of them.
#include "landscape/model/error.hpp"
#include "narrow.cuh"
#include "narrow_launchers.hpp"

namespace landscape::cuda {
namespace {

template <Activation kActivation>
bool with(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* partial,
          cudaStream_t stream, bool only_ask) {
  return launch_narrow_if_listed<kActivation, math::StaticShape<1, 4, 1, true>, math::StaticShape<2, 4, 1, true>>(
      what, networks, points, partial, stream, only_ask);
}

bool choose(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* partial,
            cudaStream_t stream, bool only_ask) {
  return math::with_activation(what.activation, [&](auto activation) {
    if constexpr (decltype(activation)::value == Activation::swish) {
      return narrow_swish(what, networks, points, partial, stream, only_ask);
    } else {
      return with<decltype(activation)::value>(what, networks, points, partial, stream, only_ask);
    }
  });
}

}  // namespace

bool has_narrow_kernel(const Evaluation& what) { return choose(what, {}, {}, nullptr, nullptr, true); }

void narrow_losses(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* partial,
                   cudaStream_t stream) {
  if (!choose(what, networks, points, partial, stream, false))
    throw Error("There is no narrow kernel for this network.");
}

}  // namespace landscape::cuda
