// Every number that the command roughness reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "landscape/analysis/auto_grid.hpp"
#include "landscape/analysis/metrics.hpp"
#include "landscape/analysis/point_set_results.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/comparison.hpp"
#include "landscape/roughness/convergence.hpp"
#include "landscape/roughness/diagnostics.hpp"
#include "landscape/roughness/index.hpp"
#include "landscape/roughness/mean_interval.hpp"
#include "landscape/roughness/topology.hpp"

namespace landscape {

/// Column of the rounding noise of single precision, unit of f.
inline constexpr const char* kNoiseColumn = "noise";
/// Bins of the histograms of T.
inline constexpr int kHistogramBins = 8;
/// Of max - min: a profile that falls this much below its centre is not centred at a minimum.
inline constexpr double kOffCentre = 0.01;

/// What rounding does to profiles evaluated in single precision (precision_check.hpp).
struct SinglePrecision {
  std::optional<double> median_of_range;      // noise over max - min
  std::optional<double> median_of_variation;  // share of T that noise makes
  std::int64_t n_noisy = 0;                   // usable or unresolved directions where either is above kMostNoise
};

struct LossReport : IndexEstimate {
  LossKind loss = LossKind::ritz;
  Minimizer minimizer;
  // of its profiles
  std::vector<ProfileDiagnostics> profiles;  // (M), direction order; incomplete and damaged rows have status incomplete
  std::int64_t n_damaged = 0;
  std::int64_t n_off_centre = 0;  // usable profiles that fall below their centre by more than kOffCentre of max - min
  std::optional<IndexSplit> split;
  ShapeSummary shapes;
  MeanEstimate curvature;            // f'' at s = 0, unit of f / s^2
  std::optional<double> trace;       // of the Hessian, where `curvature` estimates it and it is known
  std::vector<Topology> topologies;  // (M), of its profiles; undefined where a profile is not usable
  TopologySummary topology;
  Histogram histogram;  // of T; the edges are the same for both losses, and there are none without a usable direction
  std::vector<CurvePoint> curve;             // RI against M
  std::optional<PointSetReport> point_sets;  // with --point-sets
  std::vector<MetricReport> metrics;         // with --metrics
  std::uint64_t bootstrap_seed = 0;
  double evaluation_seconds = 0.0;
  std::vector<double> noise;  // (M), unit of f; empty in double precision
  std::optional<SinglePrecision> single_precision;
};

/// --until-ci and --max-directions.
struct StoppingRule {
  double until_ci = 0.0;
  std::int64_t max_directions = 0;
  std::string directions_from;  // the file that they are limited by; empty: none
};

struct Report {
  NetworkSpec network;
  Problem problem;
  double confidence = 0.95;
  double interval_length = 0.0;  // |I| of the profiles, unit of s
  bool is_gaussian = false;      // the directions, in all parameters: their mean curvature is the Hessian's trace
  std::vector<LossReport> losses;
  std::optional<Comparison> comparison;              // of Ritz and Galerkin, where both were measured
  std::optional<PersistenceComparison> persistence;  // the same
  std::vector<MetricComparison> metric_comparisons;  // the same of every metric
  std::string unmeasured;                // a sentence, where the points are random and their spread is unknown
  bool noise_pending = false;            // in single precision, by a job that was stopped
  std::optional<StoppingRule> stopping;  // where --until-ci was given
  std::optional<GridChoice> grid;        // of --grid auto
};

/// T and its worth per direction, as the statistics take them.
struct Columns {
  std::vector<double> total_variation;
  std::vector<DirectionStatus> status;
};
Columns columns_of(std::span<const ProfileDiagnostics> profiles);

}  // namespace landscape
