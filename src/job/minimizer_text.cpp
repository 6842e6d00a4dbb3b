// What is said of a minimizer, and what is warned of.
#include "landscape/job/minimizer_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <vector>

#include "landscape/backend/solution_measure.hpp"
#include "landscape/config/text.hpp"

namespace landscape {
namespace {

// What a minimizer is warned about.
constexpr double kShown = 1e-9;          // of a loss, relative: less than its printed digits
constexpr double kStandardErrors = 4.0;  // that a loss must lie below the least one
constexpr double kLargestError = 0.05;   // relative, L2
constexpr double kLargestSlope = 0.1;    // |grad L| |theta*| / loss_scale()

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

// With exact integrals no function lies below the least loss: a loss that does measures its quadrature. Empty where
// none does, or the least one is not known.
std::string below_minimum(const Minimizer& m, const Problem& problem) {
  const std::optional<double> known = exact_minimum(m.loss, problem, m.spec.dimension);
  if (m.loss != LossKind::ritz || !known) return "";
  const double least = *known;
  const double bound = least - kShown * std::abs(least);
  std::vector<std::string> seen;
  if (!m.history.loss.empty()) {
    const auto lowest = std::min_element(m.history.loss.begin(), m.history.loss.end());
    if (*lowest < bound)
      seen.push_back(fmt::format("{:.8g} in the training at epoch {}", *lowest,
                                 m.history.epoch[static_cast<std::size_t>(lowest - m.history.loss.begin())]));
  }
  if (m.training_loss < bound)
    seen.push_back(fmt::format("{:.8g} with the training's {}", m.training_loss, m.training_quadrature));
  if (m.profile_loss < bound)
    seen.push_back(fmt::format("{:.8g} with the profiles' {}", m.profile_loss, m.profile_quadrature));
  if (m.final_loss < bound - kStandardErrors * m.final_loss_error)
    seen.push_back(fmt::format("{:.8g} with {}", m.final_loss, m.final_quadrature));
  if (seen.empty()) return "";
  return fmt::format(
      "{}: the loss is {}, below the least over all functions, {:.8g}: such a quadrature is no bound any "
      "more; use a finer one.",
      to_string(m.loss), joined(seen), least);
}

}  // namespace

std::string minimizer_warnings(const Minimizer& m, const Problem& problem) {
  std::vector<std::string> sentences;
  const int dimension = m.spec.dimension;
  if (!std::isfinite(m.final_loss) || !std::isfinite(m.relative_l2_error) || !std::isfinite(m.gradient_norm)) {
    sentences.push_back(
        fmt::format("{}: the loss at theta*, its gradient or the error of u is not finite.", to_string(m.loss)));
  }
  sentences.push_back(below_minimum(m, problem));
  const std::string unbounded = m.loss == LossKind::ritz ? unbounded_text(problem, dimension) : "";
  if (m.relative_l2_error > kLargestError) {
    sentences.push_back(fmt::format(
        "{}: theta* is far from the solution: its relative L2 error is {:.2g}{}", to_string(m.loss),
        m.relative_l2_error,
        !unbounded.empty() ? fmt::format("; the loss has no minimum there, as {}.", unbounded)
        : m.seconds > 0.0
            ? fmt::format("; train longer, with a finer quadrature{} or a larger network.",
                          m.loss == LossKind::ritz && !problem.boundary().is_hard() ? ", a larger penalty" : "")
            : fmt::format("; are its network and activation ({}) and its boundary ({}) those it was trained with?",
                          m.spec.describe(), to_string(problem.boundary()))));
  }
  double square = 0.0;
  for (const double x : m.theta) square += x * x;
  const double slope = m.gradient_norm * std::sqrt(square) / loss_scale(m.loss, problem, dimension);
  if (slope > kLargestSlope) {
    sentences.push_back(fmt::format(
        "{}: theta* is no minimum of the loss: |grad L| = {:.2g}, and |grad L| |theta*| is {:.2g} of the difference "
        "between the losses of u = 0 and u*, where {:g} is much.",
        to_string(m.loss), m.gradient_norm, slope, kLargestSlope));
  }
  std::string text;
  for (const std::string& sentence : sentences) {
    if (!sentence.empty()) text += (text.empty() ? "" : "\n") + sentence;
  }
  return text;
}

bool is_below_minimum(const Minimizer& minimizer, const Problem& problem) {
  return !below_minimum(minimizer, problem).empty();
}

std::string warning_lines(const std::string& warnings) {
  std::string text;
  std::istringstream lines(warnings);
  for (std::string line; std::getline(lines, line);) text += wrapped("Warning: " + line, kTextWidth);
  return text;
}

std::string loss_text(const Minimizer& m) {
  return fmt::format("loss {} +- {} ({}), relative L2 error {}", defined_text(m.final_loss, "{:.8g}"),
                     defined_text(m.final_loss_error, "{:.1g}"), m.final_quadrature,
                     defined_text(m.relative_l2_error, "{:.2e}"));
}

std::string other_losses_text(const Minimizer& m) {
  const std::string shown = defined_text(m.final_loss, "{:.8g}");
  std::string text;
  const auto add = [&](double loss, const std::string& quadrature) {
    const std::string number = defined_text(loss, "{:.8g}");
    if (quadrature.empty() || number == shown) return;
    text += fmt::format("{}{} with {}", text.empty() ? "" : "; ", number, quadrature);
  };
  add(m.training_loss, m.training_quadrature);
  const bool same = m.profile_quadrature == m.training_quadrature && m.profile_loss == m.training_loss;
  if (!same) add(m.profile_loss, "the profiles' " + m.profile_quadrature);
  return text;
}

std::string critical_point_lines(const Minimizer& minimizer) {
  if (minimizer.critical.sentence.empty()) return "";
  constexpr std::size_t kIndent = 12;
  std::string text;
  std::istringstream lines(wrapped(minimizer.critical.sentence, kTextWidth - kIndent));
  for (std::string line; std::getline(lines, line);) text += std::string(kIndent, ' ') + line + "\n";
  return text;
}

std::string describe_minimizer(const Minimizer& minimizer) {
  const std::string how = minimizer.seconds > 0.0 ? duration_text(minimizer.seconds) : minimizer.source;
  const std::string others = other_losses_text(minimizer);
  std::string text = fmt::format("  {:<9} {}, {}{}{}", minimizer.name, loss_text(minimizer), how,
                                 others.empty() ? "" : "\n            ", others);
  if (const std::string lines = critical_point_lines(minimizer); !lines.empty())
    text.append(1, '\n').append(lines, 0, lines.size() - 1);
  return text;
}

}  // namespace landscape
