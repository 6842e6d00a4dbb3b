// One model, several dampings, several lengths of each step: a model costs far more than all of them, so that the
// lowest loss of the whole table counts (a line search on a grid, as in Mueller and Zeinhofer 2023). In the narrow bent
// valleys of these losses straight steps stay short; a step s goes on as t s + t^2 b / 2, its geodesic acceleration b =
// -(M + damping I)^-1 J' y'' of the second order along s (Transtrum and Sethna, arXiv 1201.5885). A Gauss-Newton step
// then goes on straight, up the valley's side, and a second model leads down again: a leap, which counts where it ends
// below the step itself (the watchdog technique of Chamberlain, Powell, Lemarechal and Pedersen 1982 with one relaxed
// step). Leaps are doubled as long as they succeed.
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
constexpr double kMoreDamping = 1e3;      // where none of the table descends
constexpr std::int64_t kFirstLeapAt = 3;  // the first steps cross valleys: leaps from there end in worse ones
constexpr double kFirstLeap = 2.0;        // in lengths of the step before it
constexpr std::array kLeapsFromRest{2.0, 8.0, 32.0};
constexpr double kLongerLeap = 2.0, kShorterLeap = 0.25, kLeastLeap = 0.25;

class Search {
 public:
  Search(std::vector<double>& theta, const NetworkSpec& spec, LossBackend& backend, const NewtonTask& task)
      : theta_(theta), spec_(spec), backend_(backend), task_(task) {
    here_.theta = theta;
  }

  MinimizerOutcome run() {
    look_around(here_);
    for (std::int64_t iteration = 1; iteration <= task_.max_iterations; ++iteration) {
      if (!std::isfinite(here_.value) || !(dot(here_.gradient, here_.gradient) > 0.0))
        return {here_.value, stop_reason::kGradient};
      here_.model = is_gauss_newton() ? backend_.gauss_newton_model(task_.loss, here_.theta)
                                      : backend_.newton_model(task_.loss, here_.theta);
      if (const std::optional<StopReason> end = advance(iteration)) return {here_.value, *end};
      theta_ = here_.theta;
      task_.observe(theta_, here_.value, iteration);
    }
    return {here_.value, stop_reason::kLimit};
  }

 private:
  struct Place {
    std::vector<double> theta{}, gradient{};
    double value = 0.0;
    std::unique_ptr<QuadraticModel> model{};
  };
  struct Candidate {
    double damping, length, value;
    bool is_bent;
    std::vector<double> step;  // what theta moves by
  };

  bool is_gauss_newton() const { return task_.matrix == NewtonTask::Matrix::gauss_newton; }

  void look_around(Place& place) const {
    place.gradient.resize(place.theta.size());
    place.value = backend_.loss_and_gradient(task_.loss, place.theta, place.gradient);
  }

  /// One accepted step; or why there is none.
  std::optional<StopReason> advance(std::int64_t iteration) {
    while (damping_ <= kMostDamping) {
      const std::vector<Candidate> table = candidates(here_);
      const Candidate* best = lowest(table);
      const bool can_leap =
          best != nullptr && is_gauss_newton() && iteration >= kFirstLeapAt && here_.value > task_.least;
      if (best != nullptr && here_.value - best->value > rounding()) {
        if (!can_leap || !leap(*best)) take(*best);
        return std::nullopt;
      }
      if (can_leap && leap_from_rest(*best)) return std::nullopt;
      if (descend_by_gradient(table)) return std::nullopt;
      // A step that should lower the loss by more than rounding, but does not, is too long.
      const bool is_rounding = std::ranges::all_of(
          table, [&](const Candidate& c) { return -0.5 * dot(here_.gradient, c.step) <= rounding(); });
      if (!table.empty() && is_rounding) return stop_reason::kRounding;
      damping_ *= kMoreDamping;
    }
    return stop_reason::kLineSearch;
  }

  double rounding() const { return task_.rounding(here_.value, here_.theta); }

  std::vector<Candidate> candidates(const Place& from) const {
    std::vector<Candidate> found;
    const std::size_t n = from.theta.size();
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
      if (damping == last || !from.model->step(from.gradient, damping * from.model->scale(), step)) continue;
      last = damping;
      if (is_gauss_newton()) backend_.path_curvature(task_.loss, from.theta, step, curvature);
      const bool can_bend = is_gauss_newton() && from.model->step(curvature, damping * from.model->scale(), bend);
      for (const double length : kLengths) {
        add(damping, length, false);
        if (can_bend) add(damping, length, true);
      }
    }
    if (found.empty()) return found;
    const LineSet lines(DirectionSet(spec_, from.theta, std::move(rows)));
    std::vector<double> losses(found.size());
    const std::array whole{1.0};
    backend_.evaluate({task_.loss, &lines, whole, 0, static_cast<std::int64_t>(losses.size())}, losses);
    for (std::size_t i = 0; i < losses.size(); ++i) found[i].value = losses[i];
    return found;
  }

  static const Candidate* lowest(const std::vector<Candidate>& table) {
    const Candidate* best = nullptr;
    for (const Candidate& c : table) {
      if (std::isfinite(c.value) && (best == nullptr || c.value < best->value)) best = &c;
    }
    return best;
  }

  /// Of several lengths: where steps gain no more than rounding, a long way may still lead down.
  bool leap_from_rest(const Candidate& step) {
    return std::ranges::any_of(kLeapsFromRest, [&](double length) {
      leap_ = length;
      return leap(step);
    });
  }

  /// Whether it ended below the step's own end, by more than rounding below here and not below any function: then it is
  /// taken.
  bool leap(const Candidate& step) {
    Place top;
    for (std::size_t i = 0; i < here_.theta.size(); ++i)
      top.theta.push_back(here_.theta[i] + (1.0 + leap_) * step.step[i]);
    look_around(top);
    if (std::isfinite(top.value)) {
      top.model = backend_.gauss_newton_model(task_.loss, top.theta);
      const std::vector<Candidate> table = candidates(top);
      if (const Candidate* best = lowest(table); best != nullptr && task_.least <= best->value &&
                                                 best->value < std::min(step.value, here_.value - rounding())) {
        here_ = std::move(top);
        take(*best);
        leap_ *= kLongerLeap;
        return true;
      }
    }
    leap_ = std::max(kLeastLeap, kShorterLeap * leap_);
    return false;
  }

  void take(const Candidate& c) {
    for (std::size_t i = 0; i < here_.theta.size(); ++i) here_.theta[i] += c.step[i];
    look_around(here_);
    damping_ = c.length < 0.2 ? 10.0 * c.damping : c.damping;
  }

  /// Where losses are rounding: the change of the loss along a whole step s is taken as (g(theta) + g(theta + s)) . s /
  /// 2, as the L-BFGS search does, and the gradient must become shorter.
  bool descend_by_gradient(const std::vector<Candidate>& table) {
    const double error = rounding();
    std::optional<Candidate> best;
    std::vector<double> moved(here_.theta.size()), there(moved.size());
    double least = dot(here_.gradient, here_.gradient);
    for (const Candidate& c : table) {
      if (c.length != 1.0 || !(c.value <= here_.value + error)) continue;
      for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = here_.theta[i] + c.step[i];
      const double value = backend_.loss_and_gradient(task_.loss, moved, there);
      const double square = dot(there, there);
      if (!(dot(here_.gradient, c.step) + dot(there, c.step) < 0.0) || !(square < 0.25 * least)) continue;
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
  Place here_;
  double damping_ = kFirstDamping, leap_ = kFirstLeap;
};

}  // namespace

MinimizerOutcome minimize_newton(std::vector<double>& theta, const NetworkSpec& spec, LossBackend& backend,
                                 const NewtonTask& task) {
  return Search(theta, spec, backend, task).run();
}

}  // namespace landscape
