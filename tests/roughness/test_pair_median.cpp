// Weighted medians against repeated values, and by simulation: how often the interval holds the true median.
#include "landscape/roughness/pair_median.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <random>
#include <vector>

#include "landscape/roughness/median_interval.hpp"

namespace landscape {
namespace {

std::vector<MinimizerPair> all_pairs(std::size_t n) {
  std::vector<MinimizerPair> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) pairs.push_back({i, j});
  }
  return pairs;
}

TEST(PairMedian, IsTheMedianOfTheFiniteValues) {
  const std::vector<MinimizerPair> pairs = all_pairs(4);
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> odd{5.0, none, 1.0, 3.0, 2.0, 4.0}, even{5.0, 6.0, 1.0, 3.0, 2.0, 4.0};
  EXPECT_EQ(pair_median(odd, pairs, 4).median, 3.0);
  EXPECT_EQ(pair_median(odd, pairs, 4).n_pairs, 5);
  EXPECT_EQ(pair_median(even, pairs, 4).median, 3.5);
  EXPECT_FALSE(pair_median(even, pairs, 4).interval) << "of four minimizers";
  EXPECT_FALSE(pair_median({}, {}, 4).median);
}

TEST(PairMedian, OfEqualValuesIsAPointAndOfNoMinimizersOwnCopies) {
  const std::vector<MinimizerPair> pairs = all_pairs(6);
  const PairMedian found = pair_median(std::vector<double>(pairs.size(), 2.5), pairs, 6);
  EXPECT_EQ(found.median, 2.5);
  ASSERT_TRUE(found.interval);
  EXPECT_EQ(found.interval->lower, 2.5);
  EXPECT_EQ(found.interval->upper, 2.5);
}

TEST(PairMedian, KnowsThatPairsShareMinimizers) {
  // Four odd minimizers of ten spoil 30 of the 45 pairs: three of ten, as may well be drawn, would spoil fewer than
  // half.
  const std::vector<MinimizerPair> pairs = all_pairs(10);
  std::vector<double> values;
  for (const MinimizerPair& pair : pairs)
    values.push_back(pair.first < 4 || pair.second < 4 ? 10.0 + static_cast<double>(pair.second) : 0.1);
  const PairMedian found = pair_median(values, pairs, 10);
  ASSERT_TRUE(found.interval);
  EXPECT_LE(found.interval->lower, 0.1);
  EXPECT_GE(median_interval(values, 0.95)->lower, 10.0) << "as if they were 45 draws";
}

// Pairs are exp(u_i + u_j + e_ij), u of the minimizers and e of the pairs: the median is 1. `share` is the variance of
// a pair that its minimizers make.
double coverage(std::size_t n, double share, int n_trials) {
  std::mt19937_64 engine(2103 + n);
  std::normal_distribution<double> normal;
  const std::vector<MinimizerPair> pairs = all_pairs(n);
  const double of_minimizer = std::sqrt(0.5 * share), of_pair = std::sqrt(1.0 - share);
  BootstrapOptions options;
  options.resamples = 400;
  int n_covered = 0;
  for (int trial = 0; trial < n_trials; ++trial) {
    std::vector<double> u(n), values;
    for (double& x : u) x = of_minimizer * normal(engine);
    for (const MinimizerPair& pair : pairs)
      values.push_back(std::exp(u[pair.first] + u[pair.second] + of_pair * normal(engine)));
    options.seed = static_cast<std::uint64_t>(trial);
    const PairMedian found = pair_median(values, pairs, n, options);
    if (found.interval->lower <= 1.0 && 1.0 <= found.interval->upper) ++n_covered;
  }
  return static_cast<double>(n_covered) / n_trials;
}

TEST(PairMedian, CoversTheTrueMedianAboutAsOftenAsItSays) {
  constexpr int kTrials = 500;
  for (const std::size_t n : {6U, 8U, 12U, 20U}) {
    for (const double share : {0.1, 0.5, 0.9}) {
      const double covered = coverage(n, share, kTrials);
      std::cout << n << " minimizers, share " << share << ": the 95 % interval covers in " << 100.0 * covered << " %\n";
      EXPECT_GE(covered, 0.92);
    }
  }
}

}  // namespace
}  // namespace landscape
