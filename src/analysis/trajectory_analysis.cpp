// The command trajectory: which blocks it fills, from the path that its trainings keep (trajectory.hpp).
#include <fmt/format.h>

#include <algorithm>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/places.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/trajectory.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/hessian/curvature.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/job/device.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kMostCheckpoints = 100'000;
constexpr std::int64_t kDefaultCheckpoints = 20;
constexpr double kMostPathBytes = 4.0 * (1 << 30);
constexpr int kReference = 1;  // point set
/// Whose points the profiles of a checkpoint are measured with.
enum class PathPoints { run, reference, step };

std::int64_t measures(const RunConfig& config) { return config.eigenvalues ? 6 : 4; }

std::span<const double> theta_of(const LineSet& lines, std::int64_t checkpoint) {
  const std::size_t n = lines.parameter_count();
  return lines.starts().subspan(static_cast<std::size_t>(checkpoint) * n, n);
}

// Rows are made checkpoint by checkpoint: directions are scaled against its own weights.
void evaluate_rows_of_path(
    LossBackend& backend, const Work& work, const LineSet& lines, const ItemRange& items, std::span<double> values,
    const std::function<void(std::int64_t)>& begin = [](std::int64_t) {}) {
  const std::int64_t per_checkpoint = lines.n_directions() * static_cast<std::int64_t>(work.steps.size());
  for (std::int64_t done = 0; done < items.count;) {
    const std::int64_t checkpoint = (items.first + done) / per_checkpoint;
    const std::int64_t first = (items.first + done) % per_checkpoint;
    const std::int64_t count = std::min(per_checkpoint - first, items.count - done);
    begin(checkpoint);
    const LineSet own(lines.directions().around(theta_of(lines, checkpoint)));
    backend.evaluate({work.loss, &own, work.steps, first, count},
                     values.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(count)));
    done += count;
  }
}

Work profiles_of(const RunConfig& config, LossKind loss, PathPoints points) {
  const int set = points == PathPoints::reference ? kReference : 0;
  Work work = profile_work(config, {loss, set}, config.grid.steps());
  Block& block = work.block;
  block.group = path_group(loss) + (points == PathPoints::reference ? "/reference"
                                    : points == PathPoints::step    ? "/step"
                                                                    : "");
  block.rows = config.path_length() * config.n_directions;
  work.rows_per_checkpoint = config.n_directions;
  block.shape_names = "(K M, P)";
  block.description =
      "L(theta_c + s_j d_k) in row c M + k: checkpoint c of /minimizer/" + to_string(loss) +
      "/path, direction k of M, whose draws are common to all checkpoints, scaled against the weights of theta_c";
  block.row_vectors = {};
  block.attributes = {{"directions", config.n_directions},
                      {"grid", to_string(config.grid)},
                      {"grid_rule", to_string(config.grid.rule)},
                      {"interval_length", config.grid.length()}};
  for (const Attribute& attribute : direction_attributes(config)) block.attributes.push_back(attribute);
  if (points != PathPoints::run) {
    std::erase_if(block.attributes, [](const Attribute& attribute) { return attribute.name == "quadrature"; });
    block.attributes.emplace_back("quadrature", points == PathPoints::step ? config.training.describe_points()
                                                                           : to_string(reference_rule(config)));
  } else {
    block.row_columns = {
        {"total_variation", "T_k = sum_j |f_(j+1) - f_j| / (|I| (max f - min f)), NaN where undefined"}};
  }
  if (points == PathPoints::step) {
    work.make_rows = [config, work](LossBackend& backend, const LineSet& lines, std::int64_t first_row,
                                    std::span<double> rows) {
      const ItemRange items{first_row * work.block.columns, static_cast<std::int64_t>(rows.size())};
      evaluate_rows_of_path(backend, work, lines, items, rows,
                            [&](std::int64_t checkpoint) { backend.set_points(points_of_step(config, checkpoint)); });
      backend.set_points(profile_points(config));
    };
  }
  return work;
}

// What a block of checkpoints has at theta (n).
void measure(LossBackend& backend, const RunConfig& config, LossKind loss, std::span<const double> theta,
             std::span<double> measured) {
  std::vector<double> gradient(theta.size());
  for (const LossKind of : {LossKind::ritz, LossKind::galerkin}) {
    const auto at = static_cast<std::size_t>(of);
    measured[at] = measured[at + 2] = kUndefined;
    if (!has_loss(config.problem, of)) continue;
    measured[at] = backend.loss_and_gradient(of, theta, gradient);
    measured[at + 2] = norm_of(gradient);
  }
  if (!config.eigenvalues) return;
  const Curvature found = curvature_at(backend, loss, theta, config.direction_seed);
  measured[4] = found.smallest;
  measured[5] = found.largest;
}

Work checkpoints_of(const RunConfig& config, LossKind loss) {
  Work work;
  work.loss = loss;
  work.lines = to_string(loss) + " checkpoints";
  work.point_set = has_reference(config) ? kReference : 0;
  work.rows_per_checkpoint = 1;
  Block& block = work.block;
  block.group = path_group(loss) + "/checkpoints";
  block.rows = config.path_length();
  block.columns = measures(config);
  block.values = "measure";
  block.shape_names = config.eigenvalues ? "(K, 6)" : "(K, 4)";
  block.description = "at checkpoint c: both losses, the lengths of their gradients, and what else `quantity` names";
  block.axis = {"quantity", "0 Ritz loss, 1 Galerkin loss, 2 and 3 the lengths of their gradients", {0, 1, 2, 3}};
  if (config.eigenvalues) {
    block.axis.description += ", 4 and 5 the smallest and the largest eigenvalue of the trained loss's Hessian";
    block.axis.values.insert(block.axis.values.end(), {4, 5});
  }
  block.attributes = {{"quadrature", to_string(has_reference(config) ? reference_rule(config) : config.quadrature)}};
  work.make_rows = [config, loss](LossBackend& backend, const LineSet& lines, std::int64_t first_row,
                                  std::span<double> rows) {
    const auto n = static_cast<std::size_t>(measures(config));
    for (std::size_t i = 0; i * n < rows.size(); ++i)
      measure(backend, config, loss, theta_of(lines, first_row + static_cast<std::int64_t>(i)), rows.subspan(i * n, n));
  };
  return work;
}

template <class Get>
auto column(Get get) {
  return [get](const Trajectory& trajectory) {
    std::vector<decltype(stored(get(trajectory.checkpoints.front())))> values;
    for (const Checkpoint& checkpoint : trajectory.checkpoints) values.push_back(stored(get(checkpoint)));
    return values;
  };
}

template <class Get>
auto bounds(Get get) {
  return [get](const Trajectory& trajectory) {
    std::vector<double> values;
    for (const Checkpoint& checkpoint : trajectory.checkpoints) {
      for (const double bound : stored(get(checkpoint).interval)) values.push_back(bound);
    }
    return values;
  };
}

ResultTable<Trajectory> trajectory_table(const RunConfig& config) {
  const BootstrapOptions bootstrap = bootstrap_options(config);
  const auto constant = [](auto value) { return [value](const Trajectory&) { return value; }; };
  const std::vector<std::int64_t> shape{config.path_length()}, pairs{shape[0], 2};
  ResultTable<Trajectory> table("the training of one loss at its K checkpoints");
  table.add("confidence", "1", "confidence of the intervals", constant(bootstrap.confidence));
  table.add("bootstrap_resamples", "1", "resamples of an interval", constant(bootstrap.resamples));
  table.add("bootstrap_seed", "1", "seed of the resampling", constant(bootstrap.seed));
  table.add("directions", "1", "number of directions M", constant(config.n_directions));
  table.add("evaluation_seconds", "s", "time of the evaluation, mean over ranks", &Trajectory::evaluation_seconds);
  table.add("epoch", "1", "epochs of Adam and iterations of L-BFGS done", "(K)", shape,
            column([](const Checkpoint& c) { return c.epoch; }));
  table.add("ritz_loss", "1", "Ritz loss", "(K)", shape, column([](const Checkpoint& c) { return c.loss[0]; }));
  table.add("galerkin_loss", "1", "Galerkin loss", "(K)", shape, column([](const Checkpoint& c) { return c.loss[1]; }));
  table.add("ritz_gradient_norm", "1", "length of the Ritz loss's gradient", "(K)", shape,
            column([](const Checkpoint& c) { return c.gradient_norm[0]; }));
  table.add("galerkin_gradient_norm", "1", "length of the Galerkin loss's gradient", "(K)", shape,
            column([](const Checkpoint& c) { return c.gradient_norm[1]; }));
  table.add("relative_l2_error", "1", "|u - u*|_L2 / |u*|_L2", "(K)", shape,
            column([](const Checkpoint& c) { return c.relative_l2_error; }));
  table.add("relative_h1_error", "1", "|grad(u - u*)|_L2 / |grad u*|_L2", "(K)", shape,
            column([](const Checkpoint& c) { return c.relative_h1_error; }));
  if (config.eigenvalues) {
    table.add("smallest_eigenvalue", "1", "of the trained loss's Hessian", "(K)", shape,
              column([](const Checkpoint& c) { return c.smallest_eigenvalue; }));
    table.add("largest_eigenvalue", "1", "of the trained loss's Hessian", "(K)", shape,
              column([](const Checkpoint& c) { return c.largest_eigenvalue; }));
  }
  const auto add_indices = [&](const std::string& prefix, const std::string& points, auto get) {
    table.add(prefix + "index", "1", "RI with " + points + ", NaN where undefined", "(K)", shape,
              column([get](const Checkpoint& c) { return get(c).index.index; }));
    table.add(prefix + "interval", "1", "lower and upper bound of RI", "(K, 2)", pairs, bounds(get));
    table.add(prefix + "mean", "1 / step", "mean T", "(K)", shape,
              column([get](const Checkpoint& c) { return get(c).index.mean; }));
    table.add(prefix + "used", "1", "usable directions", "(K)", shape,
              column([get](const Checkpoint& c) { return get(c).index.n_used; }));
    table.add(prefix + "resolution", "1", "the RI that rounded losses alone can make", "(K)", shape,
              column([get](const Checkpoint& c) { return get(c).resolution; }));
  };
  add_indices("", to_string(config.quadrature), [](const Checkpoint& c) { return c.own; });
  if (has_step_points(config))
    add_indices("step_", "the points of the step from there", [](const Checkpoint& c) { return *c.step; });
  if (has_reference(config))
    add_indices("reference_", to_string(reference_rule(config)), [](const Checkpoint& c) { return *c.reference; });
  return table;
}

std::string result_path(LossKind loss) { return "trajectory/" + to_string(loss); }

class TrajectoryFindings : public Findings {
 public:
  TrajectoryFindings(std::vector<Trajectory> found, RunConfig config)
      : found_(std::move(found)), config_(std::move(config)) {}

  std::vector<ResultGroup> groups() const override {
    std::vector<ResultGroup> groups;
    const ResultTable<Trajectory> table = trajectory_table(config_);
    for (const Trajectory& one : found_) groups.push_back(table.group(result_path(one.loss), &one));
    return groups;
  }
  std::vector<BlockColumns> columns() const override {
    std::vector<BlockColumns> all;
    for (const Trajectory& one : found_)
      all.push_back({path_group(one.loss), {{"total_variation", one.total_variation}}});
    return all;
  }
  std::string text() const override { return trajectory_text(found_, config_); }

 private:
  std::vector<Trajectory> found_;
  RunConfig config_;
};

class TrajectoryAnalysis : public Analysis {
 public:
  void settle(RunConfig& config) const override {
    if (config.eigenvalues) settle_on_cpu(config);
    TrainingSpec& training = config.training;
    const std::vector<MinimizerSource> sources = config.minimizer_sources();
    if (std::ranges::none_of(sources, &MinimizerSource::is_trained)) {
      if (training.path_every > 0)
        throw UsageError("--every is of a training: with --minimizer the checkpoints are those that it has.");
      return;
    }
    if (!std::ranges::all_of(sources, &MinimizerSource::is_trained))
      throw UsageError("trajectory follows either trainings or loaded paths: take one loss at a time with --losses.");
    if (config.path_checkpoints > 0)
      throw UsageError("--path-checkpoints is of a path that is loaded: give --minimizer, or --every instead.");
    if (training.path_every == 0)
      training.path_every = std::max<std::int64_t>(1, training.epochs / kDefaultCheckpoints);
    const double bytes =
        8.0 * static_cast<double>(training.path_length()) * static_cast<double>(ParameterLayout(config.network).size());
    if (bytes > kMostPathBytes) {
      throw UsageError(
          fmt::format("--every {} makes a path of {} for each loss, which every rank holds: keep fewer "
                      "checkpoints.",
                      training.path_every, bytes_text(bytes)));
    }
    if (training.epochs / training.path_every < kMostCheckpoints) return;
    throw UsageError(fmt::format("--every {} makes {} checkpoints of {} epochs: at most {} are kept.",
                                 training.path_every, training.epochs / training.path_every, training.epochs,
                                 kMostCheckpoints));
  }

  std::vector<Work> work(const RunConfig& config) const override {
    std::vector<Work> all;
    for (const LossKind loss : config.losses) {
      all.push_back(profiles_of(config, loss, PathPoints::run));
      if (has_step_points(config)) all.push_back(profiles_of(config, loss, PathPoints::step));
      if (has_reference(config)) all.push_back(profiles_of(config, loss, PathPoints::reference));
      all.push_back(checkpoints_of(config, loss));
    }
    return all;
  }

  PointSet points(const RunConfig& config, int) const override {
    return loss_points(config.problem, reference_rule(config), config.network.dimension, config.seed, 0);
  }

  LineSet lines(const RunConfig& config, const Work& work, std::span<const Minimizer> minimizers,
                const std::vector<double>&) const override {
    return lines_along_path(config, find_minimizer(minimizers, work.minimizer_name()), config.n_directions);
  }

  void evaluate(LossBackend& backend, const Work& work, const LineSet& lines, const ItemRange& items,
                std::span<double> values) const override {
    if (work.make_rows) return Analysis::evaluate(backend, work, lines, items, values);
    evaluate_rows_of_path(backend, work, lines, items, values);
  }

  std::vector<ResultGroup> results(const RunConfig& config) const override {
    std::vector<ResultGroup> groups;
    for (const LossKind loss : config.losses) groups.push_back(trajectory_table(config).group(result_path(loss)));
    return groups;
  }

  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const override {
    return std::make_unique<TrajectoryFindings>(reduce_trajectories(rows, config), config);
  }

  std::string header(const RunConfig& config) const override {
    const std::string which = config.path_checkpoints > 0
                                  ? std::string(", loaded")
                                  : fmt::format(", every {} epochs{}", count_text(config.training.path_every),
                                                config.training.polish_iterations() == 0 ? "" : " and at the end");
    std::string text = fmt::format("Trajectory  {} checkpoints{}\nProfiles    at each {} x {} steps on [{:g}, {:g}]\n",
                                   count_text(config.path_length()), which, directions_text(config),
                                   config.grid.steps().size(), config.grid.min, config.grid.max);
    text += quadrature_lines(config);
    if (has_step_points(config))
      text += fmt::format("            and the step's own points, {}\n", config.training.describe_points());
    if (has_reference(config))
      text += fmt::format("            and {} for reference\n", to_string(reference_rule(config)));
    return text;
  }

  std::string name(const RunConfig& config, const Work& work) const override {
    const std::string loss = to_string(work.loss);
    if (work.block.group.ends_with("/checkpoints")) return loss + ", checkpoints";
    if (work.block.group.ends_with("/step")) return loss + ", " + config.training.describe_points();
    return work.point_set == 0 ? loss : loss + ", reference " + to_string(reference_rule(config));
  }
};

}  // namespace

const Analysis& trajectory_analysis() {
  static const TrajectoryAnalysis analysis;
  return analysis;
}

}  // namespace landscape
