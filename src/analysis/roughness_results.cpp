// The result groups of /roughness, declared as tables.
#include "landscape/analysis/roughness_results.hpp"

#include <algorithm>
#include <functional>

#include "landscape/analysis/convergence.hpp"
#include "landscape/analysis/index_results.hpp"
#include "landscape/analysis/point_set_results.hpp"
#include "landscape/io/result_table.hpp"

namespace landscape {
namespace {

void add_shapes(ResultTable<LossReport>& table) {
  using R = LossReport;
  const auto count = [](ProfileShape shape) {
    return [shape](const R& r) { return r.shapes.count[static_cast<int>(shape)]; };
  };
  const auto shapes = [](auto member) { return [member](const R& r) { return r.shapes.*member; }; };
  const auto split = [](auto member) {
    return [member](const R& r) -> std::optional<double> {
      if (!r.split) return std::nullopt;
      return (*r.split).*member;
    };
  };
  table.add("monotone", "1", "usable directions without a turning point", count(ProfileShape::monotone));
  table.add("single_valley", "1", "usable directions with one valley", count(ProfileShape::single_valley));
  table.add("multi_valley", "1", "usable directions with several valleys, two lows or more",
            count(ProfileShape::multi_valley));
  table.add("single_peak", "1", "usable directions with one peak", count(ProfileShape::single_peak));
  table.add("valley_and_peak", "1", "usable directions with one valley and a peak on one side or both",
            count(ProfileShape::valley_and_peak));
  table.add("mean_slope_changes", "1", "mean number of sign changes of the slope",
            shapes(&ShapeSummary::mean_slope_changes));
  table.add("median_slope_changes", "1", "their median", shapes(&ShapeSummary::median_slope_changes));
  table.add("mean_absolute_asymmetry", "1", "mean |f_m - f_0| / (max f - min f) of the two ends",
            shapes(&ShapeSummary::mean_absolute_asymmetry));
  table.add("mean_absolute_minimum_offset", "step", "mean |s| of the lowest loss",
            shapes(&ShapeSummary::mean_absolute_minimum_offset));
  table.add("median_absolute_minimum_offset", "step", "their median",
            shapes(&ShapeSummary::median_absolute_minimum_offset));
  table.add("lower_off_centre", "1", "usable profiles that fall below their centre by more than 1 % of max f - min f",
            &R::n_off_centre);
  table.add("median_curvature", "loss / step^2", "median f'' at the step nearest s = 0",
            shapes(&ShapeSummary::median_curvature));
  table.add("mean_curvature", "loss / step^2", "mean f'' at the step nearest s = 0",
            [](const R& r) { return r.curvature.mean; });
  table.add("mean_curvature_interval", "loss / step^2", "lower and upper bound of mean_curvature",
            [](const R& r) { return r.curvature.interval; });
  table.add("hessian_trace", "loss",
            "trace of the Hessian, the expectation of mean_curvature along directions that are normal in all "
            "parameters (norm none, bias gaussian); NaN along others, and where it is not known",
            &R::trace);
  table.add("tilt_share", "1", "share of RI that the ends of the profiles make", split(&IndexSplit::tilt_share));
  table.add("oscillation_share", "1", "share of RI that their oscillation makes",
            split(&IndexSplit::oscillation_share));
}

void add_topology(ResultTable<LossReport>& table) {
  using R = LossReport;
  const auto of = [](auto member) { return [member](const R& r) { return r.topology.*member; }; };
  const auto mean = [](auto member) { return [member](const R& r) { return (r.topology.*member).mean; }; };
  const auto interval = [](auto member) { return [member](const R& r) { return (r.topology.*member).interval; }; };
  using T = TopologySummary;
  table.add("persistence_mean", "1",
            "mean total_persistence / (max f - min f): saddle - minimum, summed over the basins of a profile that meet "
            "a lower one",
            mean(&T::persistence));
  table.add("persistence_interval", "1", "lower and upper bound of persistence_mean", interval(&T::persistence));
  table.add("persistence_resolution", "1", "the persistence_mean that rounded losses alone can make",
            of(&T::resolution));
  table.add("basins_mean", "1", "mean number of basins deeper than 1 % of max f - min f, the lowest one too",
            of(&T::mean_basins));
  table.add("smad", "1",
            "mean saddle_gap: saddle - minimum of a basin that meets a lower one, over the directions that have any "
            "above rounding",
            mean(&T::gap));
  table.add("smad_interval", "1", "lower and upper bound of smad", interval(&T::gap));
  table.add("smad_normalised", "1", "mean saddle_gap / (max f - min f) over the same directions",
            mean(&T::normalised_gap));
  table.add("smad_normalised_interval", "1", "lower and upper bound of smad_normalised", interval(&T::normalised_gap));
  table.add("smad_directions", "1", "number of these directions", [](const R& r) { return r.topology.gap.n; });
  table.add("identity_deviation", "1",
            "largest ||I| (T - tilt) - 2 total_persistence / (max f - min f)| over the usable directions: rounding, "
            "else one of them is wrong",
            of(&T::identity_deviation));
}

ResultTable<LossReport> loss_table() {
  using R = LossReport;
  ResultTable<R> table(
      "roughness index RI = std(T; ddof = 1) / mean(T) over the usable directions, T the normalised total variation "
      "of a profile (unit: 1 / step); NaN where undefined");
  add_index(table);
  add_directions(table);
  add_shapes(table);
  add_topology(table);
  table.add("bootstrap_resamples", "1", "resamples of the interval",
            [](const R& r) { return r.interval ? r.interval->resamples : std::int64_t{0}; });
  table.add("bootstrap_seed", "1", "seed of the resampling", &R::bootstrap_seed);
  table.add("effective_directions", "1", "directions that carry the variance, n / kurtosis of T",
            [](const R& r) { return r.interval ? std::optional(r.interval->n_effective) : std::nullopt; });
  table.add("evaluation_seconds", "s", "time of the evaluation, mean over ranks", &R::evaluation_seconds);
  table.add("median_noise", "1", "median noise of single precision over max f - min f",
            [](const R& r) { return r.single_precision ? r.single_precision->median_of_range : std::nullopt; });
  table.add("median_noise_share_of_variation", "1", "median share of T that this noise makes",
            [](const R& r) { return r.single_precision ? r.single_precision->median_of_variation : std::nullopt; });
  table.add("noisy_directions", "1", "directions where either is above 1 %",
            [](const R& r) { return r.single_precision ? r.single_precision->n_noisy : std::int64_t{0}; });
  return table;
}

// Without a usable direction there are no bins.
ResultTable<LossReport> histogram_table() {
  using R = LossReport;
  ResultTable<R> table("usable directions by their T");
  table.add("edges", "1 / step", "ascending edges of the bins of T, NaN without a usable direction", "(B + 1)",
            {kHistogramBins + 1}, [](const R& r) {
              std::vector<double> edges = r.histogram.edges;
              edges.resize(kHistogramBins + 1, std::numeric_limits<double>::quiet_NaN());
              return edges;
            });
  table.add("counts", "1", "usable directions with edges[b] <= T < edges[b + 1], in the last bin also its upper edge",
            "(B)", {kHistogramBins}, [](const R& r) {
              std::vector<std::int64_t> counts = r.histogram.counts;
              counts.resize(kHistogramBins);
              return counts;
            });
  return table;
}

constexpr const char* kPaired =
    "paired comparison of the indices over the directions usable for both losses; NaN where undefined";

ResultTable<Report> comparison_table(std::uint64_t bootstrap_seed) {
  ResultTable<Report> table(kPaired);
  add_comparison(
      table, [](const Report& r) -> const Comparison& { return *r.comparison; }, bootstrap_seed);
  table.add("persistence_ritz", "1", "mean persistence of Deep Ritz over the directions usable for both",
            [](const Report& r) { return r.persistence->first; });
  table.add("persistence_galerkin", "1", "mean persistence of Deep Galerkin over these",
            [](const Report& r) { return r.persistence->second; });
  table.add("persistence_difference", "1", "persistence_ritz - persistence_galerkin",
            [](const Report& r) { return r.persistence->difference.mean; });
  table.add("persistence_difference_interval", "1",
            "lower and upper bound of persistence_difference, NaN where rounding can make it",
            [](const Report& r) { return r.persistence->difference.interval; });
  table.add("persistence_p_value", "1", "of equal mean persistence, two-sided, NaN where rounding can make it",
            [](const Report& r) { return r.persistence->difference.p_value; });
  return table;
}

ResultTable<MetricComparison> metric_comparison_table(std::uint64_t bootstrap_seed) {
  ResultTable<MetricComparison> table(kPaired);
  add_comparison(
      table, [](const MetricComparison& m) -> const Comparison& { return m.comparison; }, bootstrap_seed);
  return table;
}

template <class Of>
const Of* find_metric(const std::vector<Of>* all, Metric metric) {
  return all == nullptr ? nullptr : &*std::ranges::find(*all, metric, &Of::metric);
}

const LossReport* find_loss(const Report* report, LossKind loss) {
  if (report == nullptr) return nullptr;
  return &*std::find_if(report->losses.begin(), report->losses.end(),
                        [&](const LossReport& r) { return r.loss == loss; });
}

}  // namespace

std::vector<RowValues> direction_results(const LossReport& report) {
  std::vector<double> total_variation, tilt, end_asymmetry, minimum_offset, curvature, persistence, saddle_gap;
  std::vector<std::int64_t> slope_changes, basins;
  std::vector<std::uint8_t> shape_class;
  for (const ProfileDiagnostics& profile : report.profiles) {
    total_variation.push_back(profile.status == DirectionStatus::usable ? profile.total_variation : kUndefined);
    slope_changes.push_back(profile.n_slope_changes);
    shape_class.push_back(static_cast<std::uint8_t>(profile.shape));
    tilt.push_back(profile.tilt);
    end_asymmetry.push_back(profile.end_asymmetry);
    minimum_offset.push_back(profile.minimum_offset);
    curvature.push_back(or_undefined(profile.curvature));
  }
  for (std::size_t k = 0; k < report.topologies.size(); ++k) {
    const bool is_usable = report.profiles[k].status == DirectionStatus::usable;
    const Topology& topology = report.topologies[k];
    persistence.push_back(is_usable ? topology.total_persistence : kUndefined);
    saddle_gap.push_back(is_usable ? or_undefined(topology.mean_gap) : kUndefined);
    basins.push_back(is_usable ? topology.n_basins : 0);
  }
  return {{"total_variation", total_variation},
          {"slope_changes", slope_changes},
          {"shape_class", shape_class},
          {"total_persistence", persistence},
          {"saddle_gap", saddle_gap},
          {"basins", basins},
          {"tilt", tilt},
          {"end_asymmetry", end_asymmetry},
          {"minimum_offset", minimum_offset},
          {"curvature", curvature}};
}

std::string histogram_group(LossKind loss) { return result_group(loss) + "/histogram"; }

std::vector<ResultGroup> roughness_results(const RunConfig& config, const Report* report) {
  std::vector<ResultGroup> groups;
  for (const LossKind kind : config.losses) {
    const LossReport* loss = find_loss(report, kind);
    groups.push_back(loss_table().group(result_group(kind), loss));
    groups.push_back(histogram_table().group(histogram_group(kind), loss));
    groups.push_back(curve_table(config.n_directions).group(curve_group(kind), loss));
    if (config.point_sets > 0)
      groups.push_back(point_sets_table(config).group(point_sets_group(kind), loss ? &*loss->point_sets : nullptr));
    for (const Metric metric : config.metrics)
      groups.push_back(metric_results(config, kind, metric, find_metric(loss ? &loss->metrics : nullptr, metric)));
  }
  if (config.losses.size() == 2) {
    groups.push_back(comparison_table(config.seed).group(kComparisonGroup, report));
    for (const Metric metric : config.metrics) {
      groups.push_back(metric_comparison_table(config.seed)
                           .group(metric_comparison_group(metric),
                                  find_metric(report ? &report->metric_comparisons : nullptr, metric)));
    }
  }
  groups.push_back(stopping_table().group(kStoppingGroup, report));
  if (config.grid_auto) groups.push_back(grid_results(config, report != nullptr ? &*report->grid : nullptr));
  return groups;
}

}  // namespace landscape
