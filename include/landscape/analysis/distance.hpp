// The command distance: how far minimizers are from each other in their parameters, and each loss at each of them.
//
// With D = A - B over the chosen tensors: L2 = |D|_2, Linf = max |D_i|, relative = |D|_2 / ((|A|_2 + |B|_2) / 2). Two
// networks that differ in the order of their hidden units are one function; the matched distance is that after the
// units of B are ordered, and signed where the activation allows, as is nearest to A (model/unit_matching.hpp). As
// published, only layer_in and layer_out count: the names of the released scripts missed all others.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "landscape/model/minimizer.hpp"

namespace landscape {

struct Distance {
  double l2 = 0.0, linf = 0.0, relative = 0.0;
};

/// Of two networks of one shape, over the tensors that count.
Distance distance(const NetworkSpec& spec, std::span<const double> a, std::span<const double> b, bool as_published);

/// Tensor by tensor.
struct TensorDistance {
  std::string name;
  Distance plain, matched;
};
struct PairDistance {
  Distance plain, matched;
  std::vector<TensorDistance> tensors;
};
PairDistance pair_distance(const NetworkSpec& spec, std::span<const double> a, std::span<const double> b,
                           bool as_published);

}  // namespace landscape
