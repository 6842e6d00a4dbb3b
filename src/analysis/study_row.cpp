// One training of a study, from its first parameters to its row of numbers.
#include <algorithm>
#include <cmath>

#include "landscape/analysis/connectivity.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/study.hpp"
#include "landscape/backend/loss_rounding.hpp"
#include "landscape/backend/solution_measure.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/hessian/curvature.hpp"
#include "landscape/job/device.hpp"
#include "landscape/job/lone_training.hpp"
#include "landscape/job/minimizer_text.hpp"
#include "landscape/job/progress.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/model/unit_matching.hpp"
#include "landscape/roughness/barrier.hpp"
#include "landscape/roughness/topology.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

constexpr double kPieceSeconds = 0.05;  // between looks at whether to go on
constexpr double kTrainingShare = 0.9;  // of a row's time, as progress tells it

class StudyRow {
 public:
  StudyRow(const RowTools& tools, const RunConfig& config)
      : tools_(tools), config_(config), loss_(config.losses.front()), points_(profile_points(config)) {}

  /// Throws TrainingDiverged, TrainingStopped.
  void train() {
    minimizer_ = train_alone(tools_, config_, points_, kTrainingShare);
    go_on();
  }

  void write_minimizer(std::span<double> row) const {
    set(row, StudyQuantity::loss, minimizer_.final_loss);
    set(row, StudyQuantity::loss_error, minimizer_.final_loss_error);
    set(row, StudyQuantity::training_loss, minimizer_.training_loss);
    double lowest = minimizer_.training_loss;
    for (const double loss : minimizer_.history.loss) lowest = std::min(lowest, loss);
    set(row, StudyQuantity::lowest_training_loss, lowest);
    set(row, StudyQuantity::relative_l2_error, minimizer_.relative_l2_error);
    set(row, StudyQuantity::relative_h1_error, minimizer_.relative_h1_error);
    set(row, StudyQuantity::gradient_norm, minimizer_.gradient_norm);
    set(row, StudyQuantity::below_minimum, is_below_minimum(minimizer_, config_.problem) ? 1.0 : 0.0);
    set(row, StudyQuantity::diverged, 0.0);
  }

  void write_profiles(std::span<double> row) const {
    const Profiles found = profiles();
    const IndexEstimate estimate = estimate_index(found.diagnostics, config_);
    set(row, StudyQuantity::index, or_undefined(estimate.index.index));
    set(row, StudyQuantity::index_lower, estimate.interval ? estimate.interval->lower : kUndefined);
    set(row, StudyQuantity::index_upper, estimate.interval ? estimate.interval->upper : kUndefined);
    set(row, StudyQuantity::mean, or_undefined(estimate.index.mean));
    set(row, StudyQuantity::used, static_cast<double>(estimate.index.n_used));
    set(row, StudyQuantity::resolution, or_undefined(estimate.resolution));
    const TopologySummary topology = summarise_topology(found.diagnostics, found.topologies, config_.grid.length());
    set(row, StudyQuantity::persistence_mean, or_undefined(topology.persistence.mean));
    set(row, StudyQuantity::persistence_resolution, or_undefined(topology.resolution));
    set(row, StudyQuantity::smad_normalised, or_undefined(topology.normalised_gap.mean));
  }

  void write_curvature(std::span<double> row) const {
    // The CPU alone has products with the Hessian.
    const auto backend = make_cpu_backend(config_.network, config_.problem, points_, tools_.threads);
    const Curvature found =
        curvature_at(*backend, loss_, minimizer_.theta, config_.direction_seed, [this] { go_on(); });
    set(row, StudyQuantity::smallest_eigenvalue, found.smallest);
    set(row, StudyQuantity::largest_eigenvalue, found.largest);
    set(row, StudyQuantity::negative_share, found.negative_share);
    set(row, StudyQuantity::condition, found.condition);
  }

  /// Throws TrainingStopped. Undefined where the other training diverges.
  void write_barrier(std::span<double> row) const {
    RunConfig partner = config_;
    partner.training.seed += kPartnerSeed;
    std::vector<double> other;
    try {
      other = train_alone(tools_, partner, points_, kTrainingShare).theta;
    } catch (const TrainingDiverged&) {
      return;
    }
    const std::vector<double> matched = match_units(minimizer_.spec, minimizer_.theta, other), t = path_points(config_);
    std::vector<double> losses(t.size());
    make_path_row(tools_, config_, {minimizer_.theta, matched, {}}, losses);
    const double height = path_barrier(t, losses).height;
    const auto error =
        loss_rounding(minimizer_.spec, config_.problem, loss_, minimizer_.theta, points_, config_.precision);
    const double scale = loss_scale(loss_, config_.problem, minimizer_.spec.dimension);
    set(row, StudyQuantity::barrier, height <= barrier_rounding(losses, error) ? 0.0 : height / scale);
  }

 private:
  struct Profiles {
    std::vector<ProfileDiagnostics> diagnostics;  // (M)
    std::vector<Topology> topologies;             // (M)
  };

  static void set(std::span<double> row, StudyQuantity quantity, double value) {
    row[static_cast<std::size_t>(quantity)] = value;
  }

  void go_on() const {
    if (!tools_.go_on(kTrainingShare)) throw TrainingStopped("A row of the study was given up.");
  }

  Profiles profiles() const {
    BackendOrder order = lone_order(tools_, config_, points_);
    order.precision = config_.precision;
    const auto backend = make_backend_on(tools_.device, order);
    const LineSet lines =
        DirectionSet(minimizer_.spec, minimizer_.theta, config_.direction_seed, config_.norm, config_.bias);
    const std::vector<double> steps = config_.grid.steps();
    const auto n_steps = static_cast<std::int64_t>(steps.size()), n = config_.n_directions * n_steps;
    std::vector<double> losses(static_cast<std::size_t>(n));
    std::int64_t piece = 16 * tools_.threads;
    for (std::int64_t done = 0; done < n;) {
      const std::int64_t count = std::min(piece, n - done);
      const Stopwatch clock;
      backend->evaluate({loss_, &lines, steps, done, count},
                        std::span(losses).subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(count)));
      done += count;
      if (clock.seconds() < kPieceSeconds) piece *= 2;
      go_on();
    }
    DiagnosticsOptions options;
    options.interval_length = config_.grid.length();
    options.loss_error =
        loss_rounding(minimizer_.spec, config_.problem, loss_, minimizer_.theta, points_, config_.precision);
    Profiles found{diagnose_profiles(losses, steps, {}, options), {}};
    for (std::size_t k = 0; k < found.diagnostics.size(); ++k) {
      found.topologies.push_back(profile_topology(std::span(losses).subspan(k * steps.size(), steps.size()),
                                                  found.diagnostics[k], options.loss_error));
    }
    return found;
  }

  const RowTools& tools_;
  const RunConfig& config_;
  LossKind loss_;
  PointSet points_;
  Minimizer minimizer_;
};

}  // namespace

void make_study_row(const RowTools& tools, const RunConfig& config, const StudyExtras& extras, std::span<double> row) {
  std::ranges::fill(row, kUndefined);
  StudyRow study(tools, config);
  try {
    study.train();
  } catch (const TrainingDiverged&) {
    row[static_cast<std::size_t>(StudyQuantity::diverged)] = 1.0;
    return;
  }
  study.write_minimizer(row);
  study.write_profiles(row);
  if (extras.eigenvalues) study.write_curvature(row);
  if (extras.barriers) study.write_barrier(row);
}

}  // namespace landscape
