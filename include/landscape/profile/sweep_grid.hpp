// The grids of all half-widths l and numbers of intervals m of a sweep, as one list of distinct steps.
//
// The grid of (l, m) is that of --grid=-l:l:(m+1), bit for bit. What grids share (the ends, zero, most points of nested
// grids) is in the list once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace landscape {

struct SweepGrid {
  std::vector<double> steps;                        // distinct, ascending
  std::vector<std::vector<std::size_t>> positions;  // (L * K), row-major: where each grid's steps stand in `steps`
  std::int64_t n_separate = 0;                      // steps of all grids, were nothing shared
};
/// Throws UsageError where a grid is finer than double precision.
SweepGrid sweep_grid(const std::vector<double>& radius, const std::vector<std::int64_t>& intervals);

}  // namespace landscape
