// Basins against what their definition says, found by brute force: flooding a grid up to every value.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "landscape/roughness/basins.hpp"

namespace landscape {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Points that can be reached from `start` without leaving { f <= level }.
std::vector<bool> flooded(const std::vector<double>& f, std::int64_t n_rows, std::int64_t n_columns, std::int64_t start,
                          double level) {
  std::vector<bool> wet(f.size(), false);
  std::vector<std::int64_t> open{start};
  wet[static_cast<std::size_t>(start)] = true;
  while (!open.empty()) {
    const std::int64_t at = open.back();
    open.pop_back();
    for (std::int64_t other = 0; other < n_rows * n_columns; ++other) {
      const bool beside =
          std::abs(other / n_columns - at / n_columns) <= 1 && std::abs(other % n_columns - at % n_columns) <= 1;
      const auto i = static_cast<std::size_t>(other);
      if (beside && !wet[i] && f[i] <= level) {
        wet[i] = true;
        open.push_back(other);
      }
    }
  }
  return wet;
}

/// The least rise from `start` after which a lower value is reached; infinity where none can be.
double depth_of(const std::vector<double>& f, std::int64_t n_rows, std::int64_t n_columns, std::int64_t start) {
  const double own = f[static_cast<std::size_t>(start)];
  std::set<double> levels(f.begin(), f.end());
  for (const double level : levels) {
    if (level < own || !std::isfinite(level)) continue;
    const std::vector<bool> wet = flooded(f, n_rows, n_columns, start, level);
    for (std::size_t i = 0; i < f.size(); ++i) {
      if (wet[i] && f[i] < own) return level - own;
    }
  }
  return kInfinity;
}

TEST(Basins, AreThoseOfTheDefinitionOnRandomGrids) {
  std::mt19937 random(7);
  for (const auto& [n_rows, n_columns] : {std::pair<std::int64_t, std::int64_t>{7, 9}, {1, 40}, {12, 2}}) {
    for (int trial = 0; trial < 20; ++trial) {
      std::vector<double> f(static_cast<std::size_t>(n_rows * n_columns));
      for (std::size_t i = 0; i < f.size(); ++i) f[i] = static_cast<double>(i);
      std::shuffle(f.begin(), f.end(), random);  // no two are equal
      std::vector<Basin> expected;
      for (std::int64_t at = 0; at < n_rows * n_columns; ++at) {
        if (const double depth = depth_of(f, n_rows, n_columns, at); depth > 0.0)
          expected.push_back({at, f[static_cast<std::size_t>(at)], depth, false});
      }
      std::ranges::sort(expected, {}, &Basin::value);
      const std::vector<Basin> found = find_basins(f, n_rows, n_columns);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].at, expected[i].at);
        EXPECT_EQ(found[i].value, expected[i].value);
        EXPECT_EQ(found[i].depth, expected[i].depth);
      }
    }
  }
}

TEST(Basins, APlateauIsOnePointAndAWallParts) {
  const double wall = std::nan("");
  const std::vector<double> row{2, 1, 1, 1, 3, 1, 2, wall, 5, 4, 4};
  const std::vector<Basin> found = find_basins(row, 1, 11);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].at, 1);
  EXPECT_EQ(found[0].depth, kInfinity);
  EXPECT_EQ(found[1].at, 5);
  EXPECT_EQ(found[1].depth, 2.0);
  EXPECT_EQ(found[2].value, 4.0);
  EXPECT_EQ(found[2].depth, kInfinity);
  EXPECT_TRUE(find_basins(std::vector<double>(4, wall), 2, 2).empty());
}

TEST(Basins, SayWhetherTheyLieAtTheBorder) {
  const std::vector<double> f{9, 9, 9, 9, 0,  //
                              9, 1, 9, 9, 9,  //
                              9, 9, 9, 9, 9};
  const std::vector<Basin> found = find_basins(f, 3, 5);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0].at_border);
  EXPECT_FALSE(found[1].at_border);
  EXPECT_FALSE(find_basins(std::vector<double>{1, 0, 1}, 1, 3).front().at_border) << "a line has ends only";
}

}  // namespace
}  // namespace landscape
