// Which sets there are, where they stand in the file, and what is said of them; the analysis of variance itself is
// roughness/quadrature_noise.hpp.
#include "landscape/app/point_sets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "landscape/app/output.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kFewestReferencePoints = 32768;

double or_undefined(const std::optional<double>& value) { return value.value_or(kUndefined); }

}  // namespace

std::vector<FurtherSet> further_sets(const RunConfig& config) {
  std::vector<FurtherSet> sets;
  if (config.point_sets == 0) return sets;
  const auto n = static_cast<std::uint64_t>(config.point_sets);
  for (std::uint64_t stream = 1; stream < (own_points_count(config) ? n : n + 1); ++stream)
    sets.push_back({config.quadrature, stream, false});
  sets.push_back({reference_rule(config), 0, true});
  return sets;
}

bool own_points_count(const RunConfig& config) { return config.quadrature.kind == QuadratureKind::monte_carlo; }

QuadratureRule reference_rule(const RunConfig& config) {
  if (config.reference_quadrature) return *config.reference_quadrature;
  switch (config.network.dimension) {
    case 1:
      return {QuadratureKind::gauss, 256};
    case 2:
      return {QuadratureKind::gauss, 48};
    case 3:
      return {QuadratureKind::gauss, 20};
    default:
      break;
  }
  const auto several = static_cast<std::uint64_t>(std::max(kFewestReferencePoints, 4 * config.quadrature.n));
  return {QuadratureKind::sobol, static_cast<std::int64_t>(std::bit_ceil(several))};
}

PointSet points_of_set(const RunConfig& config, int set) {
  const int dimension = config.network.dimension;
  if (set == 0) return make_points(config.quadrature, dimension, config.seed, 0);
  const FurtherSet further = further_sets(config).at(static_cast<std::size_t>(set) - 1);
  return make_points(further.rule, dimension, config.seed, further.stream);
}

std::string set_name(const RunConfig& config, int set) {
  const FurtherSet further = further_sets(config).at(static_cast<std::size_t>(set) - 1);
  return further.is_reference ? "reference " + to_string(further.rule) : fmt::format("point set {}", set);
}

void validate_point_sets(const RunConfig& config) {
  if (config.point_sets == 0) {
    if (config.reference_quadrature) throw UsageError("--reference-quadrature belongs to --point-sets: give that too.");
    return;
  }
  if (!is_random(config.quadrature)) {
    throw UsageError(fmt::format(
        "--point-sets {} needs random points: {} is one fixed set, and deterministic rules have no independent sets; "
        "use --quadrature monte-carlo:N or sobol:N, or compare with a finer rule.",
        config.point_sets, to_string(config.quadrature)));
  }
  if (!config.reference_quadrature || !is_random(*config.reference_quadrature)) return;
  const QuadratureRule& reference = *config.reference_quadrature;
  if (reference.kind == QuadratureKind::monte_carlo || reference.n <= config.quadrature.n) {
    throw UsageError(
        fmt::format("--reference-quadrature {} is no better than --quadrature {}: use gauss:N, or sobol:N with more "
                    "than {} points.",
                    to_string(reference), to_string(config.quadrature), config.quadrature.n));
  }
}

std::vector<AttributeList> further_set_attributes(const RunConfig& config) {
  std::vector<AttributeList> all;
  for (const FurtherSet& set : further_sets(config)) {
    all.push_back({{"description", set.is_reference ? "the same profiles with a quadrature that is as good as exact"
                                                    : "the same profiles with an independent set of points"},
                   {"quadrature", to_string(set.rule)},
                   {"quadrature_seed", config.seed},
                   {"stream", set.stream}});
  }
  return all;
}

std::string point_sets_group(LossKind loss) { return result_group(loss) + "/point_sets"; }

PointSetReport blank_point_sets(const RunConfig& config) {
  PointSetReport report;
  report.rule = config.quadrature;
  report.reference_rule = reference_rule(config);
  if (own_points_count(config)) report.streams.push_back(0);
  for (const FurtherSet& set : further_sets(config)) {
    if (!set.is_reference) report.streams.push_back(static_cast<std::int64_t>(set.stream));
  }
  report.noise.n_sets = static_cast<std::int64_t>(report.streams.size());
  return report;
}

AttributeList point_set_attributes(const PointSetReport& report) {
  const QuadratureNoise& noise = report.noise;
  const auto& interval = report.reference_interval;
  return {
      {"description",
       "the index with K independent point sets and the same directions, and var(T) split into directions and points"},
      {"quadrature", to_string(report.rule)},
      {"sets", noise.n_sets},
      {"used", noise.n_used},
      {"index_mean", or_undefined(noise.index_mean)},
      {"index_spread", or_undefined(noise.index_spread)},
      {"index_sampling_error", or_undefined(noise.index_sampling_error)},
      {"variance_directions", or_undefined(noise.variance_directions)},
      {"variance_points", or_undefined(noise.variance_points)},
      {"points_dominate_profiles", std::int64_t{noise.points_dominate_profiles}},
      {"points_dominate_index", std::int64_t{noise.points_dominate_index}},
      {"reference_quadrature", to_string(report.reference_rule)},
      {"reference_index", or_undefined(report.reference.index)},
      {"reference_interval",
       interval ? std::vector{interval->lower, interval->upper} : std::vector{kUndefined, kUndefined}},
      {"reference_mean", or_undefined(report.reference.mean)},
      {"reference_used", report.reference.n_used},
      {"reference_resolution", or_undefined(report.reference_resolution)},
  };
}

std::vector<ResultTable> point_set_tables(const PointSetReport& report) {
  std::vector<double> index(report.streams.size(), kUndefined), mean(index);
  for (std::size_t k = 0; k < std::min(index.size(), report.noise.index_per_set.size()); ++k)
    index[k] = or_undefined(report.noise.index_per_set[k]);
  for (std::size_t k = 0; k < std::min(mean.size(), report.noise.mean_per_set.size()); ++k)
    mean[k] = report.noise.mean_per_set[k];
  const auto n = static_cast<std::int64_t>(index.size());
  return {{"index", "RI with each point set over the directions usable with all of them", "(K)", {n}, index},
          {"mean", "mean T with each point set, 1 / unit of s", "(K)", {n}, mean},
          {"stream",
           "stream of the seed that the points were drawn from; 0: the run's own points",
           "(K)",
           {n},
           report.streams}};
}

std::string domination_text(const std::string& loss, const PointSetReport& report) {
  const QuadratureNoise& noise = report.noise;
  return fmt::format(
      "{}: the index measures its integration points: over {} sets of {} it is {:.3g} +- {:.2g}, where the directions "
      "alone make +- {:.2g}, and {:.0f} % of the variance of T is the points'; with {} it is {:.3g}: use --quadrature "
      "{}.",
      loss, noise.n_sets, to_string(report.rule), or_undefined(noise.index_mean), or_undefined(noise.index_spread),
      or_undefined(noise.index_sampling_error),
      100.0 * or_undefined(noise.variance_points) /
          (or_undefined(noise.variance_points) + or_undefined(noise.variance_directions)),
      to_string(report.reference_rule), or_undefined(report.reference.index), to_string(report.reference_rule));
}

std::string unmeasured_text(const RunConfig& config) {
  if (config.point_sets > 0 || !is_random(config.quadrature)) return "";
  return fmt::format(
      "How much of this is the {} points' doing was not measured: {} with independent points.",
      to_string(config.quadrature),
      config.is_sweep() ? "without the command sweep, --point-sets 5 repeats one grid" : "--point-sets 5 repeats it");
}

}  // namespace landscape
