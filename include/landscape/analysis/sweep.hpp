// The command sweep: RI for every half-width l of one list and every number of intervals m of another, in one pass.
//
// The grid of (l, m) is that of --grid=-l:l:(m+1), bit for bit. All grids together make one list of distinct steps,
// along which every direction's profile is evaluated once: what grids share (the ends, zero, most points of nested
// grids) costs nothing again. A table entry is then what a run with that grid gives, to the last bit.
//
// Stable: at half-width l, the index with m intervals and that with every finer m of the list (for the finest: with the
// next coarser) lie in each other's interval, or are both zero at rounding level. Refining the grid then changes the
// index by less than the directions leave open.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/config/run_config.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/job/rows.hpp"
#include "landscape/profile/sweep_grid.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/index.hpp"

namespace landscape {

/// Makes a configuration one of a sweep. Throws UsageError where a grid is finer than double precision.
void settle_sweep(RunConfig& config);

enum class Stability : std::int64_t { alone = -1, unstable = 0, stable = 1 };

struct SweepEntry {
  RoughnessIndex index;
  std::optional<IndexInterval> interval;
  double resolution = 0.0;  // an index up to here is zero at rounding level
  Stability stability = Stability::alone;

  bool is_zero() const { return index.index && *index.index <= resolution; }
};

/// The index on every grid of `grid`, of the rows of one loss whose axis are its steps.
struct SweepEntries {
  std::vector<SweepEntry> entries;  // by SweepGrid::positions
  std::int64_t n_damaged = 0;       // rows, which are left out
};
/// `of_what` names the grids where the rows have others: "its sweep". Throws Error then.
SweepEntries sweep_entries(const Rows& rows, const RunConfig& config, LossKind loss, const SweepGrid& grid,
                           std::string_view of_what);

/// Each in the other's interval, or both zero at rounding level.
bool agree(const SweepEntry& a, const SweepEntry& b);

/// Sets the stability of one half-width's entries, by ascending m.
void judge_stability(std::span<SweepEntry> entries);

struct SweepLoss {
  LossKind loss = LossKind::ritz;
  std::vector<SweepEntry> entries;  // (L, K), row-major
  std::int64_t n_directions = 0, n_damaged = 0;
  double evaluation_seconds = 0.0;
};

struct SweepReport {
  std::vector<double> radius;           // (L)
  std::vector<std::int64_t> intervals;  // (K)
  std::int64_t n_steps = 0, n_separate = 0;
  BootstrapOptions bootstrap;
  std::vector<SweepLoss> losses;
  std::string unmeasured;  // a sentence, where the points are random
};

/// Directions that are not complete are left out.
SweepReport reduce_sweep(const Rows& rows, const RunConfig& config);

/// "sweep/ritz": radius (L), intervals (K), index, mean, used, stable (L, K), interval (L, K, 2) and more.
std::string sweep_group(LossKind loss);
/// Every result group of a sweep; without a report, undefined.
std::vector<ResultGroup> sweep_results(const RunConfig& config, const SweepReport* report = nullptr);

/// A table per loss. At most 100 columns; ends with a newline.
std::string sweep_text(const SweepReport& report);
/// "half-widths 0.01, 0.1 with 10, 20 intervals: 45 distinct steps of 64"
std::string sweep_title(const RunConfig& config);

}  // namespace landscape
