// What a run is: every option's value. Text and back: settings.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/equation/equation.hpp"
#include "landscape/model/network_spec.hpp"
#include "landscape/profile/direction_kind.hpp"
#include "landscape/profile/direction_set.hpp"
#include "landscape/profile/profile_grid.hpp"
#include "landscape/quadrature/quadrature.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/train/training.hpp"

namespace landscape {

inline constexpr int kMostThreads = 4096;  // of a rank

enum class DeviceChoice { automatic, cpu, cuda };

/// Who computes a training's steps: rank 0 alone, or all ranks, each on its share of the points.
enum class TrainRanks { automatic, all, root };
/// Whether minimizers are examined: by gradient and Hessian, where that costs little.
enum class MinimumCheck { automatic, on, off };

/// One of a run's minimizers: the name it is kept under, the loss it is a minimizer of, where it comes from.
struct MinimizerSource {
  std::string name;  // "ritz"
  LossKind loss = LossKind::ritz;
  std::string file;     // empty: it is trained
  bool is_any = false;  // whatever minimizer the file holds, or FILE:NAME; else that of the loss
  bool is_trained() const { return file.empty(); }
};

/// At whose minimizers a loss is looked at.
enum class Around { own, other, both };

/// What the command surface evaluates: L(origin + x along + y across) on a grid.
struct SurfaceOptions {
  std::optional<ProfileGrid> x;  // always there in a surface's configuration
  std::optional<ProfileGrid> y;  // none: a line
  std::vector<std::string>
      through;              // two or three minimizers: names of the run's own, or files; none: random directions
  bool orthogonal = false;  // the second direction to the first one
  bool match = false;       // also with the hidden units of the second minimizer matched to the first one's
  bool redraw = false;      // two new directions at every point, as published
  bool is_line() const { return !y; }
};

/// Entry `place` of --through: the name of the run's own minimizer that it is, or that of a file's: A, B, C.
std::string name_on_plane(const std::string& entry, std::size_t place);

enum class SpectrumMethod { dense, lanczos };
enum class ProbeEntries { rademacher, gaussian };

/// What the command spectrum sets the Hessian against: the matrix P whose inverse an optimizer takes times the
/// gradient.
enum class Preconditioner : std::uint8_t {
  gauss_newton,  // of the loss itself (backend/quadratic_model.hpp)
  energy,        // of the Ritz loss, whatever loss is looked at: the Gram matrix of du/dtheta_i in the energy
  adam,          // diag(sqrt(v) + eps), v Adam's second moment when its epochs ended
  lbfgs          // what its pairs make of a multiple of the identity (hessian/lbfgs_matrix.hpp)
};

/// The command spectrum: eigenvalues of the Hessian in the parameters.
struct SpectrumOptions {
  std::optional<SpectrumMethod> method;  // always there in a spectrum's configuration
  std::int64_t probes = 10;              // of lanczos
  std::int64_t steps = 100;              // of lanczos, per probe
  ProbeEntries entries = ProbeEntries::rademacher;
  std::string restrict_to;        // a layer or tensor; empty: all parameters
  std::int64_t eigenvectors = 0;  // stored at each end
  // In this order, each at most once; and of statistics: up to which part of its largest eigenvalue P has none.
  std::vector<Preconditioner> preconditioners;
  double rank_tolerance = 1e-6;
};

/// An entry of --vary as it is written.
struct Factor {
  std::string options;  // "width", or several that change together: "quadrature+train-quadrature"
  std::string values;   // "2,4,8", "1:20"
  friend bool operator==(const Factor&, const Factor&) = default;
};

/// "width=2,4 train-seed=1:20"
std::string to_string(const std::vector<Factor>& factors);

/// The command study: many trainings.
struct StudyOptions {
  std::vector<Factor> vary;
};

/// The command connectivity: paths between minimizers of several training seeds.
struct ConnectivityOptions {
  std::int64_t seeds = 8;               // minimizers K of each loss
  std::int64_t pairs = 200;             // at most
  std::int64_t t_points = 51;           // P on a path, both ends included
  std::int64_t curve_iterations = 200;  // of L-BFGS, at most; 0: no curves
  std::int64_t curve_nodes = 16;        // of the mean over t that a curve is fitted by
};

/// What the command roughness measures beside the loss, along the same lines.
enum class Metric : std::uint8_t {
  reference,  // the loss on the reference's points
  l2,         // relative L2 error of u
  h1,         // relative error of u in the H1 semi-norm
  gradient    // length of the loss's gradient
};

struct RunConfig {
  std::string command = "roughness";  // whose options these are

  // problem and network
  NetworkSpec network;
  Problem problem;
  std::vector<LossKind> losses{LossKind::ritz, LossKind::galerkin};  // in this order, each at most once
  // how the minimizers come about
  TrainingSpec training;  // its seed: --train-seed, else `seed`
  std::string minimizer;  // files; empty: train
  std::string minimizer_ritz;
  std::string minimizer_galerkin;
  // what is evaluated
  std::int64_t n_directions = 100;
  DirectionNorm norm = DirectionNorm::filter;
  BiasMode bias = BiasMode::zero;
  std::uint64_t direction_seed = 1;  // --direction-seed, else `seed`
  std::string directions_from;
  ProfileGrid grid;
  bool grid_auto = false;  // --grid auto: found from the rows (analysis/auto_grid.hpp); grid then means nothing
  std::vector<double> sweep_radius;            // of the command sweep: half-widths, ascending
  std::vector<std::int64_t> sweep_intervals;   // of the command sweep: ascending
  std::vector<DirectionKind> direction_kinds;  // of the command directions: those of many directions first
  SurfaceOptions surface;                      // of the command surface
  SpectrumOptions spectrum;                    // of the command spectrum
  StudyOptions study;                          // of the command study
  ConnectivityOptions connectivity;            // of the command connectivity
  Around around = Around::own;                 // of the commands surface and spectrum
  bool along_path = false;                     // of the commands surface and spectrum, the path of a training
  std::int64_t path_checkpoints = 0;           // of a path that is loaded, of these and of trajectory
  bool eigenvalues = false;                    // of the commands study and trajectory: the extreme ones of each Hessian
  bool barriers = false;                       // of the command study: to the minimizer of another seed
  QuadratureRule quadrature;
  int point_sets = 0;                                  // independent sets of quadrature points; 0: not asked
  std::vector<Metric> metrics;                         // in this order, each at most once
  std::optional<QuadratureRule> reference_quadrature;  // with point_sets or metrics; empty: chosen by dimension
  Precision precision = Precision::double_precision;
  // statistics
  int bootstrap = 2000;  // resamples
  double confidence = 0.95;
  double until_ci = 0.0;  // relative half-width of the interval at which no more directions are added; 0: not asked
  std::int64_t max_directions = 10000;  // with until_ci
  IntervalMethod interval = IntervalMethod::automatic;
  // the run itself
  std::uint64_t seed = 1;  // of profiles' points and resamples, and the common default of the two others
  std::string output = "landscape.h5";
  bool overwrite = false;
  bool resume = false;
  bool save_directions = false;
  bool quiet = false;
  bool dry_run = false;
  bool all = false;           // of verify
  bool settings = false;      // of info
  bool json = false;          // of info, reduce and compare
  bool full_report = false;   // of roughness and reduce
  bool as_published = false;  // of distance
  MinimumCheck minimum_check = MinimumCheck::automatic;
  DeviceChoice device = DeviceChoice::automatic;
  TrainRanks train_ranks = TrainRanks::automatic;
  int threads = 0;  // per rank; 0: this rank's share of the cores, of a reduction one
  double round_seconds = 60.0;
  double time_limit = 0.0;  // seconds, 0: none

  RunConfig();
  /// The file that the minimizer of `loss` is loaded from; empty: it is trained.
  const std::string& minimizer_file(LossKind loss) const;
  /// In the order in which they are had and kept: one per loss, of its name; of a surface through minimizers, these;
  /// of a command whose rows train their own, none.
  std::vector<MinimizerSource> minimizer_sources() const;
  bool trains_in_rows() const { return command == "study" || command == "connectivity"; }
  bool trains_any() const;
  /// Checkpoints of the path that is looked at: loaded, or kept by the run's own trainings.
  std::int64_t path_length() const { return path_checkpoints > 0 ? path_checkpoints : training.path_length(); }
  bool is_lanczos() const { return spectrum.method == SpectrumMethod::lanczos; }
  /// That the run may come to evaluate: more than n_directions only with until_ci.
  std::int64_t most_directions() const {
    return until_ci > 0.0 ? std::max(n_directions, max_directions) : n_directions;
  }
};

/// Quadrature of training and profiles where the user gave none: as good as exact for small networks, and small enough
/// that a default run takes seconds up to d = 3.
QuadratureRule default_quadrature(int dimension);

/// How every interval of a run is made.
BootstrapOptions bootstrap_options(const RunConfig& config);

std::string to_string(DeviceChoice device);
DeviceChoice parse_device_choice(std::string_view text, std::string_view option);
std::string to_string(TrainRanks ranks);
TrainRanks parse_train_ranks(std::string_view text, std::string_view option);
std::string to_string(MinimumCheck check);
MinimumCheck parse_minimum_check(std::string_view text, std::string_view option);
std::string to_string(Around around);
Around parse_around(std::string_view text, std::string_view option);
std::string to_string(SpectrumMethod method);
SpectrumMethod parse_spectrum_method(std::string_view text, std::string_view option);
std::string to_string(ProbeEntries entries);
ProbeEntries parse_probe_entries(std::string_view text, std::string_view option);
std::string to_string(Preconditioner preconditioner);
Preconditioner parse_preconditioner(std::string_view text, std::string_view option);
std::string to_string(Metric metric);
Metric parse_metric(std::string_view text, std::string_view option);
std::string to_string(Precision precision);
Precision parse_precision(std::string_view text, std::string_view option);

}  // namespace landscape
