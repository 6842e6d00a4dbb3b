// One model, several dampings, several lengths of each step: a model costs far more than all of them, so that the
// lowest loss of the whole table counts (a line search on a grid, as in Mueller and Zeinhofer 2023). In the narrow bent
// valleys of these losses straight steps stay short; a step s goes on as t s + t^2 b / 2, its geodesic acceleration b =
// -(M + damping I)^-1 J' y'' of the second order along s (Transtrum and Sethna, arXiv 1201.5885).
#include "newton_minimizer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

constexpr std::array kDampingFactors{1e-2, 1e-1, 1.0, 1e1};  // around the one that was best last time
constexpr std::array kLengths{1.0, 0.5, 0.25, 0.125, 0.0625};
constexpr double kFirstDamping = 1e-3;   // all in units of the model's scale
constexpr double kLeastDamping = 1e-16;  // rounding's
constexpr double kMostDamping = 1e4;
constexpr double kMoreDamping = 1e3;  // where none of the table descends

class Search {
 public:
  Search(std::vector<double>& theta, const NetworkSpec& spec, LossBackend& backend, const NewtonTask& task)
      : theta_(theta), spec_(spec), backend_(backend), task_(task), gradient_(theta.size()) {}

  MinimizerOutcome run() {
    value_ = backend_.loss_and_gradient(task_.loss, theta_, gradient_);
    for (std::int64_t iteration = 1; iteration <= task_.max_iterations; ++iteration) {
      if (!std::isfinite(value_) || !(dot(gradient_, gradient_) > 0.0)) return {value_, stop_reason::kGradient};
      model_ = is_gauss_newton() ? backend_.gauss_newton_model(task_.loss, theta_)
                                 : backend_.newton_model(task_.loss, theta_);
      if (const std::optional<StopReason> end = advance()) return {value_, *end};
      task_.observe(theta_, value_, iteration);
    }
    return {value_, stop_reason::kLimit};
  }

 private:
  struct Candidate {
    double damping, length, value;
    bool is_bent;
    std::vector<double> step;  // what theta moves by
  };

  bool is_gauss_newton() const { return task_.matrix == NewtonTask::Matrix::gauss_newton; }

  /// One accepted step; or why there is none.
  std::optional<StopReason> advance() {
    while (damping_ <= kMostDamping) {
      const std::vector<Candidate> table = candidates();
      const Candidate* best = nullptr;
      for (const Candidate& c : table) {
        if (std::isfinite(c.value) && (best == nullptr || c.value < best->value)) best = &c;
      }
      if (best != nullptr && value_ - best->value > task_.rounding(value_, theta_)) {
        take(*best);
        return std::nullopt;
      }
      if (descend_by_gradient(table)) return std::nullopt;
      // A step that should lower the loss by more than rounding, but does not, is too long.
      const bool is_rounding = std::ranges::all_of(
          table, [&](const Candidate& c) { return -0.5 * dot(gradient_, c.step) <= task_.rounding(value_, theta_); });
      if (!table.empty() && is_rounding) return stop_reason::kRounding;
      damping_ *= kMoreDamping;
    }
    return stop_reason::kLineSearch;
  }

  std::vector<Candidate> candidates() const {
    std::vector<Candidate> found;
    const std::size_t n = theta_.size();
    std::vector<double> step(n), curvature(n), bend(n), rows;
    const auto add = [&](double damping, double length, bool is_bent) {
      Candidate c{damping, length, 0.0, is_bent, std::vector<double>(n)};
      for (std::size_t i = 0; i < n; ++i) c.step[i] = length * (step[i] + (is_bent ? 0.5 * length * bend[i] : 0.0));
      rows.insert(rows.end(), c.step.begin(), c.step.end());
      found.push_back(std::move(c));
    };
    double last = 0.0;
    for (const double factor : kDampingFactors) {
      const double damping = std::max(kLeastDamping, factor * damping_);
      if (damping == last || !model_->step(gradient_, damping * model_->scale(), step)) continue;
      last = damping;
      if (is_gauss_newton()) backend_.path_curvature(task_.loss, theta_, step, curvature);
      const bool can_bend = is_gauss_newton() && model_->step(curvature, damping * model_->scale(), bend);
      for (const double length : kLengths) {
        add(damping, length, false);
        if (can_bend) add(damping, length, true);
      }
    }
    if (found.empty()) return found;
    const LineSet lines(DirectionSet(spec_, theta_, std::move(rows)));
    std::vector<double> losses(found.size());
    const std::array whole{1.0};
    backend_.evaluate({task_.loss, &lines, whole, 0, static_cast<std::int64_t>(losses.size())}, losses);
    for (std::size_t i = 0; i < losses.size(); ++i) found[i].value = losses[i];
    return found;
  }

  void take(const Candidate& c) {
    for (std::size_t i = 0; i < theta_.size(); ++i) theta_[i] += c.step[i];
    value_ = backend_.loss_and_gradient(task_.loss, theta_, gradient_);
    damping_ = c.length < 0.2 ? 10.0 * c.damping : c.damping;
  }

  /// Where losses are rounding: the change of the loss along a whole step s is taken as (g(theta) + g(theta + s)) . s /
  /// 2, as the L-BFGS search does, and the gradient must become shorter.
  bool descend_by_gradient(const std::vector<Candidate>& table) {
    const double error = task_.rounding(value_, theta_);
    std::optional<Candidate> best;
    std::vector<double> moved(theta_.size()), there(theta_.size()), best_gradient;
    double least = dot(gradient_, gradient_);
    for (const Candidate& c : table) {
      if (c.length != 1.0 || !(c.value <= value_ + error)) continue;
      for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = theta_[i] + c.step[i];
      const double value = backend_.loss_and_gradient(task_.loss, moved, there);
      const double square = dot(there, there);
      if (!(dot(gradient_, c.step) + dot(there, c.step) < 0.0) || !(square < 0.25 * least)) continue;
      least = square;
      best = c;
      best->value = value;
    }
    if (!best) return false;
    take(*best);
    return true;
  }

  std::vector<double>& theta_;
  const NetworkSpec& spec_;
  LossBackend& backend_;
  const NewtonTask& task_;
  std::vector<double> gradient_;
  std::unique_ptr<QuadraticModel> model_;
  double value_ = 0.0;
  double damping_ = kFirstDamping;
};

}  // namespace

MinimizerOutcome minimize_newton(std::vector<double>& theta, const NetworkSpec& spec, LossBackend& backend,
                                 const NewtonTask& task) {
  return Search(theta, spec, backend, task).run();
}

}  // namespace landscape
