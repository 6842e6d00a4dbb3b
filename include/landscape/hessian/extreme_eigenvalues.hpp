// The two ends of a Hessian's spectrum, where nothing else of it is wanted.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "landscape/backend/loss_backend.hpp"

namespace landscape {

/// Undefined where the Hessian is not finite.
struct ExtremeEigenvalues {
  double smallest, largest;
};

/// Of the loss's Hessian at theta (n), on the backend's points: of up to 500 parameters by LAPACK, above by 100 steps
/// of Lanczos from a random probe of the seed, which underestimate the extremes. `between` is called between products.
ExtremeEigenvalues extreme_eigenvalues(
    LossBackend& backend, LossKind loss, std::span<const double> theta, std::uint64_t seed,
    const std::function<void()>& between = [] {});

}  // namespace landscape
