// The steps of a sweep, and which of its entries count as stable.
#include <gtest/gtest.h>

#include <set>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/sweep.hpp"
#include "landscape/config/command_line.hpp"
#include "landscape/job/resolve.hpp"
#include "landscape/model/error.hpp"
#include "landscape/profile/sweep_grid.hpp"

namespace landscape {
namespace {

TEST(SweepGrid, HoldsEveryGridBitForBitAndSharedStepsOnce) {
  const std::vector<double> radius{0.01, 0.1, 0.7};
  const std::vector<std::int64_t> intervals{3, 10, 20, 50};
  const SweepGrid grid = sweep_grid(radius, intervals);
  EXPECT_EQ(grid.n_separate, 3 * (4 + 11 + 21 + 51));
  ASSERT_EQ(grid.positions.size(), 12u);
  std::set<double> all;
  for (std::size_t i = 0; i < grid.positions.size(); ++i) {
    const auto m = static_cast<int>(intervals[i % 4]);
    const std::vector<double> plain = ProfileGrid{-radius[i / 4], radius[i / 4], m + 1, GridRule::even}.steps();
    ASSERT_EQ(grid.positions[i].size(), plain.size());
    for (std::size_t j = 0; j < plain.size(); ++j) EXPECT_EQ(grid.steps[grid.positions[i][j]], plain[j]);
    all.insert(plain.begin(), plain.end());
  }
  EXPECT_EQ(grid.steps, std::vector<double>(all.begin(), all.end()));
}

TEST(SweepGrid, NestedGridsShareTheirPoints) {
  EXPECT_EQ(sweep_grid({1.0}, {10, 20, 40, 80}).steps.size(), 81u);
  EXPECT_EQ(sweep_grid({0.02}, {50, 100, 200}).steps.size(), 201u);
  EXPECT_EQ(sweep_grid({0.5, 1.0}, {10, 20}).steps.size(), 31u);  // half of the finer grid's points lie within
}

TEST(SweepGrid, TooFineAGridIsRefused) {
  EXPECT_THROW(sweep_grid({5e-324}, {10}), UsageError);
  EXPECT_NO_THROW(sweep_grid({1e-300}, {10}));
}

SweepEntry entry(double index, double lower, double upper, double resolution = 0.0) {
  SweepEntry e;
  e.index.index = index;
  e.interval = IndexInterval{};
  e.interval->lower = lower;
  e.interval->upper = upper;
  e.resolution = resolution;
  return e;
}

std::vector<Stability> judged(std::vector<SweepEntry> entries) {
  judge_stability(entries);
  std::vector<Stability> result;
  for (const SweepEntry& e : entries) result.push_back(e.stability);
  return result;
}

TEST(SweepStability, FollowsTheDefinition) {
  using enum Stability;
  const SweepEntry low = entry(0.10, 0.08, 0.12), middle = entry(0.11, 0.09, 0.13), high = entry(0.20, 0.16, 0.24);
  EXPECT_EQ(judged({low}), (std::vector{alone}));
  EXPECT_EQ(judged({low, middle}), (std::vector{stable, stable}));
  EXPECT_EQ(judged({low, middle, high}), (std::vector{unstable, unstable, unstable}));
  EXPECT_EQ(judged({high, low, middle}), (std::vector{unstable, stable, stable}));
  EXPECT_EQ(judged({high, middle}), (std::vector{unstable, unstable}));
  EXPECT_EQ(judged({entry(0.10, 0.08, 0.30), high}), (std::vector{unstable, unstable})) << "one way is not enough";
}

TEST(SweepStability, ZeroAgreesWithZeroAlone) {
  using enum Stability;
  const SweepEntry zero = entry(1e-16, 0.0, 1e-15, 1e-14), other = entry(2e-15, 1e-15, 3e-15, 1e-14);
  EXPECT_EQ(judged({zero, other}), (std::vector{stable, stable}));
  EXPECT_EQ(judged({zero, entry(0.1, 0.0, 0.2, 1e-14)}), (std::vector{unstable, unstable}));
  EXPECT_EQ(judged({SweepEntry{}, SweepEntry{}}), (std::vector{unstable, unstable}));
}

TEST(SweepTable, ColumnsAreAsWideAsTheirCellsAndLinesFit) {
  SweepReport report;
  report.radius = {0.000123456, 1.0};
  report.intervals = {10, 20, 50, 100, 200};
  SweepLoss& loss = report.losses.emplace_back();
  loss.n_directions = 10;
  SweepEntry wide = entry(1.2341e-5, 1e-6, 6e-5);
  wide.index.n_used = 10;
  wide.stability = Stability::stable;
  loss.entries.assign(10, wide);
  const std::string text = sweep_text(report);
  EXPECT_NE(text.find("          l              m = 10  "), std::string::npos) << text;
  EXPECT_NE(text.find("0.000123456  1.234e-05 (>100 %) *  1.234e-05 (>100 %) *"), std::string::npos) << text;
  for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
    end = std::min(text.find('\n', at), text.size());
    EXPECT_LE(end - at, 100u) << text.substr(at, end - at);
  }
}

RunConfig resolve(const std::vector<std::string>& arguments) {
  return resolve_config(parse_command_line(command_table(), arguments));
}

TEST(SweepOptions, ListsAreSortedAndStandInTheDefiningText) {
  const RunConfig config = resolve({"sweep", "--sweep-radius=1,0.1", "--sweep-intervals=20,5"});
  EXPECT_EQ(config.sweep_radius, (std::vector{0.1, 1.0}));
  EXPECT_EQ(config.sweep_intervals, (std::vector<std::int64_t>{5, 20}));
  const std::string text = defining_text(config);
  EXPECT_NE(text.find("sweep-radius = 0.1,1\n"), std::string::npos);
  EXPECT_EQ(text.find("grid = "), std::string::npos);
  EXPECT_EQ(config_hash(parse_resolved_text(text, "sweep")), config_hash(config));
  EXPECT_EQ(config_hash(config), config_hash(resolve({"sweep", "--sweep-radius=0.1,1", "--sweep-intervals=5,20"})));
  EXPECT_EQ(defining_text(resolve({})).find("sweep-"), std::string::npos);
}

}  // namespace
}  // namespace landscape
