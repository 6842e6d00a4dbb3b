// Against tables of the binomial distribution, and by simulation.
#include "landscape/roughness/median_interval.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace landscape {
namespace {

std::vector<double> first_numbers(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.rbegin(), values.rend(), 1.0);  // in falling order: sorting is its own
  return values;
}

TEST(MedianInterval, TakesTheOrderStatisticsOfTheTables) {
  EXPECT_FALSE(median_interval({}, 0.95));
  EXPECT_FALSE(median_interval(first_numbers(5), 0.95));  // 1 - 2 / 32 = 0.9375
  const auto six = median_interval(first_numbers(6), 0.95);
  ASSERT_TRUE(six);
  EXPECT_EQ(six->lower, 1.0);
  EXPECT_EQ(six->upper, 6.0);
  EXPECT_NEAR(six->coverage, 1.0 - 2.0 / 64.0, 1e-15);
  const auto twenty = median_interval(first_numbers(20), 0.95);  // k = 6: 0.9586
  ASSERT_TRUE(twenty);
  EXPECT_EQ(twenty->lower, 6.0);
  EXPECT_EQ(twenty->upper, 15.0);
  EXPECT_NEAR(twenty->coverage, 0.9586, 5e-5);
}

TEST(MedianInterval, CoversTheMedianOfASkewDistribution) {
  std::mt19937_64 engine(2103);
  std::exponential_distribution<double> draw(1.0);
  constexpr int kTrials = 4000;
  int n_covered = 0;
  double coverage = 0.0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> values(15);
    for (double& value : values) value = draw(engine);
    const auto interval = median_interval(values, 0.9);
    ASSERT_TRUE(interval);
    coverage = interval->coverage;
    n_covered += interval->lower <= std::log(2.0) && std::log(2.0) <= interval->upper;
  }
  EXPECT_NEAR(static_cast<double>(n_covered) / kTrials, coverage, 4.0 * std::sqrt(coverage * (1 - coverage) / kTrials));
}

}  // namespace
}  // namespace landscape
