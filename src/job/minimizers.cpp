// Training with checkpoints, or loading. Rank 0 works here; the others evaluate its checkpoints, compute their share of
// its steps, or wait in a broadcast that does not burn their core.
#include "landscape/job/minimizers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <sstream>

#include "landscape/backend/loss_rounding.hpp"
#include "landscape/backend/solution_measure.hpp"
#include "landscape/config/text.hpp"
#include "landscape/hessian/critical_point.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/job/checkpoints.hpp"
#include "landscape/job/minimizer_source.hpp"
#include "landscape/job/minimizer_text.hpp"
#include "landscape/job/start.hpp"
#include "landscape/job/training_crew.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/stop_signals.hpp"

namespace landscape {
namespace {

// Between checkpoints of a training, and the shortest training worth keeping; shorter where --round-seconds is.
constexpr double kMostCheckpointSeconds = 30.0;

// Products of parameters, points and vectors that the check of a minimizer may cost at least, a second or two, and per
// those of its training.
constexpr double kLeastCheckWork = 2e8, kCheckShare = 0.01;

void check_minimum(const Setup& setup, Minimizer& minimizer) {
  const RunConfig& config = setup.config;
  minimizer.critical = {};
  minimizer.critical.verdict = "not examined";
  if (config.minimum_check == MinimumCheck::off) return;
  const std::size_t n = minimizer.theta.size();
  const double per_product = static_cast<double>(n) * static_cast<double>(setup.points.size());
  const auto n_products = static_cast<double>(n_check_products(n));
  const double trained = minimizer.seconds > 0.0 ? per_product * static_cast<double>(config.training.epochs) : 0.0;
  if (config.minimum_check == MinimumCheck::automatic &&
      n_products * per_product > std::max(kLeastCheckWork, kCheckShare * trained)) {
    minimizer.critical.sentence = fmt::format(
        "was not examined for being a minimum: that takes {:.0f} products with the Hessian of {} parameters on {} "
        "points; --minimum-check on makes them",
        n_products, count_text(static_cast<std::int64_t>(n)),
        count_text(static_cast<std::int64_t>(setup.points.size())));
    return;
  }
  const auto backend = make_cpu_backend(minimizer.spec, config.problem, setup.points, setup.training_threads);
  const auto least = exact_minimum(minimizer.loss, config.problem, minimizer.spec.dimension);
  const double rounding = loss_rounding(minimizer.spec, config.problem, minimizer.loss, minimizer.theta, setup.points)
                              .of(minimizer.profile_loss);
  minimizer.critical =
      examine_critical_point(*backend, minimizer.loss, minimizer.theta,
                             {least ? std::max(0.0, minimizer.final_loss - *least) : kUndefined,
                              loss_scale(minimizer.loss, config.problem, minimizer.spec.dimension), rounding},
                             config.seed);
}

void measure(const Setup& setup, Minimizer& minimizer) {
  measure_minimizer(setup.config, setup.points, setup.training_threads, minimizer);
  check_minimum(setup, minimizer);
}

Minimizer load(const Setup& setup, const MinimizerSource& source) {
  const RunConfig& config = setup.config;
  Minimizer minimizer = load_minimizer(source, config.network);
  if (minimizer.problem != full_name(config.problem)) {  // what the file says is of another loss
    minimizer.problem = full_name(config.problem);
    minimizer.history = {};
    minimizer.adam_second_moment.clear();
    minimizer.training_loss = std::numeric_limits<double>::quiet_NaN();
    minimizer.training_quadrature.clear();
  }
  minimizer.at_iteration_limit = false;
  minimizer.stopped_by.clear();
  minimizer.stop_reason.clear();
  minimizer.seconds = 0.0;
  measure(setup, minimizer);
  return minimizer;
}

// One loss's training: what its observer needs to show progress, keep checkpoints and stop.
class ObservedTraining {
 public:
  ObservedTraining(const Setup& setup, LossKind loss, AheadRows* ahead, TrainingCrew& crew, Progress& progress)
      : setup_(setup),
        loss_(loss),
        ahead_(ahead),
        crew_(crew),
        progress_(progress),
        path_(training_checkpoint_path(setup.config.output, to_string(loss))),
        interval_(std::min(kMostCheckpointSeconds, setup.config.round_seconds)) {
    checkpoint_.settings = defining_text(setup.config);
  }

  /// Nothing where the job was asked to stop.
  std::optional<Minimizer> run() {
    std::optional<TrainingState> start;
    if (setup_.config.resume) {
      if (auto saved = checkpoint_to_resume(setup_.config, loss_)) {
        progress_.line(fmt::format("  {:<9} goes on from epoch {} of {}", to_string(loss_),
                                   count_text(saved->state.epoch), count_text(setup_.config.training.epochs)));
        if (saved->finished) {
          if (ahead_ != nullptr) ahead_->tell(loss_, saved->finished->path);
          measure(setup_, *saved->finished);
          return saved->finished;
        }
        start = saved->state;
        checkpoint_.state = std::move(saved->state);
        first_epoch_ = start->epoch;
      }
    }
    const RunConfig& config = setup_.config;
    const std::vector<double> first = start ? std::vector<double>() : start_parameters(config, loss_);
    const auto backend = crew_.share(make_training_backend(setup_, setup_.points));
    try {
      checkpoint_.finished = train(
          config.network, config.problem, loss_, config.training, *backend,
          [this](const TrainingProgress& p) { return observe(p); }, start, first);
    } catch (const TrainingStopped&) {
      if (!checkpoint_.state.theta.empty()) save();
      return std::nullopt;
    }
    if (ahead_ != nullptr) ahead_->tell(loss_, checkpoint_.finished->path);
    if (!crew_.finding().empty()) progress_.line(fmt::format("  {:<9} {}", to_string(loss_), crew_.finding()));
    if (checkpoint_.finished->seconds > interval_) save();  // measuring may fail, and a resumed job measures anew
    measure(setup_, *checkpoint_.finished);
    return checkpoint_.finished;
  }

 private:
  void save() {
    save_training_checkpoint(path_, to_string(loss_), checkpoint_);
    saved_at_ = clock_.seconds();
  }

  bool observe(const TrainingProgress& p) {
    const bool stop = should_stop(setup_);
    if (ahead_ != nullptr && p.state != nullptr) ahead_->tell(loss_, p.state->path);
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
  AheadRows* ahead_;
  TrainingCrew& crew_;
  Progress& progress_;
  std::string path_;
  double interval_;  // seconds between checkpoints
  TrainingCheckpoint checkpoint_;
  Stopwatch clock_;
  double saved_at_ = 0.0;
  std::int64_t first_epoch_ = 0;
};

// Rank 0's part; nothing where the job was asked to stop.
std::optional<std::vector<Minimizer>> train_or_load(const Setup& setup, const OutputClaim& claim, AheadRows* ahead,
                                                    TrainingCrew& crew) {
  const RunConfig& config = setup.config;
  Progress progress(config.quiet ? ProgressStyle::none : detect_progress_style());
  std::vector<Minimizer> minimizers;
  for (const MinimizerSource& source : config.minimizer_sources()) {
    std::string how;
    if (claim.goes_on()) {
      minimizers.push_back(claim.earlier->minimizer(source.name));
      how = " (from the file)";
    } else if (!source.is_trained()) {
      minimizers.push_back(load(setup, source));
    } else {
      auto trained = ObservedTraining(setup, source.loss, ahead, crew, progress).run();
      if (!trained) {
        progress.clear();
        return std::nullopt;
      }
      minimizers.push_back(std::move(*trained));
    }
    progress.line(describe_minimizer(minimizers.back()) + how);
    if (setup.analysis == nullptr) print_now(warning_lines(minimizers.back().warnings));
  }
  return minimizers;
}

}  // namespace

void measure_minimizer(const RunConfig& config, const PointSet& points, int threads, Minimizer& minimizer) {
  const SolutionMeasure found =
      measure_solution(minimizer.spec, config.problem, minimizer.loss, minimizer.theta, threads);
  minimizer.final_quadrature = found.quadrature;
  minimizer.final_loss = found.loss.value;
  minimizer.final_loss_error = found.loss.error;
  minimizer.relative_l2_error = found.relative_l2.value;
  minimizer.relative_l2_uncertainty = found.relative_l2.error;
  minimizer.relative_h1_error = found.relative_h1.value;
  minimizer.relative_h1_uncertainty = found.relative_h1.error;
  minimizer.gradient_norm = found.gradient_norm;
  const auto backend = make_cpu_backend(minimizer.spec, config.problem, points, threads);
  std::vector<double> gradient(minimizer.theta.size());
  minimizer.profile_loss = backend->loss_and_gradient(minimizer.loss, minimizer.theta, gradient);
  minimizer.profile_quadrature = to_string(config.quadrature);
  minimizer.warnings = minimizer_warnings(minimizer, config.problem);
}

std::optional<std::vector<Minimizer>> obtain_minimizers(const Communicator& comm, const Setup& setup,
                                                        const OutputClaim& claim, AheadRows* ahead) {
  std::optional<std::vector<Minimizer>> minimizers;
  TrainingCrew crew(comm, setup, claim, ahead != nullptr && ahead->is_wanted());
  std::exception_ptr failure;  // of another rank
  try {
    if (ahead != nullptr) ahead->evaluate();
  } catch (...) {
    failure = std::current_exception();
  }
  crew.serve();  // what fails there ends the job: rank 0 waits for its part
  const auto close = [&] {
    if (ahead != nullptr) ahead->close();
    crew.close();
  };
  const bool stopped = root_only(comm, [&] {
    try {
      minimizers = train_or_load(setup, claim, ahead, crew);
    } catch (...) {
      close();  // else the other ranks listen for ever
      throw;
    }
    close();
    return !minimizers;
  });
  collectively(comm, [&] {
    if (failure) std::rethrow_exception(failure);
  });
  if (stopped) return std::nullopt;
  if (!comm.is_root()) minimizers.emplace(setup.config.minimizer_sources().size());
  for (Minimizer& minimizer : *minimizers) broadcast_minimizer(comm, minimizer);
  return minimizers;
}

}  // namespace landscape
