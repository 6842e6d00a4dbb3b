// Kinds of directions from a minimizer theta* of a loss L, whose gradient there is g and whose Hessian H. Drawn from
// the normal numbers z that random direction k is made of (direction_set.hpp), V the eigenvectors of the k largest
// eigenvalues of H:
//   random     as --norm and --bias say                        top:k   along V V'z      bulk:k   along z - V V'z
// or a single one, which has a T and no index:
//   gradient   along g
//   adam       along Adam's next step where its moments begin anew: -g_i / (|g_i| + 1e-8), all but the sign of g
//   towards    along the other loss's minimizer - theta*
//   worst      of the ball of the random ones (DirectionSet::reach_along) that along which L is largest at the farther
//              end of the profile, as found by ascent
// Scaling rows or tensors would turn top, bulk, gradient, adam and towards: they are vectors in all parameters of the
// length that random ones have, sqrt(E |d|^2). L-BFGS has no kind: without a history its next step is the gradient's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace landscape {

enum class DirectionFamily { random, top, bulk, gradient, adam, towards, worst };

struct DirectionKind {
  DirectionFamily family = DirectionFamily::random;
  std::int64_t k = 0;  // of top and bulk
  bool needs_span() const { return family == DirectionFamily::top || family == DirectionFamily::bulk; }
  bool is_single() const { return family != DirectionFamily::random && !needs_span(); }
  friend auto operator<=>(const DirectionKind&, const DirectionKind&) = default;
};

/// "random", "top:5"
std::string to_string(const DirectionKind& kind);
/// Throws UsageError.
DirectionKind parse_direction_kind(std::string_view text, std::string_view option = "--direction-kind");

}  // namespace landscape
