// The command surface: a loss on a plane (or line) of parameters, and what is seen of it.
//
// Along the line through two minimizers A (x = 0) and B (x = 1), with f on the grid between them, the barrier is
//   max f - max(f(A), f(B))                       above the larger end, and
//   max ( f(x) - (1 - x) f(A) - x f(B) )          above the straight line between the ends
// (Draxler et al. 2018; Frankle et al. 2020). Both are zero where the loss rises nowhere above them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "landscape/analysis/plane.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/job/rows.hpp"
#include "landscape/roughness/topology.hpp"

namespace landscape {

/// Fills in grids. Throws UsageError where options cannot be of one surface.
void settle_surface(RunConfig& config);

/// One surface: a loss around a minimizer.
struct SurfaceKey {
  LossKind loss = LossKind::ritz;
  std::string minimizer;  // around which; of a plane through several: the one at the origin
  bool matched = false;   // the second one's hidden units to the first one's
};
/// In the order of the losses, a loss's own minimizer first; with --match, the matched one second.
std::vector<SurfaceKey> surfaces(const RunConfig& config);
/// "ritz", "galerkin around ritz", "ritz matched"
std::string surface_name(const RunConfig& config, const SurfaceKey& key);
/// "surface/ritz", "surface/galerkin_around_ritz"
std::string surface_group(const RunConfig& config, const SurfaceKey& key);

/// A point of the grid and the loss there.
struct SurfacePoint {
  double x = kUndefined, y = kUndefined, loss = kUndefined;
};

/// Between two minimizers.
struct Barrier {
  double height = kUndefined, above_line = kUndefined;  // over the larger end; over the straight line between the ends
  double x = kUndefined;                                // of the largest loss between them
};

struct SurfaceReport {
  SurfaceKey key;
  std::string name;                      // surface_name()
  SurfacePoint centre, lowest, highest;  // centre: the point nearest to the origin
  std::int64_t n_points = 0, n_below_centre = 0, n_nonfinite = 0, n_damaged_rows = 0;
  std::int64_t n_minima = 0, n_minima_at_border = 0;  // above what rounding can make
  Topology topology;                                  // of the grid; n_basins are the deep ones of the local minima
  std::vector<std::string> minimizers;                // names, as the plane has them
  std::vector<double> positions;                      // (K, 2) of these: x, y
  std::vector<double> at_minimizers;                  // (K) losses, undefined where the grid does not hold the point
  std::optional<Barrier> barrier;                     // of a line through two, from end to end
  std::optional<Plane> plane;                         // where one plane serves all points, and no file gave it
  double evaluation_seconds = 0.0;
};

struct SurfacesReport {
  std::vector<SurfaceReport> surfaces;
};

/// Rows that are not complete count as not finite.
SurfacesReport reduce_surfaces(const Rows& rows, const RunConfig& config);

/// "surface/ritz/summary": every result group of a surface; without a report, undefined.
std::vector<ResultGroup> surface_results(const RunConfig& config, const SurfacesReport* report = nullptr);

/// About ten lines per surface, side by side; ends with a newline.
std::string surface_text(const RunConfig& config, const SurfacesReport& report);
/// "plane of two random directions (norm filter, bias zero), 51 x 51 points on [-1, 1] x [-1, 1]"
std::string surface_title(const RunConfig& config);

}  // namespace landscape
