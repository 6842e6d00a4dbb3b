// --point-sets K: the same directions once more with independent sets of quadrature points, and once with a quadrature
// that is as good as exact. Does the index measure the landscape or its integration points?
//
// Of monte-carlo the run's own points are the first of the K sets (streams 0 ... K-1 of the seed). Of sobol the run's
// points are the plain sequence, which is not drawn at random: the K sets are its random shifts, streams 1 ... K.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "landscape/config/run_config.hpp"

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
/// Whether anything is measured on its points.
bool uses_reference(const RunConfig& config);
/// Number of the reference's points among the sets of a ProfileKey: the last one with --point-sets, else the only one.
int reference_set(const RunConfig& config);

/// The run's quadrature points: Monte-Carlo points are drawn from stream 0 of the seed.
PointSet profile_points(const RunConfig& config);
/// Points of set number `set` of a ProfileKey; 0: the run's own, reference_set(): the reference's.
PointSet points_of_set(const RunConfig& config, int set);

/// "point set 2", or of the last one "reference gauss:256".
std::string set_name(const RunConfig& config, int set);

/// Throws UsageError where --point-sets or --reference-quadrature do not fit the rest.
void validate_point_sets(const RunConfig& config);

}  // namespace landscape
