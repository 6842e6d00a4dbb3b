// From the rows of a path to its table.
#include "landscape/analysis/trajectory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "landscape/analysis/profiles.hpp"
#include "landscape/backend/loss_rounding.hpp"
#include "landscape/backend/solution_measure.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

std::span<const double> parameters_of(const TrainingPath& path, std::size_t checkpoint) {
  const std::size_t n = path.parameters.size() / path.epoch.size();
  return std::span(path.parameters).subspan(checkpoint * n, n);
}

// The profiles of every checkpoint in turn; a file may hold more of them than the memory.
class IndicesAlongPath {
 public:
  /// points(c): those that checkpoint c was measured with.
  IndicesAlongPath(const Minimizer& minimizer, const RunConfig& config, std::function<PointSet(std::int64_t)> points)
      : minimizer_(minimizer), config_(config), points_(std::move(points)), steps_(config.grid.steps()) {
    options_.interval_length = config.grid.length();
  }

  void take(std::span<const double> row, bool intact) {
    if (profiles_.empty()) {
      options_.loss_error = loss_rounding(minimizer_.spec, config_.problem, minimizer_.loss,
                                          parameters_of(minimizer_.path, found_.size()),
                                          points_(static_cast<std::int64_t>(found_.size())), config_.precision);
    }
    const std::vector<std::uint8_t> nothing(intact ? 0 : steps_.size(), 0);
    profiles_.push_back(diagnose_profile(row, steps_, nothing, options_));
    const bool usable = profiles_.back().status == DirectionStatus::usable;
    total_variation_.push_back(usable ? profiles_.back().total_variation : kUndefined);
    if (static_cast<std::int64_t>(profiles_.size()) < config_.n_directions) return;
    found_.push_back(estimate_index(profiles_, config_));
    profiles_.clear();
  }

  const std::vector<IndexEstimate>& found() const { return found_; }  // (K)
  std::vector<double> total_variation() && { return std::move(total_variation_); }

 private:
  const Minimizer& minimizer_;
  const RunConfig& config_;
  std::function<PointSet(std::int64_t)> points_;
  std::vector<double> steps_;
  DiagnosticsOptions options_;
  std::vector<ProfileDiagnostics> profiles_;  // of the checkpoint that is read
  std::vector<IndexEstimate> found_;
  std::vector<double> total_variation_;
};

Trajectory reduce_trajectory(const Rows& rows, const RunConfig& config, LossKind loss) {
  const Minimizer minimizer = rows.minimizer(to_string(loss));
  const std::string group = path_group(loss);
  Trajectory found{loss, {}, {}, 0, 0.0};
  const PointSet points = profile_points(config);
  IndicesAlongPath own(minimizer, config, [&](std::int64_t) { return PointSet(points); });
  found.n_damaged = rows.for_each(group, [&](auto row, bool intact) { own.take(row, intact); });
  found.evaluation_seconds = rows.seconds(group) + rows.seconds(group + "/checkpoints");

  const PointSet better = has_reference(config) ? loss_points(config.problem, reference_rule(config),
                                                              config.network.dimension, config.seed, 0)
                                                : PointSet{};
  IndicesAlongPath reference(minimizer, config, [&](std::int64_t) { return PointSet(better); });
  IndicesAlongPath step(minimizer, config, [&](std::int64_t c) { return points_of_step(config, c); });
  if (has_step_points(config)) {
    found.n_damaged += rows.for_each(group + "/step", [&](auto row, bool intact) { step.take(row, intact); });
    found.evaluation_seconds += rows.seconds(group + "/step");
  }
  if (has_reference(config)) {
    found.n_damaged += rows.for_each(group + "/reference", [&](auto row, bool intact) { reference.take(row, intact); });
    found.evaluation_seconds += rows.seconds(group + "/reference");
  }

  const PointSet error_points =
      make_points(history_rule(config.network.dimension), config.problem->domain, config.network.dimension, 0, 0);
  const auto width = static_cast<std::size_t>(rows.n_columns(group + "/checkpoints"));
  std::vector<double> measured;
  found.n_damaged += rows.for_each(group + "/checkpoints", [&](std::span<const double> row, bool intact) {
    for (const double value : row) measured.push_back(intact ? value : kUndefined);
  });
  for (std::size_t c = 0; c < minimizer.path.epoch.size(); ++c) {
    Checkpoint& checkpoint = found.checkpoints.emplace_back();
    checkpoint.epoch = minimizer.path.epoch[c];
    for (std::size_t kind = 0; kind < 2; ++kind) {
      checkpoint.loss[kind] = measured[width * c + kind];
      checkpoint.gradient_norm[kind] = measured[width * c + 2 + kind];
    }
    if (config.eigenvalues) {
      checkpoint.smallest_eigenvalue = measured[width * c + 4];
      checkpoint.largest_eigenvalue = measured[width * c + 5];
    }
    if (has_step_points(config)) checkpoint.step = step.found().at(c);
    const SolutionError error =
        solution_error(minimizer.spec, config.problem, parameters_of(minimizer.path, c), error_points);
    checkpoint.relative_l2_error = error.relative_l2;
    checkpoint.relative_h1_error = error.relative_h1;
    checkpoint.own = own.found().at(c);
    if (has_reference(config)) checkpoint.reference = reference.found().at(c);
  }
  found.total_variation = std::move(own).total_variation();
  return found;
}

// "< 2e-11" where rounding can make the index.
std::string index_cell(const IndexEstimate& of) {
  const std::optional<double>& index = of.index.index;
  if (index && of.resolution && *index <= *of.resolution) return fmt::format("< {:.0e}", *of.resolution);
  return number_or_undefined(index);
}

std::string interval_cell(const std::optional<IndexInterval>& interval) {
  return interval ? fmt::format("{:.4g} .. {:.4g}", interval->lower, interval->upper) : "undefined";
}

// What has no room beside the rest.
std::string further_table(const Trajectory& trajectory, const RunConfig& config) {
  if (!config.eigenvalues && !has_step_points(config)) return "";
  std::string head = fmt::format("{:>8}", "epoch");
  if (has_step_points(config)) head += fmt::format("{:>18}{:>22}", "RI, step's points", "interval");
  if (config.eigenvalues) head += fmt::format("{:>13}{:>13}", "lambda_min", "lambda_max");
  std::string text = head + "\n" + std::string(head.size(), '-') + "\n";
  for (const Checkpoint& c : trajectory.checkpoints) {
    text += fmt::format("{:>8}", count_text(c.epoch));
    if (c.step) text += fmt::format("{:>18}{:>22}", index_cell(*c.step), interval_cell(c.step->interval));
    if (config.eigenvalues)
      text += fmt::format("{:>13}{:>13}", defined_text(c.smallest_eigenvalue, "{:.4g}"),
                          defined_text(c.largest_eigenvalue, "{:.6g}"));
    text += "\n";
  }
  return text;
}

// The claim to test: RI rises, then falls. Of checkpoints with an index, of which rounding may have made some.
std::string largest_text(const Trajectory& trajectory) {
  const auto of = [](const Checkpoint& checkpoint) -> const IndexEstimate& {
    return checkpoint.reference ? *checkpoint.reference : checkpoint.own;
  };
  const std::vector<Checkpoint>& all = trajectory.checkpoints;
  if (!std::ranges::all_of(all, [&](const Checkpoint& c) { return of(c).index.index.has_value(); })) return "";
  const Checkpoint &first = all.front(), &last = all.back();
  const Checkpoint& largest =
      *std::ranges::max_element(all, {}, [&](const Checkpoint& c) { return *of(c).index.index; });
  const auto is_above = [&](const Checkpoint& end) {
    const auto &top = of(largest).interval, &bottom = of(end).interval;
    return top && bottom && top->lower > bottom->upper;
  };
  const bool is_inside = &largest != &first && &largest != &last;
  return wrapped(fmt::format("RI begins at {}, is largest at epoch {}, {}, and ends at {}{}{}.", index_cell(of(first)),
                             count_text(largest.epoch), index_cell(of(largest)), index_cell(of(last)),
                             first.reference ? " (with the reference quadrature)" : "",
                             !is_inside                          ? ""
                             : is_above(first) && is_above(last) ? ": its interval there lies above those of both ends"
                                                                 : ": the intervals do not tell it from both ends"),
                 kTextWidth);
}

}  // namespace

std::string path_group(LossKind loss) { return "path/" + to_string(loss); }

PointSet points_of_step(const RunConfig& config, std::int64_t checkpoint) {
  const TrainingSpec& training = config.training;
  const bool is_polished = training.polish_iterations() > 0 && checkpoint + 1 == training.path_length();
  const std::int64_t epoch = std::min(checkpoint * training.path_every, training.epochs - 1);
  return loss_points(config.problem, training.quadrature, config.network.dimension, training.seed,
                     is_polished || training.epochs == 0 ? 0 : static_cast<std::uint64_t>(epoch) + 1);
}

bool has_step_points(const RunConfig& config) {
  return config.path_checkpoints == 0 && config.training.points == TrainingPoints::redrawn;
}

bool has_reference(const RunConfig& config) { return is_random(config.quadrature); }

std::vector<Trajectory> reduce_trajectories(const Rows& rows, const RunConfig& config) {
  validate(bootstrap_options(config));
  std::vector<Trajectory> found;
  for (const LossKind loss : config.losses) found.push_back(reduce_trajectory(rows, config, loss));
  return found;
}

std::string trajectory_text(const std::vector<Trajectory>& trajectories, const RunConfig& config) {
  std::string text;
  for (const Trajectory& trajectory : trajectories) {
    text += fmt::format("{}Deep {}: RI along its training, {} directions, {:g} % intervals\n", text.empty() ? "" : "\n",
                        title(trajectory.loss), count_text(config.n_directions), 100.0 * config.confidence);
    const bool more = has_reference(config);
    std::string head = fmt::format("{:>8}{:>13}{:>13}{:>10}{:>10}{:>10}{:>22}", "epoch", "Ritz loss", "Galerkin",
                                   "L2 error", "|grad|", "RI", "interval");
    if (more) head += fmt::format("{:>12}", to_string(reference_rule(config)));
    text += head + "\n" + std::string(head.size(), '-') + "\n";
    const auto own = static_cast<std::size_t>(trajectory.loss);
    for (const Checkpoint& c : trajectory.checkpoints) {
      text += fmt::format("{:>8}{:>13.7g}{:>13.4g}{:>10.3g}{:>10.2g}{:>10}{:>22}", count_text(c.epoch), c.loss[0],
                          c.loss[1], c.relative_l2_error, c.gradient_norm[own], index_cell(c.own),
                          interval_cell(c.own.interval));
      if (more) text += fmt::format("{:>12}", index_cell(*c.reference));
      text += "\n";
    }
    text += further_table(trajectory, config);
    text += largest_text(trajectory);
    if (trajectory.n_damaged > 0) {
      text += fmt::format("{} rows do not match their checksum; --resume computes them again.\n", trajectory.n_damaged);
    }
  }
  return text;
}

}  // namespace landscape
