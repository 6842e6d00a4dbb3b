// What a Hessian's spectrum says of a place in few numbers: its two ends, and where it is small enough for all of its
// eigenvalues, how much of it falls and how unequal the rest is.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "landscape/backend/loss_backend.hpp"

namespace landscape {

/// With a = kNoticeable (critical_point.hpp) times the largest |lambda|; undefined where the Hessian is not finite.
struct Curvature {
  double smallest, largest;  // eigenvalues
  double negative_share;     // of the n eigenvalues, those below -a, in [0, 1]; undefined by Lanczos
  double condition;          // the largest over the least one above a; undefined by Lanczos, and where none is above a
};

/// Of ascending eigenvalues, all there are.
Curvature curvature_of(std::span<const double> eigenvalues);

/// Of the loss's Hessian at theta (n), on the backend's points: of up to kLargestWhole parameters by LAPACK, above by
/// 100 steps of Lanczos from a random probe of the seed, which underestimate the extremes. `between` is called between
/// products.
Curvature curvature_at(
    LossBackend& backend, LossKind loss, std::span<const double> theta, std::uint64_t seed,
    const std::function<void()>& between = [] {});

}  // namespace landscape
