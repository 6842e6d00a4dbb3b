// T per direction in direction order, then the index, its interval and the paired comparison.
#include "landscape/analysis/reduction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "landscape/analysis/convergence.hpp"
#include "landscape/analysis/precision_check.hpp"
#include "landscape/backend/loss_rounding.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/roughness/pieces.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kRowsTogether = 512;  // that a thread takes at a time

struct Diagnosed {
  std::vector<ProfileDiagnostics> profiles;  // (M)
  std::int64_t n_damaged = 0;
  std::vector<char> falls;           // whether a profile falls below its centre
  std::vector<Topology> topologies;  // (M), of the run's own points only
};

// Whether a usable profile is lower somewhere than at s = 0, by more than kOffCentre of max - min.
bool falls_below_centre(std::span<const double> row, std::span<const double> steps) {
  if (steps.front() > 0.0 || steps.back() < 0.0) return false;
  const auto nearer = [](double a, double b) { return std::abs(a) < std::abs(b); };
  const auto centre = std::min_element(steps.begin(), steps.end(), nearer) - steps.begin();
  const auto [low, high] = std::minmax_element(row.begin(), row.end());
  return row[static_cast<std::size_t>(centre)] - *low > kOffCentre * (*high - *low);
}

Diagnosed diagnose(const Rows& rows, const std::string& block, const DiagnosticsOptions& options, int threads,
                   bool with_topology = false) {
  const std::vector<double> steps = rows.axis(block);
  const std::vector<std::uint8_t> nothing(steps.size(), 0);
  Diagnosed diagnosed;
  const auto n = static_cast<std::size_t>(rows.n_rows(block));
  diagnosed.profiles.resize(n);
  diagnosed.falls.resize(n);
  if (with_topology) diagnosed.topologies.resize(n);
  const auto take = [&](std::size_t k, std::span<const double> row, bool intact) {
    const auto complete = intact ? std::span<const std::uint8_t>() : std::span(nothing);
    ProfileDiagnostics& profile = diagnosed.profiles[k];
    profile = diagnose_profile(row, steps, complete, options);
    diagnosed.falls[k] = falls_below_centre(row, steps);
    if (with_topology) diagnosed.topologies[k] = profile_topology(row, profile, options.loss_error);
  };
  diagnosed.n_damaged = rows.for_each_piece(
      block, [&](std::int64_t first, std::span<const double> values, std::span<const RowState> states) {
        in_pieces(static_cast<std::int64_t>(states.size()), kRowsTogether, threads,
                  [&](std::int64_t begin, std::int64_t end) {
                    for (auto k = static_cast<std::size_t>(begin); k < static_cast<std::size_t>(end); ++k) {
                      take(static_cast<std::size_t>(first) + k, values.subspan(k * steps.size(), steps.size()),
                           states[k] == RowState::intact);
                    }
                  });
      });
  return diagnosed;
}

Diagnosed diagnose(const Rows& rows, const RunConfig& config, ProfileKey key) {
  DiagnosticsOptions options;
  options.interval_length = config.grid.length();
  options.loss_error = loss_error(rows, config, key);
  if (config.precision == Precision::single_precision && key.set == 0) {
    options.most_rounding = std::numeric_limits<double>::infinity();  // weigh_noise() judges by what was measured
  }
  return diagnose(rows, profile_group(key), options, config.threads, key.set == 0);
}

// Of a report that knows its noise and its profiles. Directions along which noise makes more than kMostRounding of max
// - min or of T are unresolved.
SinglePrecision weigh_noise(const Rows& rows, LossReport& report) {
  SinglePrecision result;
  std::vector<double> of_range, of_variation;
  std::size_t k = 0;
  rows.for_each(profile_group(report.loss), [&](std::span<const double> row, bool) {
    ProfileDiagnostics& profile = report.profiles[k];
    const double sigma = report.noise[k++];
    if (profile.status != DirectionStatus::usable) return;
    of_range.push_back(sigma / (profile.maximum - profile.minimum));
    of_variation.push_back(noise_share_of_variation(row, sigma));
    const double most = std::max(of_range.back(), of_variation.back());
    if (!(most <= kMostNoise)) ++result.n_noisy;
    if (!(most <= kMostRounding)) profile = left_out_profile(DirectionStatus::unresolved);
  });
  result.median_of_range = median(of_range);
  result.median_of_variation = median(of_variation);
  return result;
}

// The run's own profiles count as one of the independent sets where their points were drawn like the others.
PointSetReport reduce_point_sets(const Rows& rows, const RunConfig& config, const LossReport& report) {
  PointSetReport result;
  result.rule = config.quadrature;
  result.reference_rule = reference_rule(config);
  std::vector<ProfileDiagnostics> sets;
  if (own_points_count(config)) sets = report.profiles;
  const std::vector<FurtherSet> further = further_sets(config);
  for (std::size_t i = 0; i < further.size(); ++i) {
    const Diagnosed diagnosed = diagnose(rows, config, {report.loss, static_cast<int>(i) + 1});
    result.n_damaged += diagnosed.n_damaged;
    if (further[i].is_reference) {
      const IndexEstimate estimate = estimate_index(diagnosed.profiles, config);
      result.reference = estimate.index;
      result.reference_interval = estimate.interval;
      result.reference_resolution = estimate.resolution;
    } else {
      sets.insert(sets.end(), diagnosed.profiles.begin(), diagnosed.profiles.end());
    }
  }
  const Columns columns = columns_of(sets);
  result.noise = split_quadrature_noise(columns.total_variation, config.point_sets, columns.status);
  return result;
}

// Of the directions whose profile of the loss is usable and whose row of the reference is finite.
void measure_gap(const Rows& rows, const LossReport& loss, MetricReport& report) {
  std::vector<double> known;
  std::size_t k = 0;
  rows.for_each_pair(profile_group(loss.loss), metric_group(loss.loss, report.metric),
                     [&](std::span<const double> f, std::span<const double> r) {
                       const bool is_there = loss.profiles[k].status == DirectionStatus::usable &&
                                             report.profiles[k].status != DirectionStatus::incomplete;
                       ++k;
                       report.gaps.push_back(is_there ? profile_gap(f, r) : kUndefined);
                       if (!std::isnan(report.gaps.back())) known.push_back(report.gaps.back());
                     });
  if (known.empty()) return;
  report.largest_gap = *std::ranges::max_element(known);
  report.median_gap = median(std::move(known));
}

MetricReport reduce_metric(const Rows& rows, const RunConfig& config, const LossReport& loss, Metric metric) {
  const MetricKind& kind = metric_kind(metric);
  const std::string block = metric_group(loss.loss, metric);
  const PointSet points = points_of_set(config, kind.is_on_reference ? reference_set(config) : 0);
  DiagnosticsOptions options;
  options.interval_length = config.grid.length();
  options.loss_error =
      quantity_rounding(loss.minimizer.spec, config.problem, loss.loss, kind.quantity, loss.minimizer.theta, points);
  Diagnosed diagnosed = diagnose(rows, block, options, config.threads);
  MetricReport report;
  report.metric = metric;
  report.title = metric_title(config, metric);
  report.profiles = std::move(diagnosed.profiles);
  report.n_damaged = diagnosed.n_damaged;
  static_cast<IndexEstimate&>(report) = estimate_index(report.profiles, config);
  report.evaluation_seconds = rows.seconds(block);
  if (metric == Metric::reference) measure_gap(rows, loss, report);
  return report;
}

LossReport reduce_loss(const Rows& rows, const RunConfig& config, LossKind loss) {
  LossReport report;
  report.loss = loss;
  report.noise = rows.measured(profile_group(loss), kNoiseColumn);
  report.minimizer = rows.minimizer(to_string(loss));
  Diagnosed diagnosed = diagnose(rows, config, loss);
  report.profiles = std::move(diagnosed.profiles);
  report.topologies = std::move(diagnosed.topologies);
  report.n_damaged = diagnosed.n_damaged;
  if (!report.noise.empty()) report.single_precision = weigh_noise(rows, report);
  for (std::size_t k = 0; k < report.profiles.size(); ++k) {
    if (report.profiles[k].status == DirectionStatus::usable && diagnosed.falls[k]) ++report.n_off_centre;
  }
  const Columns columns = columns_of(report.profiles);
  report.curve = index_curve(columns.total_variation, columns.status, bootstrap_options(config));
  static_cast<IndexEstimate&>(report) = {roughness_index(report.profiles), report.curve.back().interval,
                                         index_resolution(report.profiles)};
  report.split = split_index(report.profiles);
  report.shapes = summarise_shapes(report.profiles);
  report.curvature = mean_curvature(report.profiles, bootstrap_options(config));
  if (has_gaussian_directions(config) && std::isfinite(report.minimizer.critical.trace))
    report.trace = report.minimizer.critical.trace;
  report.topology =
      summarise_topology(report.profiles, report.topologies, config.grid.length(), bootstrap_options(config));
  report.bootstrap_seed = config.seed;
  if (config.point_sets > 0) {
    report.point_sets = reduce_point_sets(rows, config, report);
    report.n_damaged += report.point_sets->n_damaged;
  }
  for (const Metric metric : config.metrics) {
    report.metrics.push_back(reduce_metric(rows, config, report, metric));
    report.n_damaged += report.metrics.back().n_damaged;
  }
  const auto n_sets = static_cast<int>(further_sets(config).size());
  for (int set = 0; set <= n_sets; ++set) report.evaluation_seconds += rows.seconds(profile_group({loss, set}));
  return report;
}

// Bins that hold the T of all losses, so that their histograms can be laid side by side.
void make_histograms(std::vector<LossReport>& losses) {
  std::vector<std::vector<double>> values;
  double low = std::numeric_limits<double>::infinity(), high = 0.0;
  for (const LossReport& loss : losses) {
    std::vector<double>& t = values.emplace_back();
    for (const ProfileDiagnostics& profile : loss.profiles) {
      if (profile.status == DirectionStatus::usable) t.push_back(profile.total_variation);
    }
    for (const double x : t) {
      low = std::min(low, x);
      high = std::max(high, x);
    }
  }
  if (!(high > 0.0)) return;
  const std::vector<double> edges = histogram_edges(low, high, kHistogramBins);
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i].histogram = histogram_of(values[i], edges);
}

// Of one measure along the profiles of two losses: LossReport or MetricReport.
template <class Measured>
Comparison compare_losses(LossKind of_first, const Measured& first, LossKind of_second, const Measured& second,
                          const RunConfig& config) {
  const Columns a = columns_of(first.profiles), b = columns_of(second.profiles);
  LossSample sample_a{title(of_first), a.total_variation, a.status};
  LossSample sample_b{title(of_second), b.total_variation, b.status};
  if (first.resolution) sample_a.resolution = *first.resolution;
  if (second.resolution) sample_b.resolution = *second.resolution;
  return compare_indices(sample_a, sample_b, bootstrap_options(config));
}

// As the job asks for it, else as the rows were made.
std::optional<StoppingRule> stopping_rule(const Rows& rows, const RunConfig& config) {
  if (config.until_ci > 0.0) return StoppingRule{config.until_ci, config.max_directions, config.directions_from};
  const std::optional<ResultGroup> earlier = rows.earlier_findings(kStoppingGroup);
  if (!earlier) return std::nullopt;
  StoppingRule rule{0.0, 0, config.directions_from};
  for (const Result& result : earlier->results) {
    if (result.name == "until_ci") rule.until_ci = std::get<double>(result.value);
    if (result.name == "max_directions") rule.max_directions = std::get<std::int64_t>(result.value);
  }
  return rule.until_ci > 0.0 ? std::optional(rule) : std::nullopt;
}

}  // namespace

Report reduce_profiles(const Rows& rows, const RunConfig& config) {
  validate(bootstrap_options(config));
  if (config.grid_auto) {
    const SweepGrid& grid = auto_grid_steps();
    GridChoice choice = choose_grid(rows, config);
    Report report =
        reduce_profiles(ColumnRows(rows, grid.steps, grid.positions[choice.chosen]), with_chosen_grid(config, choice));
    report.grid = std::move(choice);
    return report;
  }
  Report report;
  report.problem = config.problem;
  report.confidence = config.confidence;
  report.interval_length = config.grid.length();
  report.is_gaussian = has_gaussian_directions(config);
  for (const LossKind loss : profile_losses(rows)) {
    report.network = rows.minimizer(to_string(loss)).spec;
    report.losses.push_back(reduce_loss(rows, config, loss));
  }
  make_histograms(report.losses);
  if (report.losses.size() == 2) {
    const LossReport &first = report.losses[0], &second = report.losses[1];
    report.comparison = compare_losses(first.loss, first, second.loss, second, config);
    for (std::size_t i = 0; i < config.metrics.size(); ++i) {
      const MetricReport &of_first = first.metrics[i], &of_second = second.metrics[i];
      report.metric_comparisons.push_back(
          {of_first.metric, of_first.title, compare_losses(first.loss, of_first, second.loss, of_second, config)});
    }
    report.persistence = compare_persistence(first.profiles, first.topologies, second.profiles, second.topologies,
                                             bootstrap_options(config));
  }
  report.unmeasured = unmeasured_text(config);
  report.noise_pending = config.precision == Precision::single_precision &&
                         std::any_of(report.losses.begin(), report.losses.end(),
                                     [](const LossReport& loss) { return loss.noise.empty(); });
  report.stopping = stopping_rule(rows, config);
  return report;
}

}  // namespace landscape
