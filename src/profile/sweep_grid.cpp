// Sorted, each once; equal steps of two grids have equal bits.
#include "landscape/profile/sweep_grid.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "landscape/model/error.hpp"
#include "landscape/profile/profile_grid.hpp"

namespace landscape {
namespace {

std::vector<double> grid_steps(double radius, std::int64_t intervals) {
  return ProfileGrid{-radius, radius, static_cast<int>(intervals) + 1, GridRule::even}.steps();
}

}  // namespace

SweepGrid sweep_grid(const std::vector<double>& radius, const std::vector<std::int64_t>& intervals) {
  SweepGrid grid;
  for (const double l : radius) {
    for (const std::int64_t m : intervals) {
      const std::vector<double> steps = grid_steps(l, m);
      for (std::size_t j = 1; j < steps.size(); ++j) {
        if (steps[j - 1] < steps[j]) continue;
        throw UsageError(fmt::format(
            "--sweep-radius {} with {} intervals is finer than double precision: use fewer or a larger radius.", l, m));
      }
      grid.n_separate += static_cast<std::int64_t>(steps.size());
      grid.steps.insert(grid.steps.end(), steps.begin(), steps.end());
    }
  }
  std::sort(grid.steps.begin(), grid.steps.end());
  grid.steps.erase(std::unique(grid.steps.begin(), grid.steps.end()), grid.steps.end());
  for (const double l : radius) {
    for (const std::int64_t m : intervals) {
      std::vector<std::size_t>& positions = grid.positions.emplace_back();
      for (const double s : grid_steps(l, m)) {
        const auto at = std::lower_bound(grid.steps.begin(), grid.steps.end(), s);
        positions.push_back(static_cast<std::size_t>(at - grid.steps.begin()));
      }
    }
  }
  return grid;
}

}  // namespace landscape
