// Tables and sentences; the analysis of variance itself is roughness/quadrature_noise.hpp.
#include "landscape/analysis/point_set_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "landscape/analysis/profiles.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

constexpr std::size_t kRuleCapacity = 64;

std::vector<std::int64_t> streams_of(const RunConfig& config) {
  std::vector<std::int64_t> streams;
  if (own_points_count(config)) streams.push_back(0);
  for (const FurtherSet& set : further_sets(config)) {
    if (!set.is_reference) streams.push_back(static_cast<std::int64_t>(set.stream));
  }
  return streams;
}

}  // namespace

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

ResultTable<PointSetReport> point_sets_table(const RunConfig& config) {
  using Report = PointSetReport;
  const auto noise = [](auto member) { return [member](const Report& report) { return report.noise.*member; }; };
  const std::vector<std::int64_t> streams = streams_of(config);
  const auto n = static_cast<std::int64_t>(streams.size());
  const std::string quadrature = to_string(config.quadrature), reference = to_string(reference_rule(config));
  ResultTable<Report> table(
      "the index with K independent point sets and the same directions, and var(T) split into directions and points");
  table.add_text("quadrature", kRuleCapacity, "the K sets' quadrature rule",
                 [=](const Report&) { return std::string(quadrature); });
  table.add("sets", "1", "number of independent point sets K", noise(&QuadratureNoise::n_sets));
  table.add("used", "1", "directions usable with every set", noise(&QuadratureNoise::n_used));
  table.add("index_mean", "1", "mean RI over the sets", noise(&QuadratureNoise::index_mean));
  table.add("index_spread", "1", "standard deviation of RI over the sets, ddof = 1",
            noise(&QuadratureNoise::index_spread));
  table.add("index_sampling_error", "1", "mean jackknife error of RI over the sets: what the directions do",
            noise(&QuadratureNoise::index_sampling_error));
  table.add("variance_directions", "1 / step^2", "variance of T that the directions make",
            noise(&QuadratureNoise::variance_directions));
  table.add("variance_points", "1 / step^2", "variance of T that the points make",
            noise(&QuadratureNoise::variance_points));
  table.add("points_dominate_profiles", "1", "1 where variance_points > variance_directions, else 0",
            noise(&QuadratureNoise::points_dominate_profiles));
  table.add("points_dominate_index", "1", "1 where index_spread > index_sampling_error, else 0",
            noise(&QuadratureNoise::points_dominate_index));
  table.add_text("reference_quadrature", kRuleCapacity, "the reference's quadrature rule, as good as exact",
                 [=](const Report&) { return std::string(reference); });
  table.add("reference_index", "1", "RI with the reference", [](const Report& r) { return r.reference.index; });
  table.add("reference_interval", "1", "lower and upper bound of reference_index", &Report::reference_interval);
  table.add("reference_mean", "1 / step", "mean T with the reference",
            [](const Report& r) { return r.reference.mean; });
  table.add("reference_used", "1", "directions usable with the reference",
            [](const Report& r) { return r.reference.n_used; });
  table.add("reference_resolution", "1", "the RI that rounded losses alone can make", &Report::reference_resolution);
  table.add("index", "1", "RI with each point set over the directions usable with all of them", "(K)", {n},
            [n](const Report& r) {
              std::vector<double> index;
              for (const std::optional<double>& of_set : r.noise.index_per_set) index.push_back(stored(of_set));
              index.resize(static_cast<std::size_t>(n), kUndefined);
              return index;
            });
  table.add("mean", "1 / step", "mean T with each point set", "(K)", {n}, [n](const Report& r) {
    std::vector<double> mean = r.noise.mean_per_set;
    mean.resize(static_cast<std::size_t>(n), kUndefined);  // there are none without a usable direction
    return mean;
  });
  table.add("stream", "1", "stream of the seed that the points were drawn from; 0: the run's own points", "(K)", {n},
            [=](const Report&) { return std::vector(streams); });
  return table;
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
      config.command == "roughness" ? "--point-sets 5 repeats it" : "--point-sets 5 of roughness repeats one grid");
}

}  // namespace landscape
