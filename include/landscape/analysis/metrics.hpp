// --metrics: other numbers at the same networks theta* + s_j d_k as the loss, each with rows, an index and a comparison
// of its own. One more is a word in Metric (config/run_config.hpp), a row in the table of metrics.cpp and, where it is
// new to the backends, a Quantity (backend/quantity.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "landscape/analysis/profiles.hpp"
#include "landscape/io/results.hpp"
#include "landscape/roughness/comparison.hpp"

namespace landscape {

struct MetricKind {
  Metric metric;
  Quantity quantity;
  bool is_on_reference;     // else on the points of the profiles
  const char* values;       // name of the dataset
  const char* description;  // of one number
  const char* title;        // in the report, before the points where these are what it is about
};
const MetricKind& metric_kind(Metric metric);

/// "profiles/ritz/metrics/l2"
std::string metric_group(LossKind loss, Metric metric);
/// "simpson:100", the rule of the points that it is measured on.
std::string metric_quadrature(const RunConfig& config, Metric metric);
/// "the loss on gauss:256", "the L2 error"
std::string metric_title(const RunConfig& config, Metric metric);
/// Its profiles, along the lines of the loss's own.
Work metric_work(const RunConfig& config, LossKind loss, Metric metric, std::vector<double> steps);
/// "ritz, l2"; empty where the work is no metric's.
std::string metric_name(const Work& work);

/// One metric around the minimizer of one loss.
struct MetricReport : IndexEstimate {
  Metric metric = Metric::reference;
  std::string title;
  std::vector<ProfileDiagnostics> profiles;  // (M)
  std::int64_t n_damaged = 0;
  double evaluation_seconds = 0.0;
  // of the loss on the reference's points r, beside the one on the profiles' f:
  std::vector<double> gaps;  // (M), max_j |f_j - r_j| / (max f - min f); NaN where f is not usable or r not finite
  std::optional<double> median_gap, largest_gap;  // of these
};

/// Of Ritz and Galerkin.
struct MetricComparison {
  Metric metric = Metric::reference;
  std::string title;
  Comparison comparison;
};

/// max_j |f_j - r_j| / (max f - min f) of two profiles (P); NaN where a number is not finite or f is constant.
double profile_gap(std::span<const double> f, std::span<const double> r);

/// What is stored per direction: columns of its block.
std::vector<RowValues> metric_columns(const MetricReport& report);
/// /roughness/<loss>/metrics/<metric>; without a report, undefined.
ResultGroup metric_results(const RunConfig& config, LossKind loss, Metric metric, const MetricReport* report);
/// "roughness/comparison/l2"
std::string metric_comparison_group(Metric metric);

}  // namespace landscape
