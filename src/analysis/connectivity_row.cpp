// One training, one matching, one curve, one path: each from its inputs alone.
#include <algorithm>

#include "landscape/analysis/connectivity.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/job/device.hpp"
#include "landscape/job/lone_training.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/model/unit_matching.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/train/bezier_curve.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

constexpr double kTrainingShare = 0.95;  // of a row's time, as progress tells it
constexpr std::size_t kPiece = 64;       // points of a path between looks at whether to go on

bool are_finite(const PathEnds& ends) { return is_finite(ends.a) && is_finite(ends.b) && is_finite(ends.control); }

void go_on(const RowTools& tools, double share) {
  if (!tools.go_on(share)) throw TrainingStopped("A row was given up.");
}

template <class Quantity>
void set(std::span<double> behind, Quantity quantity, double value) {
  behind[static_cast<std::size_t>(quantity)] = value;
}

}  // namespace

void make_minimizer_row(const RowTools& tools, const RunConfig& config, std::span<double> row) {
  std::ranges::fill(row, kUndefined);
  Minimizer minimizer;
  try {
    minimizer = train_alone(tools, config, profile_points(config), kTrainingShare);
  } catch (const TrainingDiverged&) {
    return;
  }
  std::ranges::copy(minimizer.theta, row.begin());
  const std::span<double> measured = row.subspan(minimizer.theta.size());
  using Q = MinimizerQuantity;
  set(measured, Q::loss, minimizer.final_loss);
  set(measured, Q::loss_error, minimizer.final_loss_error);
  set(measured, Q::relative_l2_error, minimizer.relative_l2_error);
  set(measured, Q::relative_h1_error, minimizer.relative_h1_error);
  set(measured, Q::gradient_norm, minimizer.gradient_norm);
}

void make_matched_row(const RunConfig& config, const PathEnds& ends, std::span<double> row) {
  std::ranges::fill(row, kUndefined);
  if (are_finite(ends)) std::ranges::copy(match_units(config.network, ends.a, ends.b), row.begin());
}

void make_curve_row(const RowTools& tools, const RunConfig& config, const PathEnds& ends, std::span<double> row) {
  std::ranges::fill(row, kUndefined);
  if (!are_finite(ends)) return;
  const PointSet points = profile_points(config);
  const auto backend = make_backend_on(choose_training_device(config, tools.device), lone_order(tools, config, points));
  const ConnectivityOptions& options = config.connectivity;
  const auto loss = [&](std::span<const double> theta, std::span<double> gradient) {
    return backend->loss_and_gradient(config.losses.front(), theta, gradient);
  };
  CurveFit fit{static_cast<int>(options.curve_nodes), options.curve_iterations};
  fit.between = [&](std::int64_t iteration) {
    go_on(tools, static_cast<double>(iteration) / static_cast<double>(options.curve_iterations));
  };
  BezierCurve curve;
  try {
    curve = fit_bezier_curve(ends.a, ends.b, loss, fit);
  } catch (const TrainingDiverged&) {
    return;
  }
  std::ranges::copy(curve.control, row.begin());
  const std::span<double> found = row.subspan(curve.control.size());
  using Q = CurveQuantity;
  set(found, Q::mean_loss, curve.mean_loss);
  set(found, Q::gradient_norm, curve.gradient_norm);
  set(found, Q::iterations, static_cast<double>(curve.iterations));
  set(found, Q::at_limit, curve.at_limit ? 1.0 : 0.0);
}

void make_path_row(const RowTools& tools, const RunConfig& config, const PathEnds& ends, std::span<double> row) {
  std::ranges::fill(row, kUndefined);
  if (!are_finite(ends)) return;
  const std::vector<double> t = path_points(config);
  const std::size_t n = ends.a.size();
  std::vector<double> starts(t.size() * n);  // each a line of its own, of which the start counts
  for (std::size_t j = 0; j < t.size(); ++j) {
    const std::span<double> point = std::span(starts).subspan(j * n, n);
    if (ends.control.empty()) {
      straight_point(ends.a, ends.b, t[j], point);
    } else {
      bezier_point(ends.a, ends.control, ends.b, t[j], point);
    }
  }
  const LineSet lines(DirectionSet(config.network, ends.a, std::vector<double>(n)), 1, std::move(starts));
  const PointSet points = profile_points(config);
  const auto backend = make_backend_on(tools.device, lone_order(tools, config, points));
  const std::vector<double> at_start{0.0};
  for (std::size_t done = 0; done < row.size(); done += kPiece) {
    const std::size_t count = std::min(kPiece, row.size() - done);
    backend->evaluate(
        {config.losses.front(), &lines, at_start, static_cast<std::int64_t>(done), static_cast<std::int64_t>(count)},
        row.subspan(done, count));
    go_on(tools, static_cast<double>(done + count) / static_cast<double>(row.size()));
  }
}

}  // namespace landscape
