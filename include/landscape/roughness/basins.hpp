// Basins of a loss on a grid: its local minima, and how deep each one is. Going up through the values, every local
// minimum begins a component of the sublevel set { f <= c }; at the saddle c where two components meet, the one with
// the higher minimum ends, at the depth c - f(minimum): its persistence (Edelsbrunner, Letscher and Zomorodian 2002,
// zero-dimensional). What rounding or a coarse grid makes is shallow: a bound on the depth tells basins from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace landscape {

/// A persistence pair: born at `at`, dies at `saddle`.
struct Basin {
  std::int64_t at = 0;                                // flat index of its lowest point
  double value = 0.0;                                 // there
  double depth = 0.0;                                 // up to the saddle; infinity: it meets no lower one
  bool at_border = false;                             // the lowest point: the function may fall further outside
  std::optional<std::int64_t> saddle = std::nullopt;  // flat index of the point where it meets a lower one; none: never

  bool dies() const { return saddle.has_value(); }
};

/// Of `values` (rows, columns), row-major, the lowest first. Neighbours are the eight around a point; on one row, the
/// two beside it. A plateau is one point; values that are not finite are walls.
std::vector<Basin> find_basins(std::span<const double> values, std::int64_t n_rows, std::int64_t n_columns);

}  // namespace landscape
