// Operations per evaluation of a network at a point, in slots of the double-precision pipe (an FMA, ADD or MUL each),
// and from them the time below which no kernel can go on a card of given rates.
#pragma once

#include "landscape/math/integrand.hpp"

namespace landscape::bench {

struct Cost {
  double matrix;  // FMAs of hidden matrices: the matrix instruction can do them
  double other;   // slots of everything else
  double slots() const { return matrix + other; }
  /// A slot of `other` is 1.35 flop on average: FMAs count two, the rest one.
  double flops() const { return 2.0 * matrix + 1.35 * other; }
};
/// One residual network, d dimensions, width w, nb blocks, swish.
Cost cost_per_evaluation(LossKind loss, int d, int w, int nb);

/// Seconds for `evaluations`: matrix products on the matrix instruction where `use_mma`, the rest on the FMA pipe. The
/// two share a pipe on Hopper, so their times add. Rates in flop/s.
double floor_seconds(const Cost& cost, double evaluations, double fma_rate, double mma_rate, bool use_mma);

}  // namespace landscape::bench
