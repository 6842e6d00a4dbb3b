// What L-BFGS learns of a Hessian A: the pairs s_k, y_k = A s_k of its steps on the quadratic model x' A x / 2, each by
// the two-loop recursion (Nocedal 1980) and to the lowest point along its direction, and the matrix that they make,
//   B_0 = (y' y / s' y) I of the last pair,   B <- B - B s s' B / s' B s + y y' / y' s   (Broyden, Fletcher, Goldfarb,
// Shanno), whose inverse is the one that the recursion multiplies by. Near a minimum the loss is its quadratic model;
// an actual training's last pairs would be mostly rounding's there.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "landscape/hessian/lanczos.hpp"

namespace landscape {

/// Writes m steps from `start` (n): steps and changes (m, n). They end, and what would follow is zero, where the
/// gradient A x is down to rounding, or where the model does not rise along the direction by more than rounding.
void lbfgs_pairs(const SymmetricOperator& a, std::span<const double> start, std::span<double> steps,
                 std::span<double> changes);

/// How many of the pairs (m, n) there are.
std::size_t n_lbfgs_pairs(std::span<const double> steps, std::size_t n);

/// B (n, n), symmetric to the last bit and positive definite, unit of A; without pairs the identity.
std::vector<double> lbfgs_matrix(std::span<const double> steps, std::span<const double> changes, std::size_t n);

}  // namespace landscape
