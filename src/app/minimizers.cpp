// Training with checkpoints, or loading. Only rank 0 works here; the others wait in a broadcast that does not burn
// their core.
#include "landscape/app/minimizers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "landscape/app/option_table.hpp"
#include "landscape/app/text.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/io/training_checkpoint.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/stop_signals.hpp"

namespace landscape {
namespace {

// Between checkpoints of a training, and the shortest training worth keeping; shorter where --round-seconds is.
constexpr double kMostCheckpointSeconds = 30.0;

Minimizer load(const Setup& setup, LossKind loss) {
  const RunConfig& config = setup.config;
  Minimizer minimizer = load_minimizer(config.minimizer_file(loss), loss, config.network);
  // Whatever the file says about errors belongs to its own problem and quadrature: measured anew for this run's.
  const auto backend = make_cpu_backend(minimizer.spec, config.problem, setup.points, setup.training_threads);
  std::vector<double> gradient(minimizer.theta.size());
  minimizer.final_loss = backend->loss_and_gradient(loss, minimizer.theta, gradient);
  minimizer.gradient_norm = std::sqrt(std::inner_product(gradient.begin(), gradient.end(), gradient.begin(), 0.0));
  minimizer.at_iteration_limit = false;
  const SolutionError error =
      solution_error(minimizer.spec, config.problem, minimizer.theta, setup.points, setup.training_threads);
  minimizer.relative_l2_error = error.relative_l2;
  minimizer.relative_h1_error = error.relative_h1;
  minimizer.seconds = 0.0;
  return minimizer;
}

// One loss's training: what its observer needs to show progress, keep checkpoints and stop.
class ObservedTraining {
 public:
  ObservedTraining(const Setup& setup, LossKind loss, Progress& progress)
      : setup_(setup),
        loss_(loss),
        progress_(progress),
        path_(training_checkpoint_path(setup.config.output, loss)),
        interval_(std::min(kMostCheckpointSeconds, setup.config.round_seconds)) {
    checkpoint_.config_hash = training_hash(setup.config, loss);
  }

  /// Nothing where the job was asked to stop.
  std::optional<Minimizer> run() {
    std::optional<TrainingState> start;
    if (setup_.config.resume) {
      if (auto saved = load_training_checkpoint(path_, loss_); saved && saved->config_hash == checkpoint_.config_hash) {
        if (saved->finished) return saved->finished;
        start = saved->state;
        checkpoint_.state = std::move(saved->state);
        first_epoch_ = start->epoch;
      }
    }
    const RunConfig& config = setup_.config;
    const auto backend = make_training_backend(setup_, setup_.points);
    try {
      checkpoint_.finished = train(
          config.network, config.problem, loss_, config.training, *backend, setup_.points,
          [this](const TrainingProgress& p) { return observe(p); }, start);
    } catch (const TrainingStopped&) {
      if (!checkpoint_.state.theta.empty()) save();
      return std::nullopt;
    }
    if (checkpoint_.finished->seconds > interval_) save();
    return checkpoint_.finished;
  }

 private:
  void save() {
    save_training_checkpoint(path_, loss_, checkpoint_);
    saved_at_ = clock_.seconds();
  }

  bool observe(const TrainingProgress& p) {
    const bool stop = should_stop(setup_);
    const bool due = clock_.seconds() - saved_at_ > interval_;
    if (p.state != nullptr && (stop || due || p.epoch >= p.epochs)) {
      checkpoint_.state = *p.state;
      if (due) save();
    }
    if (progress_.is_due()) {
      const double fraction = p.epochs > first_epoch_ ? static_cast<double>(p.epoch - first_epoch_) /
                                                            static_cast<double>(p.epochs - first_epoch_)
                                                      : 0.0;
      progress_.update(fmt::format("  {:<9} {} {} of {}, loss {:.6e}{}", to_string(loss_),
                                   p.phase == "adam" ? "epoch" : p.phase, count_text(p.epoch), count_text(p.epochs),
                                   p.value, p.phase == "adam" ? remaining_text(fraction, clock_.seconds()) : ""));
    }
    return !stop;
  }

  const Setup& setup_;
  LossKind loss_;
  Progress& progress_;
  std::string path_;
  double interval_;  // seconds between checkpoints
  TrainingCheckpoint checkpoint_;
  Stopwatch clock_;
  double saved_at_ = 0.0;
  std::int64_t first_epoch_ = 0;
};

// Rank 0's part; nothing where the job was asked to stop.
std::optional<std::vector<Minimizer>> train_or_load(const Setup& setup, const OutputClaim& claim) {
  const RunConfig& config = setup.config;
  Progress progress(config.quiet ? ProgressStyle::none : detect_progress_style());
  std::vector<Minimizer> minimizers;
  for (const LossKind loss : config.losses) {
    std::string how;
    if (claim.goes_on()) {
      minimizers.push_back(LandscapeReader(config.output).minimizer(loss));
      how = " (from the file)";
    } else if (!config.minimizer_file(loss).empty()) {
      minimizers.push_back(load(setup, loss));
    } else {
      auto trained = ObservedTraining(setup, loss, progress).run();
      if (!trained) {
        progress.clear();
        return std::nullopt;
      }
      minimizers.push_back(std::move(*trained));
    }
    progress.line(describe_minimizer(minimizers.back()) + how);
  }
  return minimizers;
}

}  // namespace

std::optional<std::vector<Minimizer>> obtain_minimizers(const Communicator& comm, const Setup& setup,
                                                        const OutputClaim& claim) {
  std::optional<std::vector<Minimizer>> minimizers;
  const bool stopped = root_only(comm, [&] {
    minimizers = train_or_load(setup, claim);
    return !minimizers;
  });
  if (stopped) return std::nullopt;
  if (!comm.is_root()) minimizers.emplace(setup.config.losses.size());
  for (Minimizer& minimizer : *minimizers) broadcast_minimizer(comm, minimizer);
  return minimizers;
}

std::string training_hash(const RunConfig& config, LossKind loss) {
  RunConfig reduced = config;  // one loss, and nothing of what comes after the training
  const RunConfig blank;
  reduced.losses = {loss};
  reduced.n_directions = blank.n_directions;
  reduced.norm = blank.norm;
  reduced.bias = blank.bias;
  reduced.directions_from.clear();
  reduced.grid = blank.grid;
  reduced.sweep_radius.clear();
  reduced.sweep_intervals.clear();
  reduced.point_sets = blank.point_sets;
  reduced.reference_quadrature.reset();
  reduced.bootstrap = blank.bootstrap;
  reduced.confidence = blank.confidence;
  return config_hash(reduced);
}

std::string describe_minimizer(const Minimizer& minimizer) {
  std::string how = minimizer.source;
  if (minimizer.seconds > 0.0) how = duration_text(minimizer.seconds);
  return fmt::format("  {:<9} loss {:.8g}, relative L2 error {:.2e}, {}", to_string(minimizer.loss),
                     minimizer.final_loss, minimizer.relative_l2_error, how);
}

bool should_stop(const Setup& setup) {
  return stop_requested() || (setup.config.time_limit > 0.0 && setup.clock.seconds() >= setup.config.time_limit);
}

std::string stop_reason(const Setup& setup) {
  if (stop_requested()) return stop_signal_name();
  return setup.config.time_limit > 0.0 && setup.clock.seconds() >= setup.config.time_limit ? "the time limit"
                                                                                           : "a signal to another rank";
}

}  // namespace landscape
