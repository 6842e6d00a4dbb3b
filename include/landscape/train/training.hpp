// Training one minimizer: initialisation, Adam (Kingma and Ba 2015) with step decay on fixed or redrawn points, then
// L-BFGS or Gauss-Newton on fixed ones. Every step's gradient is the backend's hand-written adjoint.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/minimizer.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

/// Of Adam's step m / (sqrt(v) + eps), m and v unbiased.
inline constexpr double kAdamEpsilon = 1e-8;

/// The words of the published study, biases zero: xavier N(0, 2 / (fan in + fan out)), normal N(0, 1), uniform U(0, 1).
/// pytorch: that library's default for a layer, U(-1/sqrt(fan in), 1/sqrt(fan in)), for weights and biases.
enum class Initialisation { xavier, normal, uniform, pytorch };
/// fixed: one point set for the whole training; redrawn: new Monte-Carlo or shifted Sobol points for every epoch.
enum class TrainingPoints { fixed, redrawn };

/// How parameters move. adam: as above; lbfgs; gauss_newton: for the Ritz loss that is energy natural gradient; newton:
/// with the whole Hessian (backend/quadratic_model.hpp).
enum class Optimizer { adam, lbfgs, gauss_newton, newton };
struct TrainingSpec;
/// Of one: its epochs or most iterations; its word in options, and in files; its name in sentences, and what is raised
/// where its limit ended it.
struct OptimizerInfo {
  Optimizer optimizer;
  std::int64_t TrainingSpec::*steps;
  std::string_view word, phase, name, limit;
};
std::span<const OptimizerInfo> optimizers();
const OptimizerInfo& info_of(Optimizer optimizer);
/// L-BFGS where files call none so: older ones name none, and knew no other with a limit.
const OptimizerInfo& optimizer_of_phase(std::string_view phase);
/// One of a chain, "adam" or "adam:2000" with its epochs or most iterations.
struct OptimizerStage {
  Optimizer optimizer = Optimizer::adam;
  std::optional<std::int64_t> n;
};
/// "adam:2000,gauss-newton:50": each at most once, Adam first. Throws UsageError that names `option`.
std::vector<OptimizerStage> parse_optimizers(std::string_view text, std::string_view option = "--optimizer");

std::string to_string(Initialisation init);
std::string to_string(TrainingPoints points);
Initialisation parse_initialisation(std::string_view text, std::string_view option = "--init");
TrainingPoints parse_training_points(std::string_view text, std::string_view option = "--train-points");

struct TrainingSpec {
  Initialisation init = Initialisation::xavier;
  std::int64_t epochs = 20000;  // Adam; one pass over the points each
  double learning_rate = 1e-3;
  std::int64_t decay_every = 0;  // epochs between decays, 0: constant rate
  double decay_factor = 0.8;
  // Most points inside per Adam step, 0: all; an epoch's batches differ by at most one. With a penalty a step also has
  // its share of the boundary's points, one at least.
  std::int64_t batch = 0;
  QuadratureRule quadrature{QuadratureKind::simpson, 100};
  TrainingPoints points = TrainingPoints::fixed;
  std::int64_t lbfgs_iterations = 0;
  std::int64_t gauss_newton_iterations = 0;
  std::int64_t newton_iterations = 0;
  // In this order, each as long as its number above says: an optimizer that is not named does not run.
  std::vector<Optimizer> chain{Optimizer::adam, Optimizer::lbfgs};
  std::int64_t history_every = 100;  // epochs between records
  std::int64_t path_every = 0;       // epochs between checkpoints of the path; 0: none is kept
  std::uint64_t seed = 1;
  std::string start;             // file whose minimizer it continues from; empty: parameters drawn by `init`
  std::string start_minimizer;   // its name in the file; empty: that of the loss, else the only one
  std::string start_parameters;  // checksums of what may be started from, see parameters_checksum()

  /// Throws UsageError where a value is impossible.
  void validate(Domain domain, int dimension) const;
  /// Epochs or most iterations of one optimizer.
  std::int64_t steps_of(Optimizer optimizer) const { return this->*info_of(optimizer).steps; }
  /// Most iterations after Adam.
  std::int64_t polish_iterations() const { return lbfgs_iterations + gauss_newton_iterations + newton_iterations; }
  /// Checkpoints K of the path: one at the beginning, one every path_every epochs of Adam and at its end, and one after
  /// what follows Adam.
  std::int64_t path_length() const;
  /// "simpson:100", "sobol:1024 redrawn"
  std::string describe_points() const;
  /// "adam 20000 epochs, learning rate 0.001, simpson:100 fixed; l-bfgs up to 500 iterations"
  std::string describe() const;
};

/// Everything that a training needs to go on from where it stood: resuming from it gives the same bits as never having
/// stopped.
struct TrainingState {
  std::int64_t epoch = 0;             // Adam epochs done
  std::int64_t step = 0;              // Adam steps done (several per epoch with batches)
  std::vector<double> theta;          // (n)
  std::vector<double> first_moment;   // (n)
  std::vector<double> second_moment;  // (n)
  double seconds = 0.0;
  TrainingHistory history;
  TrainingPath path;
};

/// Called about every `history_every` epochs, and at the end of Adam; returning false stops the training with
/// TrainingStopped.
struct TrainingProgress {
  LossKind loss;
  std::string_view phase;  // OptimizerInfo
  std::int64_t epoch = 0;
  std::int64_t epochs = 0;
  double value = 0.0;
  const TrainingState* state =
      nullptr;  // what to save as a checkpoint; null after Adam, from whose end the others restart
};
using TrainingObserver = std::function<bool(const TrainingProgress&)>;

/// Thrown when the observer asked to stop.
class TrainingStopped : public Error {
 public:
  using Error::Error;
};

/// Thrown where the loss is no longer finite.
class TrainingDiverged : public Error {
 public:
  using Error::Error;
};

/// theta at epoch 0: a pure function of (spec, init, seed). Both losses start from the same theta.
std::vector<double> initial_parameters(const NetworkSpec& spec, Initialisation init, std::uint64_t seed);

/// By which the history records errors, whatever the training's own points: a rule that is good to the digits shown.
QuadratureRule history_rule(int dimension);

/// Trains on `backend`, whose points it replaces. Goes on from `resume` if given, else starts from `start` (n), or
/// where that is empty from initial_parameters(). The result lacks what is measured
/// after a training: final_* and the relative errors; its gradient is that of the training's own points. Throws
/// TrainingDiverged with epoch and remedy when the loss is no longer finite.
Minimizer train(const NetworkSpec& spec, const Problem& problem, LossKind loss, const TrainingSpec& training,
                LossBackend& backend, const TrainingObserver& observer = {},
                const std::optional<TrainingState>& resume = std::nullopt, std::span<const double> start = {});

}  // namespace landscape
