// What a backend need not have, and what all that have it agree on.
#include "landscape/backend/loss_backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "landscape/math/elementary.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {

void LossBackend::hessian_products(LossKind, std::span<const double>, std::span<const double>, std::span<double>) {
  throw Error("This device has no products with the Hessian: use --device cpu.");
}

namespace {
constexpr const char* kNoModel = "This device has neither Gauss-Newton nor Newton steps: use --device cpu.";
}  // namespace

std::unique_ptr<QuadraticModel> LossBackend::newton_model(LossKind, std::span<const double>) { throw Error(kNoModel); }

std::unique_ptr<QuadraticModel> LossBackend::gauss_newton_model(LossKind, std::span<const double>, StepSpace) {
  throw Error(kNoModel);
}

void LossBackend::gauss_newton_matrix(LossKind, std::span<const double>, std::size_t, std::span<double>) {
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

void require_newton_unknowns(std::size_t n_parameters) {
  if (n_parameters <= kMostStepUnknowns) return;
  throw UsageError(fmt::format(
      "A Newton step has {} unknowns, and at most {} are possible: use a narrower network, or leave newton out of "
      "--optimizer.",
      n_parameters, kMostStepUnknowns));
}

void LossBackend::evaluate_gradient_norms(const LineTask& task, std::span<double> norms) {
  const auto n_steps = static_cast<std::int64_t>(task.steps.size());
  std::vector<double> theta(task.lines->parameter_count()), direction(theta.size()), gradient(theta.size());
  for (std::int64_t i = 0; i < task.count; ++i) {
    const std::int64_t line = (task.first + i) / n_steps, column = (task.first + i) % n_steps;
    if (i == 0 || column == 0) task.lines->direction(line, direction);
    const std::span<const double> start = task.lines->start(line);
    const double step = task.steps[static_cast<std::size_t>(column)];
    for (std::size_t p = 0; p < theta.size(); ++p) theta[p] = math::fma(step, direction[p], start[p]);
    loss_and_gradient(task.loss, theta, gradient);
    norms[static_cast<std::size_t>(i)] = norm_of(gradient);
  }
}

void require_fitting(const LineTask& task, std::size_t n_parameters, std::span<const double> losses) {
  const auto n_steps = static_cast<std::int64_t>(task.steps.size());
  if (task.lines == nullptr || n_steps == 0 || task.first < 0 || task.count < 0 ||
      losses.size() != static_cast<std::size_t>(task.count) || task.lines->parameter_count() != n_parameters) {
    throw Error("A task does not fit its network, steps or output.");
  }
  task.lines->require_items(n_steps, task.first, task.count);
}

}  // namespace landscape
