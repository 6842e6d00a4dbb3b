// Networks that differ only in the order of their hidden units are the same function, and so are those in which the
// weights into and out of a unit change their sign, where the activation is odd (or, after the first layer of an fcnet,
// none). The distance of two networks up to that is
//
//   min over these symmetries P of | A - P B |^2  =  |A|^2 + |B|^2 - 2 max <A, P B>.
//
// <A, P B> is linear in the permutation of one layer's units: with those of the other layers held, the best is an
// assignment problem. Layer after layer until nothing improves finds a local optimum (Ainsworth, Hayase and Srinivasa
// 2023, "weight matching"); the best of many random starts is taken.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "landscape/model/network_spec.hpp"

namespace landscape {

/// Hidden units that are permuted together: of a layer, or of all layers that a residual network adds up.
struct UnitGroup {
  std::size_t n_units = 0;
  std::vector<std::size_t> rows,
      columns;              // tensors, by their place in the layout, whose rows or columns belong to them
  bool takes_sign = false;  // the units' signs are free
};
std::vector<UnitGroup> unit_groups(const NetworkSpec& spec);

/// Unit i becomes `sign[i]` times unit `from[i]`.
void permute_units(const ParameterLayout& layout, const UnitGroup& group, std::span<const std::size_t> from,
                   std::span<const double> sign, std::span<double> theta);

/// `b` (n) with its units ordered and signed so that it is nearest to `a` (n); the same on every machine.
std::vector<double> match_units(const NetworkSpec& spec, std::span<const double> a, std::span<const double> b);

}  // namespace landscape
