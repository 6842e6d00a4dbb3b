// The table of metrics, their blocks and their results.
#include "landscape/analysis/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "landscape/analysis/index_results.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

constexpr std::array<MetricKind, 4> kMetricTable{
    {{Metric::reference, Quantity::loss, true, "loss", "L(theta* + s_j d_k) on the reference's points", "the loss on"},
     {Metric::l2, Quantity::l2_error, true, "relative_l2_error", "|u - u*|_L2 / |u*|_L2 at theta* + s_j d_k",
      "the L2 error"},
     {Metric::h1, Quantity::h1_error, true, "relative_h1_error", "|grad(u - u*)|_L2 / |grad u*|_L2 at theta* + s_j d_k",
      "the H1 error"},
     {Metric::gradient, Quantity::gradient_norm, false, "gradient_norm", "|grad L(theta* + s_j d_k)|_2", "|grad L|"}}};

std::string metric_result_group(LossKind loss, Metric metric) {
  return result_group(loss) + "/metrics/" + to_string(metric);
}

}  // namespace

const MetricKind& metric_kind(Metric metric) { return *std::ranges::find(kMetricTable, metric, &MetricKind::metric); }

std::string metric_group(LossKind loss, Metric metric) { return profile_group(loss) + "/metrics/" + to_string(metric); }

std::string metric_quadrature(const RunConfig& config, Metric metric) {
  return to_string(metric_kind(metric).is_on_reference ? reference_rule(config) : config.quadrature);
}

std::string metric_title(const RunConfig& config, Metric metric) {
  const std::string title = metric_kind(metric).title;
  return metric == Metric::reference ? title + " " + metric_quadrature(config, metric) : title;
}

Work metric_work(const RunConfig& config, LossKind loss, Metric metric, std::vector<double> steps) {
  const MetricKind& kind = metric_kind(metric);
  Work work = profile_work(config, {loss, kind.is_on_reference ? reference_set(config) : 0}, std::move(steps));
  work.quantity = kind.quantity;
  Block& block = work.block;
  block.group = metric_group(loss, metric);
  block.values = kind.values;
  block.description = kind.description;
  block.row_vectors = {};  // the loss's block keeps them
  block.attributes = {{"metric", to_string(metric)},
                      {"quadrature", metric_quadrature(config, metric)},
                      {"quadrature_seed", config.seed}};
  const std::string when = fmt::format("; valid once the state of /{} is complete", metric_result_group(loss, metric));
  block.row_columns = {
      {"total_variation", "T_k = sum_j |f_(j+1) - f_j| / (|I| (max f - min f)), NaN where undefined" + when}};
  if (metric == Metric::reference) {
    block.row_columns.push_back({"gap",
                                 "max_j |f_j - r_j| / (max f - min f) of the loss f on the profiles' points and "
                                 "r on these, NaN where undefined" +
                                     when});
  }
  return work;
}

std::string metric_name(const Work& work) {
  const std::string& group = work.block.group;
  const std::string of_loss = profile_group(work.loss) + "/metrics/";
  return group.starts_with(of_loss) ? to_string(work.loss) + ", " + group.substr(of_loss.size()) : "";
}

double profile_gap(std::span<const double> f, std::span<const double> r) {
  const auto [low, high] = std::ranges::minmax(f);
  double gap = 0.0;
  for (std::size_t j = 0; j < f.size(); ++j) {
    const double difference = std::fabs(f[j] - r[j]);
    if (!(difference <= gap)) gap = difference;
  }
  const double share = gap / (high - low);
  return std::isfinite(share) ? share : kUndefined;
}

std::vector<RowValues> metric_columns(const MetricReport& report) {
  std::vector<double> total_variation;
  for (const ProfileDiagnostics& profile : report.profiles)
    total_variation.push_back(profile.status == DirectionStatus::usable ? profile.total_variation : kUndefined);
  std::vector<RowValues> columns{{"total_variation", total_variation}};
  if (report.metric == Metric::reference) columns.push_back({"gap", report.gaps});
  return columns;
}

ResultGroup metric_results(const RunConfig& config, LossKind loss, Metric metric, const MetricReport* report) {
  using R = MetricReport;
  const std::string quadrature = metric_quadrature(config, metric);
  ResultTable<R> table(
      fmt::format("roughness index of {} along the loss's profiles, T the normalised total variation "
                  "(unit: 1 / step); NaN where undefined",
                  metric_kind(metric).description));
  table.add_text("quadrature", 2 * kWordCapacity, "the points' quadrature rule",
                 [=](const R&) { return std::string(quadrature); });
  add_index(table);
  add_directions(table);
  table.add("bootstrap_resamples", "1", "resamples of the interval",
            [](const R& r) { return r.interval ? r.interval->resamples : std::int64_t{0}; });
  table.add("bootstrap_seed", "1", "seed of the resampling", [seed = config.seed](const R&) { return seed; });
  table.add("evaluation_seconds", "s", "time of the evaluation, mean over ranks", &R::evaluation_seconds);
  if (metric == Metric::reference) {
    table.add(
        "median_gap", "1",
        "median over the directions of max_j |f_j - r_j| / (max f - min f), of the loss f on the profiles' points "
        "and r on these",
        &R::median_gap);
    table.add("largest_gap", "1", "largest over the directions of the same", &R::largest_gap);
  }
  return table.group(metric_result_group(loss, metric), report);
}

std::string metric_comparison_group(Metric metric) { return std::string(kComparisonGroup) + "/" + to_string(metric); }

}  // namespace landscape
