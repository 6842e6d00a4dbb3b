// What --point-sets found (config/point_sets.hpp), its place in the file and its words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "landscape/config/run_config.hpp"
#include "landscape/io/landscape_file.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/index.hpp"
#include "landscape/roughness/quadrature_noise.hpp"

namespace landscape {

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
