// The command roughness: profiles of both losses along random directions, the index, its interval and the comparison;
// with --point-sets the same profiles with further quadrature points, with --until-ci more directions until the
// intervals are short enough.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "landscape/analysis/auto_grid.hpp"
#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/convergence.hpp"
#include "landscape/analysis/precision_check.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/reduction.hpp"
#include "landscape/analysis/report.hpp"
#include "landscape/analysis/roughness_results.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

std::vector<RowColumn> direction_columns(const RunConfig& config, LossKind loss) {
  const std::string when = fmt::format("; valid once the state of /roughness/{} is complete", to_string(loss));
  std::vector<RowColumn> columns{
      {"total_variation", "T_k = sum_j |f_(j+1) - f_j| / (|I| (max f - min f)), NaN where undefined"},
      {"slope_changes", "sign changes of the profile's slope", ColumnType::whole},
      {"shape_class",
       "shape by the turning points between the ends: 0 none, monotone; 1 one valley; 2 several valleys, two lows or "
       "more; 3 one peak; 5 one valley and a peak on one side or both; 4 undefined",
       ColumnType::byte},
      {"total_persistence",
       "sum of saddle - minimum over the basins of the profile that meet a lower one, unit of f; over max f - min f it "
       "is |I| (T - tilt) / 2. NaN where undefined"},
      {"saddle_gap",
       "SMAD: mean of saddle - minimum over those of these basins that are deeper than rounding can make, unit of f; "
       "NaN where there is none"},
      {"basins", "basins deeper than 1 % of max f - min f and than rounding can make, the lowest one too",
       ColumnType::whole},
      {"tilt",
       "part of T that the ends make: ((f_0 - min) + (f_m - min)) / (|I| (max f - min f)), NaN where undefined"},
      {"end_asymmetry", "(f_m - f_0) / (max f - min f) of the two ends, NaN where undefined"},
      {"minimum_offset", "step s_j of the lowest loss, unit of s, 0 at the minimizer; NaN where undefined"},
      {"curvature", "second derivative of f at the step nearest s = 0 from three steps, NaN where undefined"}};
  if (config.precision == Precision::single_precision) {
    columns.push_back({kNoiseColumn,
                       "standard deviation of the single-precision loss minus the double-precision one over a few "
                       "steps"});
  }
  for (RowColumn& column : columns) column.description += when;
  return columns;
}

class RoughnessFindings : public Findings {
 public:
  RoughnessFindings(Report report, RunConfig config) : report_(std::move(report)), config_(std::move(config)) {}

  std::vector<ResultGroup> groups() const override { return roughness_results(config_, &report_); }
  std::vector<BlockColumns> columns() const override {
    std::vector<BlockColumns> all;
    for (const LossReport& loss : report_.losses) {
      all.push_back({profile_group(loss.loss), direction_results(loss)});
      for (const MetricReport& metric : loss.metrics)
        all.push_back({metric_group(loss.loss, metric.metric), metric_columns(metric)});
    }
    return all;
  }
  std::string text() const override {
    return report_text(report_, config_.full_report ? ReportLength::full : ReportLength::brief);
  }
  Growth growth() const override {
    if (!(config_.until_ci > 0.0)) return {};
    const std::int64_t n = directions_to_go_on_with(report_);
    if (n == 0) return {};
    return {n, fmt::format("{} directions: relative half-width {}; going on to {}", count_text(config_.n_directions),
                           half_widths_text(report_), count_text(n))};
  }

 private:
  Report report_;
  RunConfig config_;
};

class Roughness : public Analysis {
 public:
  std::vector<Work> work(const RunConfig& config) const override {
    std::vector<Work> all;
    const std::vector<AttributeList> of_sets = further_set_attributes(config);
    const std::vector<double> steps = config.grid_auto ? auto_grid_steps().steps : config.grid.steps();
    for (const LossKind loss : config.losses) {
      all.push_back(profile_work(config, loss, steps));
      Block& main = all.back().block;
      main.row_columns = direction_columns(config, loss);
      main.attributes = {{"grid", config.grid_auto ? "auto" : to_string(config.grid)},
                         {"grid_rule", to_string(config.grid.rule)},
                         {"interval_length", config.grid_auto ? kUndefined : config.grid.length()}};
      for (const Attribute& attribute : direction_attributes(config)) main.attributes.push_back(attribute);
      for (std::size_t i = 0; i < of_sets.size(); ++i) {
        all.push_back(profile_work(config, {loss, static_cast<int>(i) + 1}, steps));
        all.back().block.attributes = of_sets[i];
      }
      for (const Metric metric : config.metrics) all.push_back(metric_work(config, loss, metric, steps));
    }
    return all;
  }

  PointSet points(const RunConfig& config, int set) const override { return points_of_set(config, set); }

  std::vector<BlockColumns> measure_rows(const Communicator& comm, const Setup& setup, std::span<const Work> work,
                                         std::span<const LineSet* const> lines) const override {
    std::vector<BlockColumns> measured;
    if (setup.config.precision != Precision::single_precision) return measured;
    for (std::size_t i = 0; i < work.size(); ++i) {
      if (work[i].point_set > 0) continue;
      measured.push_back(
          {work[i].block.group,
           {{kNoiseColumn, single_precision_noise(comm, setup, work[i].loss, *lines[i], work[i].steps)}}});
    }
    return measured;
  }

  std::vector<ResultGroup> results(const RunConfig& config) const override { return roughness_results(config); }

  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const override {
    return std::make_unique<RoughnessFindings>(reduce_profiles(rows, config), config);
  }

  std::string header(const RunConfig& config) const override {
    std::string text =
        config.grid_auto
            ? fmt::format("Profiles    {} x {} steps on [-l, l], l = {:g}, ... {:g}\n", directions_text(config),
                          auto_grid_steps().steps.size(), auto_radii().front(), auto_radii().back())
            : fmt::format("Profiles    {} x {} steps on [{:g}, {:g}]\n", directions_text(config),
                          config.grid.steps().size(), config.grid.min, config.grid.max);
    if (config.until_ci > 0.0) {
      text += fmt::format("            more until the relative half-width of every interval is {:.3g} %, at most {}\n",
                          100.0 * config.until_ci, count_text(config.max_directions));
    }
    text += quadrature_lines(config);
    if (config.point_sets > 0) {
      text += fmt::format("            {} independent sets of them, and {} for reference\n", config.point_sets,
                          to_string(reference_rule(config)));
    }
    if (!config.metrics.empty()) {
      std::vector<std::string> all;
      for (const Metric metric : config.metrics)
        all.push_back(fmt::format("{} ({})", to_string(metric), metric_quadrature(config, metric)));
      text += fmt::format("Metrics     {}\n", fmt::join(all, ", "));
    }
    return text;
  }

  std::string name(const RunConfig& config, const Work& work) const override {
    if (const std::string metric = metric_name(work); !metric.empty()) return metric;
    const std::string loss = to_string(work.loss);
    return work.point_set == 0 ? loss : loss + ", " + set_name(config, work.point_set);
  }
};

}  // namespace

const Analysis& roughness_analysis() {
  static const Roughness analysis;
  return analysis;
}

}  // namespace landscape
