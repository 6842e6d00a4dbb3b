// Which half-width is taken, of indices written down.
#include "landscape/analysis/auto_grid.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

// Indices (9) at 2^-7 ... 2, each with an interval of a relative half-width.
GridChoice::OfLoss loss_of(LossKind loss, const std::vector<double>& indices, double half_width) {
  GridChoice::OfLoss of{loss, {}};
  for (const double index : indices) {
    SweepEntry& entry = of.entries.emplace_back();
    if (std::isfinite(index)) entry.index.index = index;
    entry.interval = IndexInterval{};
    entry.interval->lower = index * (1.0 - half_width);
    entry.interval->upper = index * (1.0 + half_width);
    entry.resolution = 1e-13;
  }
  return of;
}

TEST(AutoGrid, TakesTheStableHalfWidthThatChangesLeast) {
  // Flat about 2^-2; the other loss changes there by 6 and 4 %.
  const std::vector<double> ritz{0.01, 0.02, 0.04, 0.09, 0.195, 0.2, 0.198, 0.3, 0.6};
  const std::vector<double> galerkin{0.01, 0.02, 0.04, 0.08, 0.16, 0.17, 0.177, 0.25, 0.5};
  const GridChoice choice =
      choose_grid({loss_of(LossKind::ritz, ritz, 0.1), loss_of(LossKind::galerkin, galerkin, 0.1)});
  EXPECT_TRUE(choice.judged);
  EXPECT_EQ(choice.radius(), 0.25);
  EXPECT_TRUE(choice.is_stable());
  EXPECT_NEAR(choice.sensitivity[choice.chosen], std::log(0.17 / 0.16), 1e-15);
  EXPECT_TRUE(std::isnan(choice.sensitivity.front()) && std::isnan(choice.sensitivity.back()));
  // With intervals too short for that it is not stable, but still the least sensitive one.
  const GridChoice sharp =
      choose_grid({loss_of(LossKind::ritz, ritz, 0.01), loss_of(LossKind::galerkin, galerkin, 0.01)});
  EXPECT_EQ(sharp.radius(), 0.25);
  EXPECT_FALSE(sharp.is_stable());
}

TEST(AutoGrid, TakesTheLargestHalfWidthWhereAllIndicesAreRoundingAndWhereNoneIsDefined) {
  const GridChoice parabola = choose_grid({loss_of(LossKind::ritz, std::vector<double>(9, 1e-15), 0.1)});
  EXPECT_EQ(parabola.radius(), 1.0);
  EXPECT_TRUE(parabola.judged && parabola.is_stable());
  const GridChoice none = choose_grid({loss_of(LossKind::ritz, std::vector<double>(9, kUndefined), 0.1)});
  EXPECT_EQ(none.radius(), 1.0);
  EXPECT_FALSE(none.judged || none.is_stable());
}

TEST(AutoGrid, GoesAroundHalfWidthsWithoutAnIndex) {
  std::vector<double> indices(9, 0.2);
  for (const std::size_t k : {0U, 1U, 5U}) indices[k] = kUndefined;  // leaves 2^-4 and 1, of 2^-6 to 1
  indices[8] = 0.21;
  const GridChoice choice = choose_grid({loss_of(LossKind::galerkin, indices, 0.1)});
  EXPECT_EQ(choice.radius(), 0.0625);
}

TEST(AutoGrid, IsTheEvenGridOfThatHalfWidthBitForBit) {
  GridChoice choice = choose_grid({loss_of(LossKind::ritz, std::vector<double>(9, 0.2), 0.1)});
  RunConfig config;
  config.grid_auto = true;
  const RunConfig chosen = with_chosen_grid(config, choice);
  EXPECT_FALSE(chosen.grid_auto);
  std::vector<double> steps;
  for (const std::size_t at : auto_grid_steps().positions[choice.chosen]) steps.push_back(auto_grid_steps().steps[at]);
  EXPECT_EQ(steps, chosen.grid.steps());
  EXPECT_EQ(steps, parse_grid("-1:1:101").steps());
}

TEST(ColumnRows, AreThoseColumnsOfBlocksWithTheAxisAndAllOfOthers) {
  MemoryRows rows;
  Block wide, other;
  wide.group = "wide";
  wide.rows = 2;
  wide.columns = 3;
  wide.axis.values = {-1.0, 0.0, 1.0};
  other = wide;
  other.group = "other";
  other.axis.values = {0.0, 1.0, 2.0};
  rows.add(wide, {1, 2, 3, 4, 5, 6});
  rows.add(other, {1, 2, 3, 4, 5, 6});
  const ColumnRows some(rows, wide.axis.values, {0, 2});
  EXPECT_EQ(some.n_columns("wide"), 2);
  EXPECT_EQ(some.axis("wide"), (std::vector<double>{-1.0, 1.0}));
  EXPECT_EQ(some.rows("wide", 0, 2), (std::vector<double>{1, 3, 4, 6}));
  EXPECT_EQ(some.rows("other", 1, 1), (std::vector<double>{4, 5, 6}));
  std::vector<double> seen;
  some.for_each("wide", [&](std::span<const double> row, bool) { seen.insert(seen.end(), row.begin(), row.end()); });
  EXPECT_EQ(seen, (std::vector<double>{1, 3, 4, 6}));
}

}  // namespace
}  // namespace landscape
