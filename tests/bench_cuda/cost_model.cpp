#include "cost_model.hpp"

namespace landscape::bench {

Cost cost_per_evaluation(LossKind loss, int d, int w, int nb) {
  // exp costs about 18 slots; value, first and second derivative of swish 33, without the second 31.
  const double dd = d, ww = w, layers = 2.0 * nb - 1.0;  // layers with a w x w product after folding
  const double channels = dd + 2.0;
  if (loss == LossKind::galerkin) {
    return {layers * channels * ww * ww, dd * ww + ww * (33.0 + dd + 1.0) + layers * ww * (33.0 + 2.0 * dd + 5.0) +
                                             (nb - 1.0) * channels * ww + 2.0 * dd + 8.0};
  }
  if (d == 1)
    return {layers * 2.0 * ww * ww, ww + 32.0 * ww + layers * 35.0 * ww + (nb - 1.0) * 2.0 * ww + 2.0 * dd + 8.0};
  return {2.0 * layers * ww * ww,
          dd * ww + 31.0 * ww + layers * 34.0 * ww + ww * (1.0 + dd) + 2.0 * (nb - 1.0) * ww + 2.0 * dd + 8.0};
}

double floor_seconds(const Cost& cost, double evaluations, double fma_rate, double mma_rate, bool use_mma) {
  const double slots_rate = fma_rate / 2.0;
  const double matrix_seconds = use_mma ? 2.0 * cost.matrix / mma_rate : cost.matrix / slots_rate;
  return evaluations * (matrix_seconds + cost.other / slots_rate);
}

}  // namespace landscape::bench
