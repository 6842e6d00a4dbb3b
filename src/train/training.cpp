// Adam (Kingma and Ba 2015, algorithm 1) at step t with gradient g, entry by entry:
//   m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2,
//   theta <- theta - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps),
// b1 = 0.9, b2 = 0.999, eps = 1e-8; rate = learning rate x decay factor^floor(epoch / decay every).
#include "landscape/train/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include "landscape/backend/loss_rounding.hpp"
#include "landscape/backend/solution_measure.hpp"
#include "landscape/math/integrand.hpp"
#include "landscape/model/choices.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/random/philox.hpp"
#include "lbfgs_minimizer.hpp"
#include "newton_minimizer.hpp"

namespace landscape {
namespace {

constexpr Choices<Initialisation, 4> kInitialisations{{{Initialisation::xavier, "xavier"},
                                                       {Initialisation::normal, "normal"},
                                                       {Initialisation::uniform, "uniform"},
                                                       {Initialisation::pytorch, "pytorch"}}};
constexpr std::array<OptimizerInfo, 4> kOptimizers{{
    {Optimizer::adam, &TrainingSpec::epochs, "adam", "adam", "Adam", "--epochs"},
    {Optimizer::lbfgs, &TrainingSpec::lbfgs_iterations, "lbfgs", "l-bfgs", "L-BFGS", "--lbfgs-iterations"},
    {Optimizer::gauss_newton, &TrainingSpec::gauss_newton_iterations, "gauss-newton", "gauss-newton", "Gauss-Newton",
     "the N of --optimizer gauss-newton:N"},
    {Optimizer::newton, &TrainingSpec::newton_iterations, "newton", "newton", "Newton's method",
     "the N of --optimizer newton:N"},
}};
constexpr auto kOptimizerWords = [] {
  Choices<Optimizer, kOptimizers.size()> words{};
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = {kOptimizers[i].optimizer, kOptimizers[i].word};
  return words;
}();
constexpr Choices<TrainingPoints, 2> kTrainingPoints{
    {{TrainingPoints::fixed, "fixed"}, {TrainingPoints::redrawn, "redrawn"}}};

// The other constants of Adam, Kingma and Ba 2015 (and PyTorch's defaults).
constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;

constexpr std::int64_t kMostIterations = 1'000'000'000;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A random order of 0 ... n-1 for one epoch (Fisher-Yates).
std::vector<std::size_t> permutation(std::size_t n, std::uint64_t seed, RandomUse use, std::int64_t epoch) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::uint64_t stream = subsequence(use, static_cast<std::uint64_t>(epoch));
  for (std::size_t i = n; i-- > 1;) {
    const double u = philox_uniform_pair(seed, stream, i)[0];
    std::swap(order[i], order[std::min(i, static_cast<std::size_t>(u * static_cast<double>(i + 1)))]);
  }
  return order;
}

/// One epoch's points in batches.
class Batches {
 public:
  Batches(const PointSet& all, std::size_t size, std::uint64_t seed, std::int64_t epoch)
      : all_(all),
        n_((all.n_inside() + size - 1) / size),
        order_(permutation(all.n_inside(), seed, RandomUse::batches, epoch)),
        boundary_order_(permutation(all.n_boundary, seed, RandomUse::boundary_batches, epoch)) {}

  std::size_t count() const { return n_; }

  /// The k-th batch: its share of the points inside and of the boundary's, each with weights scaled so that the sum
  /// still stands for the whole integral. Shares of the inside differ by one point at most, as a short last batch's few
  /// points would weigh more; of the boundary, which may have fewer points than there are batches, the shares are equal
  /// and begin anew where the order ends, so that every batch's expectation is the whole loss.
  PointSet batch(std::size_t k) const {
    PointSet part{all_.dimension, {}, {}};
    for (std::size_t i = first(k); i < first(k + 1); ++i) add(order_[i], all_.n_inside(), size(k), part);
    const std::size_t share = (all_.n_boundary + n_ - 1) / n_;
    for (std::size_t i = 0; i < share; ++i)
      add(all_.n_inside() + boundary_order_[(k * share + i) % all_.n_boundary], all_.n_boundary, share, part);
    part.n_boundary = share;
    return part;
  }

  /// Points inside of the k-th batch.
  std::size_t size(std::size_t k) const { return first(k + 1) - first(k); }

 private:
  std::size_t first(std::size_t k) const { return all_.n_inside() * k / n_; }

  void add(std::size_t q, std::size_t of, std::size_t share, PointSet& to) const {
    const auto d = static_cast<std::ptrdiff_t>(all_.dimension);
    const auto x = all_.points.begin() + static_cast<std::ptrdiff_t>(q) * d;
    to.points.insert(to.points.end(), x, x + d);
    to.weights.push_back(all_.weights[q] * (static_cast<double>(of) / static_cast<double>(share)));
  }

  const PointSet& all_;
  std::size_t n_;
  std::vector<std::size_t> order_, boundary_order_;
};

/// One training from initialisation (or a checkpoint) to the finished minimizer.
class Trainer {
 public:
  Trainer(const NetworkSpec& spec, const Problem& problem, LossKind loss, const TrainingSpec& training,
          LossBackend& backend, const TrainingObserver& observer)
      : spec_(spec),
        problem_(problem),
        loss_(loss),
        training_(training),
        backend_(backend),
        error_points_(make_points(history_rule(spec.dimension), problem->domain, spec.dimension, 0, 0)),
        observer_(observer),
        gradient_(ParameterLayout(spec).size()) {}

  Minimizer run(const std::optional<TrainingState>& resume, std::span<const double> start) {
    start_ = std::chrono::steady_clock::now();
    // What is refused is not refused after Adam's hours.
    if (training_.newton_iterations > 0) require_newton_unknowns(gradient_.size());
    if (training_.gauss_newton_iterations > 0) {
      const auto per_point = static_cast<std::size_t>(gauss_newton_rows(problem_, loss_, spec_.dimension));
      step_space(gradient_.size(), per_point * first_points().size());
    }
    if (resume) {
      if (resume->theta.size() != gradient_.size() || resume->first_moment.size() != gradient_.size() ||
          resume->second_moment.size() != gradient_.size()) {
        throw Error("The training checkpoint does not fit the network.");
      }
      state_ = *resume;
    } else {
      state_.theta = start.empty() ? initial_parameters(spec_, training_.init, training_.seed)
                                   : std::vector<double>(start.begin(), start.end());
      if (state_.theta.size() != gradient_.size()) throw Error("The start of the training does not fit the network.");
      state_.first_moment.assign(gradient_.size(), 0.0);
      state_.second_moment.assign(gradient_.size(), 0.0);
      state_.history.error_quadrature = to_string(history_rule(spec_.dimension));
    }
    seconds_before_ = state_.seconds;
    if (state_.path.epoch.empty()) keep_checkpoint(state_.epoch);
    adam();
    polished_ = training_.epochs;
    std::string polish;
    for (const Optimizer optimizer : training_.chain) {
      if (optimizer == Optimizer::adam || training_.steps_of(optimizer) == 0) continue;
      polish += optimizer == Optimizer::lbfgs ? lbfgs() : newton(optimizer);
    }
    if (!polish.empty()) keep_checkpoint(polished_);
    return finish(polish);
  }

 private:
  void check_finite(double value, std::string_view phase, std::int64_t epoch) const {
    if (std::isfinite(value)) return;
    throw TrainingDiverged(
        fmt::format("The {} loss became {} at {} epoch {}: lower --learning-rate or change {} or --seed.",
                    to_string(loss_), real_text(value), phase, epoch, training_.start.empty() ? "--init" : "--start"));
  }

  void record(std::int64_t epoch, double value) {
    state_.history.epoch.push_back(epoch);
    state_.history.loss.push_back(value);
    state_.history.relative_l2_error.push_back(
        solution_error(spec_, problem_, state_.theta, error_points_, 1).relative_l2);
  }

  void keep_checkpoint(std::int64_t epoch) {
    if (training_.path_every == 0) return;
    state_.path.epoch.push_back(epoch);
    state_.path.parameters.insert(state_.path.parameters.end(), state_.theta.begin(), state_.theta.end());
  }

  void report(std::string_view phase, std::int64_t epoch, std::int64_t epochs, double value, bool resumable) {
    if (!observer_) return;
    state_.seconds = seconds_before_ + seconds_since(start_);
    const TrainingProgress progress{loss_, phase, epoch, epochs, value, resumable ? &state_ : nullptr};
    if (!observer_(progress)) {
      throw TrainingStopped(
          fmt::format("The {} training was stopped at {} epoch {} of {}.", to_string(loss_), phase, epoch, epochs));
    }
  }

  PointSet points_of_epoch(std::int64_t epoch) const {
    const bool redrawn = training_.points == TrainingPoints::redrawn;
    return loss_points(problem_, training_.quadrature, spec_.dimension, training_.seed,
                       redrawn ? static_cast<std::uint64_t>(epoch) + 1 : 0);
  }

  PointSet first_points() const {
    return loss_points(problem_, training_.quadrature, spec_.dimension, training_.seed, 0);
  }

  /// One Adam step on the backend's current points; returns the loss before the step.
  double adam_step(double learning_rate, std::int64_t epoch) {
    const double value = backend_.loss_and_gradient(loss_, state_.theta, gradient_);
    check_finite(value, "adam", epoch);
    ++state_.step;
    const auto t = static_cast<double>(state_.step);
    const double correction1 = 1.0 - std::pow(kBeta1, t);
    const double correction2 = std::sqrt(1.0 - std::pow(kBeta2, t));
    for (std::size_t i = 0; i < gradient_.size(); ++i) {
      double& m = state_.first_moment[i];
      double& v = state_.second_moment[i];
      m = kBeta1 * m + (1.0 - kBeta1) * gradient_[i];
      v = kBeta2 * v + (1.0 - kBeta2) * gradient_[i] * gradient_[i];
      state_.theta[i] -= learning_rate / correction1 * m / (std::sqrt(v) / correction2 + kAdamEpsilon);
    }
    return value;
  }

  double decayed(std::int64_t times) const { return std::pow(training_.decay_factor, static_cast<double>(times)); }

  void adam() {
    const bool redrawn = training_.points == TrainingPoints::redrawn;
    PointSet all = points_of_epoch(0);
    if (!redrawn || training_.epochs == 0) backend_.set_points(all);
    while (state_.epoch < training_.epochs) {
      const std::int64_t epoch = state_.epoch;
      double rate = training_.learning_rate;
      if (training_.decay_every > 0) rate *= decayed(epoch / training_.decay_every);
      if (redrawn) all = points_of_epoch(epoch);
      double value = 0.0;
      const auto batch = static_cast<std::size_t>(training_.batch);
      if (batch == 0 || batch >= all.n_inside()) {
        if (redrawn) backend_.set_points(all);
        value = adam_step(rate, epoch);
      } else {
        const Batches batches(all, batch, training_.seed, epoch);
        for (std::size_t k = 0; k < batches.count(); ++k) {
          backend_.set_points(batches.batch(k));
          value += adam_step(rate, epoch) * static_cast<double>(batches.size(k)) / static_cast<double>(all.n_inside());
        }
      }
      ++state_.epoch;
      const bool last = state_.epoch == training_.epochs;
      if (training_.path_every > 0 && (last || state_.epoch % training_.path_every == 0)) keep_checkpoint(state_.epoch);
      if (last || state_.epoch % training_.history_every == 0) {
        record(state_.epoch, value);
        report("adam", state_.epoch, training_.epochs, value, true);
      }
    }
  }

  std::string lbfgs() {
    backend_.set_points(first_points());
    const auto evaluate = [&](std::span<const double> theta, std::span<double> gradient) {
      const double value = backend_.loss_and_gradient(loss_, theta, gradient);
      check_finite(value, info_of(Optimizer::lbfgs).phase, iterations_);
      return value;
    };
    const std::string_view phase = info_of(Optimizer::lbfgs).phase;
    const auto observe = observer_of(phase, training_.lbfgs_iterations);
    return ended(phase, minimize_lbfgs(state_.theta, training_.lbfgs_iterations, evaluate, observe));
  }

  std::string newton(Optimizer optimizer) {
    const std::string_view phase = info_of(optimizer).phase;
    const PointSet points = first_points();
    backend_.set_points(points);
    check_finite(backend_.loss_and_gradient(loss_, state_.theta, gradient_), phase, 0);
    // The bound changes little along a search but costs as much as a step: it follows the loss by factors of 100.
    std::optional<math::LossError<double>> error;
    double known_at = 0.0;
    const auto rounding = [&](double value, std::span<const double> theta) {
      if (!error || std::abs(value) < 0.01 * known_at) {
        error = loss_rounding(spec_, problem_, loss_, theta, points);
        known_at = std::abs(value);
      }
      return error->of(value);
    };
    const auto matrix = optimizer == Optimizer::newton ? NewtonTask::Matrix::hessian : NewtonTask::Matrix::gauss_newton;
    const std::int64_t most = training_.steps_of(optimizer);
    const double least =
        exact_minimum(loss_, problem_, spec_.dimension).value_or(-std::numeric_limits<double>::infinity());
    std::vector<double> theta = state_.theta;  // an observer copies each iterate to the state
    const MinimizerOutcome outcome =
        minimize_newton(theta, spec_, backend_, {loss_, matrix, most, least, rounding, observer_of(phase, most)});
    state_.theta = theta;
    return ended(phase, outcome);
  }

  /// What a search after Adam tells its iterates to.
  std::function<void(std::span<const double>, double, std::int64_t)> observer_of(std::string_view phase,
                                                                                 std::int64_t most) {
    iterations_ = 0;
    return [this, phase, most](std::span<const double> theta, double value, std::int64_t iteration) {
      iterations_ = iteration;
      if (iteration % training_.history_every == 0) {
        std::copy(theta.begin(), theta.end(), state_.theta.begin());
        record(polished_ + iteration, value);
      } else if (phase == info_of(Optimizer::lbfgs).phase) {
        return;
      }
      report(phase, iteration, most, value, false);
    };
  }

  std::string ended(std::string_view phase, const MinimizerOutcome& outcome) {
    if (iterations_ % training_.history_every != 0) record(polished_ + iterations_, outcome.value);
    polished_ += iterations_;
    stopped_by_ = phase;
    stop_reason_ = outcome.reason;
    return fmt::format("; {} {} iterations ({})", phase, iterations_, outcome.reason.text);
  }

  Minimizer finish(const std::string& polish) {
    Minimizer m;
    m.name = to_string(loss_);
    m.spec = spec_;
    m.loss = loss_;
    m.theta = state_.theta;
    TrainingSpec adam_only = training_;
    adam_only.lbfgs_iterations = adam_only.gauss_newton_iterations = adam_only.newton_iterations = 0;
    m.source = "trained: " + adam_only.describe() + polish;
    m.problem = full_name(problem_);
    // All points of the set that the training ended with, not those of its last batch.
    const bool from_adam = polish.empty() && training_.epochs > 0;
    backend_.set_points(from_adam ? points_of_epoch(training_.epochs - 1) : first_points());
    m.training_loss = backend_.loss_and_gradient(loss_, m.theta, gradient_);
    m.gradient_norm = norm_of(gradient_);
    m.stopped_by = stopped_by_;
    m.stop_reason = stop_reason_.word;
    m.at_iteration_limit = stop_reason_.word == stop_reason::kLimit.word;
    m.training_quadrature = from_adam ? training_.describe_points() : landscape::to_string(training_.quadrature);
    m.seconds = seconds_before_ + seconds_since(start_);
    if (state_.step > 0) {
      const double known = 1.0 - std::pow(kBeta2, static_cast<double>(state_.step));
      for (const double v : state_.second_moment) m.adam_second_moment.push_back(v / known);
    }
    m.history = state_.history;
    m.path = state_.path;
    return m;
  }

  NetworkSpec spec_;
  Problem problem_;
  LossKind loss_;
  TrainingSpec training_;
  LossBackend& backend_;
  PointSet error_points_;
  const TrainingObserver& observer_;
  std::vector<double> gradient_;
  TrainingState state_;
  std::int64_t iterations_ = 0;
  std::int64_t polished_ = 0;  // epochs of Adam and iterations of what followed
  std::string_view stopped_by_ = "adam";
  StopReason stop_reason_ = stop_reason::kEpochs;
  double seconds_before_ = 0.0;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace

std::string to_string(Initialisation init) { return choice_name(kInitialisations, init); }
std::string to_string(TrainingPoints points) { return choice_name(kTrainingPoints, points); }
Initialisation parse_initialisation(std::string_view text, std::string_view option) {
  return parse_choice(kInitialisations, text, option);
}
std::span<const OptimizerInfo> optimizers() { return kOptimizers; }
const OptimizerInfo& info_of(Optimizer optimizer) {
  return *std::ranges::find(kOptimizers, optimizer, &OptimizerInfo::optimizer);
}
const OptimizerInfo& optimizer_of_phase(std::string_view phase) {
  const auto found = std::ranges::find(kOptimizers, phase, &OptimizerInfo::phase);
  return found == kOptimizers.end() ? info_of(Optimizer::lbfgs) : *found;
}
std::vector<OptimizerStage> parse_optimizers(std::string_view text, std::string_view option) {
  std::vector<OptimizerStage> stages;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    const std::size_t colon = std::min(word.find(':'), word.size());
    OptimizerStage stage{parse_choice(kOptimizerWords, word.substr(0, colon), option), {}};
    if (colon < word.size()) {
      const std::string_view number = word.substr(colon + 1);
      std::int64_t n = 0;
      const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), n);
      if (error != std::errc() || rest != number.data() + number.size() || n < 0 || n > kMostIterations) {
        throw UsageError(
            fmt::format("{} '{}' has no number of steps behind its colon: give one from 0 to {}, as in {}:50.", option,
                        text, kMostIterations, info_of(stage.optimizer).word));
      }
      stage.n = n;
    }
    if (std::ranges::any_of(stages, [&](const OptimizerStage& s) { return s.optimizer == stage.optimizer; }))
      throw UsageError(
          fmt::format("{} '{}' has {} twice: name each once.", option, text, info_of(stage.optimizer).word));
    if (stage.optimizer == Optimizer::adam && !stages.empty())
      throw UsageError(fmt::format("{} '{}' has adam behind another: put it first.", option, text));
    stages.push_back(stage);
    begin = end + 1;
  }
  return stages;
}

TrainingPoints parse_training_points(std::string_view text, std::string_view option) {
  return parse_choice(kTrainingPoints, text, option);
}

void TrainingSpec::validate(Domain domain, int dimension) const {
  const auto need = [](bool ok, std::string_view what) {
    if (!ok) throw UsageError(std::string(what));
  };
  need(epochs >= 0, "--epochs must be 0 or more.");
  need(std::isfinite(learning_rate) && learning_rate > 0.0, "--learning-rate must be a positive number.");
  need(decay_every >= 0, "--decay-every must be 0 (never) or a positive number of epochs.");
  need(std::isfinite(decay_factor) && decay_factor > 0.0, "--decay-factor must be a positive number.");
  need(batch >= 0, "--batch must be 0 (all points) or a positive number of points.");
  need(lbfgs_iterations >= 0 && lbfgs_iterations <= kMostIterations,
       "--lbfgs-iterations must be from 0 to 1000000000.");
  need(history_every >= 1, "--history-every must be 1 or more.");
  need(points == TrainingPoints::fixed || is_random(quadrature),
       "--train-points redrawn needs random points: give --train-quadrature monte-carlo:N or sobol:N.");
  validate_rule(quadrature, domain, dimension, "--train-quadrature");
}

std::int64_t TrainingSpec::path_length() const {
  if (path_every == 0) return 0;
  return 1 + epochs / path_every + (epochs % path_every != 0 ? 1 : 0) + (polish_iterations() > 0 ? 1 : 0);
}

std::string TrainingSpec::describe_points() const {
  return landscape::to_string(quadrature) + (points == TrainingPoints::redrawn ? " redrawn" : "");
}

std::string TrainingSpec::describe() const {
  const std::string from = start.empty() ? to_string(init) + " start"
                                         : fmt::format("start from {} (parameters {})", start, start_parameters);
  std::string text = fmt::format("{}, adam {} epochs, learning rate {}", from, epochs, learning_rate);
  if (decay_every > 0) text += fmt::format(" times {} every {}", decay_factor, decay_every);
  text += fmt::format(", {} {}", landscape::to_string(quadrature), landscape::to_string(points));
  if (batch > 0) text += fmt::format(", batches of {}", batch);
  for (const Optimizer optimizer : chain) {
    const std::int64_t n = optimizer == Optimizer::adam ? 0 : steps_of(optimizer);
    if (n > 0) text += fmt::format("; {} up to {} iterations", info_of(optimizer).phase, n);
  }
  return text;
}

std::vector<double> initial_parameters(const NetworkSpec& spec, Initialisation init, std::uint64_t seed) {
  const ParameterLayout layout(spec);
  std::vector<double> theta(layout.size());
  const std::uint64_t stream = subsequence(RandomUse::initial_parameters, 0);
  int fan_in = 1;
  for (const TensorInfo& tensor : layout.tensors()) {
    if (!tensor.is_bias) fan_in = tensor.columns;  // a bias follows its weight and shares its fan in
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
      switch (init) {
        case Initialisation::xavier:
          theta[i] = tensor.is_bias
                         ? 0.0
                         : std::sqrt(2.0 / (tensor.rows + tensor.columns)) * philox_normal_pair(seed, stream, i).first;
          break;
        case Initialisation::normal:
          theta[i] = tensor.is_bias ? 0.0 : philox_normal_pair(seed, stream, i).first;
          break;
        case Initialisation::uniform:
          theta[i] = tensor.is_bias ? 0.0 : philox_uniform_pair(seed, stream, i)[0];
          break;
        case Initialisation::pytorch:
          theta[i] = (2.0 * philox_uniform_pair(seed, stream, i)[0] - 1.0) / std::sqrt(static_cast<double>(fan_in));
          break;
      }
    }
  }
  return theta;
}

QuadratureRule history_rule(int dimension) {
  switch (dimension) {
    case 1:
      return {QuadratureKind::gauss, 32};
    case 2:
      return {QuadratureKind::gauss, 16};
    case 3:
      return {QuadratureKind::gauss, 12};
    default:
      return {QuadratureKind::sobol, 4096};
  }
}

Minimizer train(const NetworkSpec& spec, const Problem& problem, LossKind loss, const TrainingSpec& training,
                LossBackend& backend, const TrainingObserver& observer, const std::optional<TrainingState>& resume,
                std::span<const double> start) {
  spec.validate();
  training.validate(problem->domain, spec.dimension);
  return Trainer(spec, problem, loss, training, backend, observer).run(resume, start);
}

}  // namespace landscape
