// L-BFGS through libLBFGS, which knows nothing of C++ exceptions: they are carried around its C frames.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "minimizer_outcome.hpp"

namespace landscape {

/// Minimises in place. `evaluate` returns the loss and fills the gradient; `observe` sees each accepted iterate.
/// Exceptions of either reach the caller. Running into rounding error at the bottom is a normal end and says so in
/// `reason`.
MinimizerOutcome minimize_lbfgs(std::vector<double>& theta, std::int64_t max_iterations,
                                const std::function<double(std::span<const double>, std::span<double>)>& evaluate,
                                const std::function<void(std::span<const double>, double, std::int64_t)>& observe);

}  // namespace landscape
