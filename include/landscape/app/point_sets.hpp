// --point-sets K: the same directions once more with independent sets of quadrature points, and once with a quadrature
// that is as good as exact. Does the index measure the landscape or its integration points?
//
// Of monte-carlo the run's own points are the first of the K sets (streams 0 ... K-1 of the seed). Of sobol the run's
// points are the plain sequence, which is not drawn at random: the K sets are its random shifts, streams 1 ... K.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "landscape/app/result_table.hpp"
#include "landscape/app/run_config.hpp"
#include "landscape/io/landscape_file.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/index.hpp"
#include "landscape/roughness/quadrature_noise.hpp"

namespace landscape {

/// Profiles beyond the run's own; number i of further_sets() is set i + 1 of a ProfileKey.
struct FurtherSet {
  QuadratureRule rule;
  std::uint64_t stream = 0;  // of the seed
  bool is_reference = false;
};

/// None without --point-sets; else the independent sets, then the reference.
std::vector<FurtherSet> further_sets(const RunConfig& config);

/// Whether the run's own points are one of the K independent sets.
bool own_points_count(const RunConfig& config);

/// --reference-quadrature, or of its automatic choice: Gauss-Legendre up to three dimensions, else many Sobol points.
QuadratureRule reference_rule(const RunConfig& config);

/// Points of set number `set` of a ProfileKey; 0: the run's own.
PointSet points_of_set(const RunConfig& config, int set);

/// "point set 2", or of the last one "reference gauss:256".
std::string set_name(const RunConfig& config, int set);

/// Throws UsageError where --point-sets or --reference-quadrature do not fit the rest.
void validate_point_sets(const RunConfig& config);

/// Attributes of /profiles/<loss>/point_sets/<set>.
std::vector<AttributeList> further_set_attributes(const RunConfig& config);

/// What was measured for one loss.
struct PointSetReport {
  QuadratureRule rule, reference_rule;
  QuadratureNoise noise;  // of the K independent sets
  RoughnessIndex reference;
  std::optional<double> reference_resolution;  // index_resolution()
  std::optional<IndexInterval> reference_interval;
  std::int64_t n_damaged = 0;

  /// T or RI is mostly the integrator (quadrature_noise.hpp).
  bool points_dominate() const { return noise.points_dominate_profiles || noise.points_dominate_index; }
};

/// "roughness/ritz/point_sets"
std::string point_sets_group(LossKind loss);
ResultTable<PointSetReport> point_sets_table(const RunConfig& config);

/// "0.11 +- 0.03 with other points, 0.0032 with gauss:256": one sentence on a loss whose points dominate.
std::string domination_text(const std::string& loss, const PointSetReport& report);
/// Where the points are random and --point-sets was not asked for: that the spread is unknown, and how to get it.
std::string unmeasured_text(const RunConfig& config);

}  // namespace landscape
