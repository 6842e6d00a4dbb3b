// The whole Hessian of a loss, a row per parameter: for networks small enough.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "landscape/backend/loss_backend.hpp"

namespace landscape {

/// Above so many parameters n the ends of a spectrum come from Lanczos runs: n products and n^3 work would cost more.
inline constexpr std::size_t kLargestWhole = 500;

/// At theta (n), on the backend's points, which must have products with the Hessian: (n, n), symmetric, unit of the
/// loss. `between` is called between products.
std::vector<double> whole_hessian(
    LossBackend& backend, LossKind loss, std::span<const double> theta, const std::function<void()>& between = [] {});

}  // namespace landscape
