// The estimate measures both kinds of work on random first parameters: their cost does not depend on the values.
#include "landscape/job/dry_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "landscape/config/text.hpp"
#include "landscape/io/file_system.hpp"
#include "landscape/job/analysis.hpp"
#include "landscape/job/output.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

constexpr double kMeasureSeconds = 0.2;  // per kind of work and loss

// Each its own: a line through two of them has a direction.
std::vector<Minimizer> first_guesses(const RunConfig& config) {
  std::vector<Minimizer> minimizers;
  for (const MinimizerSource& source : config.minimizer_sources()) {
    Minimizer& minimizer = minimizers.emplace_back();
    minimizer.spec = config.network;
    minimizer.loss = source.loss;
    minimizer.name = source.name;
    minimizer.theta =
        initial_parameters(config.network, config.training.init, config.training.seed + minimizers.size());
    TrainingPath& path = minimizer.path;
    for (std::int64_t c = 0; c < config.path_checkpoints; ++c) {  // any that span a plane
      path.epoch.push_back(c);
      const auto theta = initial_parameters(config.network, config.training.init, static_cast<std::uint64_t>(1000 + c));
      path.parameters.insert(path.parameters.end(), theta.begin(), theta.end());
    }
    if (config.along_path) continue;
    path.epoch.resize(static_cast<std::size_t>(config.training.path_length()));
    for (std::size_t c = 0; c < path.epoch.size(); ++c)
      path.parameters.insert(path.parameters.end(), minimizer.theta.begin(), minimizer.theta.end());
  }
  return minimizers;
}

// Of the training's records, which first_guesses() lack; in floating point, as the epochs may be any number.
double history_bytes(const RunConfig& config) {
  const auto epochs = static_cast<double>(config.training.epochs);
  double bytes = 0.0;
  for (const MinimizerSource& source : config.minimizer_sources()) {
    if (source.is_trained()) bytes += 24.0 * (epochs / static_cast<double>(config.training.history_every) + 2.0);
  }
  return bytes;
}

// Whether an item costs as much as one of the work before, but for the number of points.
bool costs_alike(const Work& work, const Work& before) {
  return work.lines == before.lines && work.quantity == before.quantity;
}

// Seconds of one item on this rank, with the run's own points.
double seconds_per_item(const Setup& setup, LossBackend& backend, const Work& work,
                        std::span<const Minimizer> minimizers) {
  const LineSet lines = setup.analysis->lines(setup.config, work, minimizers, {});
  const std::int64_t n_items = work.block.n_items();
  std::vector<double> losses;
  // Of indivisible rows one, a thread each.
  const std::int64_t least = work.least_items();
  std::int64_t count = std::min<std::int64_t>(n_items, least > 1 ? least * setup.threads : 16 * setup.threads);
  while (true) {
    losses.resize(static_cast<std::size_t>(count));
    double seconds = 0.0;  // the least of three: other work on the machine may stall one
    for (int trial = 0; trial < 3 && seconds < kMeasureSeconds; ++trial) {
      const Stopwatch clock;
      setup.analysis->evaluate(backend, work, lines, {0, count}, losses);
      seconds = trial == 0 ? clock.seconds() : std::min(seconds, clock.seconds());
    }
    if (seconds > kMeasureSeconds / 8 || count == n_items) return seconds / static_cast<double>(count);
    count = std::min(n_items, count * 8);
  }
}

// In place of the blocks that a work needs: what its rows cost hardly depends on the values.
WholeBlocks random_blocks(std::span<const Work> all, const Work& work) {
  WholeBlocks blocks;
  for (const Work& other : all) {
    if (std::ranges::count(work.needs, other.block.group) == 0) continue;
    std::vector<double>& values = blocks[other.block.group];
    for (std::int64_t i = 0; i < other.block.n_items(); ++i) {
      values.push_back(philox_normal_pair(1, subsequence(RandomUse::probes, 0), static_cast<std::uint64_t>(i)).first);
    }
  }
  return blocks;
}

// Of all rows of a work, by what a few of them get done in a moment.
double seconds_of_lone_rows(const Setup& setup, const Work& work, int node_rank, const WholeBlocks& blocks) {
  constexpr std::int64_t kTried = 8;
  const std::int64_t n = work.block.rows;
  std::vector<double> values(static_cast<std::size_t>(work.block.columns));
  double seconds = 0.0, tried = 0.0, all = 0.0;  // costs
  for (std::int64_t row = 0; row < n; ++row) all += work.cost(row);
  for (std::int64_t i = 0; i < std::min(n, kTried); ++i) {
    const std::int64_t row = n <= kTried ? i : i * (n - 1) / (kTried - 1);
    const Stopwatch clock;
    double done = 1.0;
    const auto go_on = [&](double share) {
      if (clock.seconds() < kMeasureSeconds || share <= 0.0) return true;
      done = share;
      return false;
    };
    try {
      work.make_row({setup.device, setup.threads, node_rank, go_on, blocks}, row, values);
    } catch (const TrainingStopped&) {
    }
    seconds += clock.seconds() / done;
    tried += work.cost(row);
  }
  return seconds * all / tried;
}

// Of the points of a work, in units of the run's own.
double cost_of_points(const Setup& setup, const Work& work) {
  if (work.point_set == 0) return 1.0;
  return static_cast<double>(setup.analysis->points(setup.config, work.point_set).size()) /
         static_cast<double>(setup.points.size());
}

// A Gauss-Newton step in gradients: its candidates, and the products of its matrix.
constexpr double kProductGradients = 4.0;  // and one product with the Hessian
constexpr double kGaussNewtonGradients = 30.0, kGaussNewtonParameters = 8.0;

double training_seconds(const Setup& setup, LossKind loss) {
  const TrainingSpec& training = setup.config.training;
  const PointSet points =
      loss_points(setup.config.problem, training.quadrature, setup.config.network.dimension, training.seed, 0);
  const auto backend = make_training_backend(setup, points);
  const std::vector<double> theta = initial_parameters(setup.config.network, training.init, training.seed);
  std::vector<double> gradient(theta.size());
  int n_calls = 0;
  const Stopwatch clock;
  while (n_calls < 3 || clock.seconds() < kMeasureSeconds) {
    backend->loss_and_gradient(loss, theta, gradient);
    ++n_calls;
  }
  return clock.seconds() / n_calls *
         (static_cast<double>(training.epochs) + static_cast<double>(training.lbfgs_iterations) +
          static_cast<double>(training.gauss_newton_iterations) *
              (kGaussNewtonGradients + static_cast<double>(theta.size()) / kGaussNewtonParameters) +
          static_cast<double>(training.newton_iterations) * kProductGradients * static_cast<double>(theta.size()));
}

double memory_bytes(const Setup& setup, std::span<const Work> work, const std::vector<Minimizer>& minimizers) {
  const RunConfig& config = setup.config;
  const double n = static_cast<double>(ParameterLayout(config.network).size());
  const double points = static_cast<double>(setup.points.size()) * (config.network.dimension + 1);
  const double given = config.directions_from.empty() ? 0.0 : static_cast<double>(config.n_directions) * n;
  const double batch = std::min(static_cast<double>(count_items(work)), 1048576.0);
  double needed = 0.0;  // of blocks that rows are made from
  for (const Work& one : work) {
    const auto needs_it = [&](const Work& other) { return std::ranges::count(other.needs, one.block.group) > 0; };
    if (std::ranges::any_of(work, needs_it)) needed += static_cast<double>(one.block.n_items());
  }
  return 8.0 * (2.0 * points + static_cast<double>(minimizers.size()) * (2.0 * n + given) + batch + needed);
}

}  // namespace

std::string dry_run_text(const Communicator& comm, const Setup& setup) {
  const RunConfig& config = setup.config;
  std::vector<Minimizer> minimizers;
  collectively(comm, [&] { minimizers = first_guesses(config); });

  std::string text = fmt::format("\nDry run: nothing is written.\n");
  double profiles = 0.0;
  std::string device = setup.device;
  std::vector<Work> work;
  if (setup.analysis != nullptr) {
    const auto backend = make_backend(comm, setup);
    device = backend->describe();
    work = setup.analysis->work(config);
    double slowest = 0.0;
    for (std::size_t i = 0; i < work.size(); ++i) {
      if (work[i].make_row) {
        const double mine = collectively(
            comm, [&] { return seconds_of_lone_rows(setup, work[i], comm.node_rank(), random_blocks(work, work[i])); });
        profiles += comm.all_reduce(mine, Reduction::max) / comm.size();
        continue;
      }
      if (i == 0 || !costs_alike(work[i], work[i - 1])) {
        const double mine = collectively(comm, [&] { return seconds_per_item(setup, *backend, work[i], minimizers); });
        slowest = comm.all_reduce(mine, Reduction::max);
      }
      profiles += cost_of_points(setup, work[i]) * slowest * static_cast<double>(work[i].block.n_items()) / comm.size();
    }
  }
  const std::int64_t n_items = count_items(work);
  return text + root_only(comm, [&] {
           const FileLayout layout = file_layout(setup, minimizers);
           double training = 0.0;
           for (const MinimizerSource& source : config.minimizer_sources()) {
             if (source.is_trained()) training += training_seconds(setup, source.loss);
           }
           std::string lines;
           if (n_items > 0) {
             lines += fmt::format("Work        {} {}, ", count_text(n_items), setup.analysis->items_name());
             lines += minimizers.empty() ? std::string("as ranks get free\n")
                                         : fmt::format("at most {} per rank, at {} points each\n",
                                                       count_text((n_items + comm.size() - 1) / comm.size()),
                                                       count_text(static_cast<std::int64_t>(setup.points.size())));
           }
           lines += fmt::format("File        {}, {} free there\n",
                                bytes_text(static_cast<double>(file_size_estimate(layout)) + history_bytes(config)),
                                bytes_text(static_cast<double>(free_bytes(config.output))));
           lines += fmt::format("Memory      {} per rank, besides libraries\n",
                                bytes_text(memory_bytes(setup, work, minimizers)));
           if (training > 0.0)
             lines +=
                 fmt::format("Training    about {} on rank 0 ({})\n", duration_text(training), setup.training_device);
           if (profiles > 0.0)
             lines +=
                 fmt::format("{}about {} on every rank ({})\n", minimizers.empty() ? "Time        " : "Profiles    ",
                             duration_text(profiles), device);
           return lines;
         });
}

}  // namespace landscape
