// What a backend need not have, and what all that have it agree on.
#include "landscape/backend/loss_backend.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "landscape/model/error.hpp"

namespace landscape {

void LossBackend::hessian_products(LossKind, std::span<const double>, std::span<const double>, std::span<double>) {
  throw Error("This device has no products with the Hessian: use --device cpu.");
}

namespace {
constexpr const char* kNoModel = "This device has no Gauss-Newton steps: use --device cpu.";
}  // namespace

std::unique_ptr<GaussNewtonModel> LossBackend::gauss_newton_model(LossKind, std::span<const double>, StepSpace) {
  throw Error(kNoModel);
}

void LossBackend::path_curvature(LossKind, std::span<const double>, std::span<const double>, std::span<double>) {
  throw Error(kNoModel);
}

StepSpace step_space(std::size_t n_parameters, std::size_t n_rows) {
  const StepSpace smaller = n_rows < n_parameters ? StepSpace::points : StepSpace::parameters;
  if (std::min(n_rows, n_parameters) > kMostStepUnknowns) {
    throw UsageError(fmt::format(
        "A Gauss-Newton step has {} unknowns and {} equations, and one of the two must be at most {}: use fewer "
        "training points or a narrower network, or leave gauss-newton out of --optimizer.",
        n_parameters, n_rows, kMostStepUnknowns));
  }
  return smaller;
}

}  // namespace landscape
