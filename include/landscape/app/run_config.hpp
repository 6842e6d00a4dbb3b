// What a run is: every option's value, and the text that stands for it.
//
// The resolved text, one sorted line `key = value` per option, is what rank 0 broadcasts and every rank parses. The
// lines of options that define numbers (not where they go, how fast, or how they are reported) are stored in the output
// file; their FNV-1a hash tells whether two runs are the same calculation. What the lines look like: settings_text.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/equation/equation.hpp"
#include "landscape/model/complaints.hpp"
#include "landscape/model/network_spec.hpp"
#include "landscape/profile/direction_set.hpp"
#include "landscape/profile/profile_grid.hpp"
#include "landscape/quadrature/quadrature.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/train/training.hpp"

namespace landscape {

enum class DeviceChoice { automatic, cpu, cuda };

struct RunConfig {
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
  std::vector<double> sweep_radius;           // of the command sweep: half-widths, ascending; else empty
  std::vector<std::int64_t> sweep_intervals;  // of the command sweep: ascending
  QuadratureRule quadrature;
  int point_sets = 0;                                  // independent sets of quadrature points; 0: not asked
  std::optional<QuadratureRule> reference_quadrature;  // with point_sets; empty: chosen by dimension
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
  bool all = false;       // of verify
  bool settings = false;  // of info
  DeviceChoice device = DeviceChoice::automatic;
  int threads = 0;  // per rank; 0: this rank's share of the cores
  double round_seconds = 60.0;
  double time_limit = 0.0;  // seconds, 0: none

  RunConfig();
  /// The file that the minimizer of `loss` is loaded from; empty: it is trained.
  const std::string& minimizer_file(LossKind loss) const;
  bool trains_any() const;
  bool is_sweep() const { return !sweep_radius.empty(); }
  /// Along every direction: the grid's, or all of a sweep's grids.
  std::vector<double> steps() const;
  /// That the run may come to evaluate: more than n_directions only with until_ci.
  std::int64_t most_directions() const {
    return until_ci > 0.0 ? std::max(n_directions, max_directions) : n_directions;
  }
  /// Throws UsageError where options contradict each other or where a grid or quadrature is impossible; it has a
  /// sentence for each.
  void validate() const;
};

/// An option's text and the file it came from (empty: the command line).
inline constexpr int kMostThreads = 4096;  // of a rank

struct OptionText {
  std::string text;
  std::string origin;
};
using OptionTexts = std::map<std::string, OptionText, std::less<>>;

/// Quadrature of training and profiles where the user gave none: as good as exact for small networks, and small enough
/// that a default run takes seconds up to d = 3.
QuadratureRule default_quadrature(int dimension);

/// Puts the dimension's default where no quadrature is given: again once a file has settled the dimension. Above d = 3
/// training then has 1024 fresh points each epoch and no L-BFGS.
void settle_quadratures(RunConfig& config, const OptionTexts& given);

/// Applies the texts to the defaults, then validates. Throws UsageError that names every option that cannot be, and the
/// file where there is one.
RunConfig make_run_config(const OptionTexts& texts);

/// Puts the texts into `config` without looking at options together. Returns the names of those that cannot be.
std::set<std::string, std::less<>> apply_options(RunConfig& config, const OptionTexts& texts, Complaints& complaints);

/// Sorted lines `key = value` of every option that says something; parse_resolved_text reads them back to an equal
/// configuration.
std::string resolved_text(const RunConfig& config);
RunConfig parse_resolved_text(std::string_view text);

/// The lines of resolved_text that define numbers, and their 64-bit FNV-1a hash as 16 hexadecimal digits.
std::string defining_text(const RunConfig& config);
std::string config_hash(const RunConfig& config);

/// An option on which two texts of settings differ; without a value where a text does not have it.
struct Difference {
  std::string key;
  std::optional<std::string> before, now;
};
/// By key.
std::vector<Difference> differences(std::string_view before, std::string_view now);
/// "seed was 1 and is now 2; ..."; empty where there are none.
std::string describe(const std::vector<Difference>& differences);

std::string to_string(DeviceChoice device);
std::string to_string(Precision precision);

}  // namespace landscape
