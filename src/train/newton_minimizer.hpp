// Newton's method with a quadratic model's matrix, damped (Levenberg 1944): the Hessian's for Newton itself, else that
// of Gauss-Newton for the least-squares loss and of energy natural gradient for the Ritz loss, with a line search along
// bent steps.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "minimizer_outcome.hpp"

namespace landscape {

/// What the search needs beside the backend.
struct NewtonTask {
  enum class Matrix { gauss_newton, hessian };
  LossKind loss;
  Matrix matrix;
  std::int64_t max_iterations;
  /// The loss of no function is lower, only the sum over too few points: no leap ends there.
  double least;
  /// How far a loss of this value may be from the exact one: what is no descent but rounding.
  std::function<double(double value, std::span<const double> theta)> rounding;
  /// Sees each accepted iterate; may throw.
  std::function<void(std::span<const double> theta, double value, std::int64_t iteration)> observe;
};

/// Minimises in place, on the backend's points. Throws what the backend does, and what `observe` does.
MinimizerOutcome minimize_newton(std::vector<double>& theta, const NetworkSpec& spec, LossBackend& backend,
                                 const NewtonTask& task);

}  // namespace landscape
