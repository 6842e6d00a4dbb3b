// Against tables of the binomial distribution, and by simulation.
#include "landscape/roughness/median_interval.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "landscape/model/error.hpp"

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

TEST(ComparedMedians, AreThoseOfDifferencesAndRatiosAndLeaveOutWhatIsNotFinite) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> a{2.0, 4.0, 6.0, none, 8.0, 10.0, 12.0, 1.0}, b{1.0, 1.0, 2.0, 5.0, 2.0, 2.0, 3.0, none};
  const MedianComparison pair = compare_medians(a, b, 0.95);
  EXPECT_EQ(pair.n, 6);
  EXPECT_EQ(pair.first, 7.0);
  EXPECT_EQ(pair.second, 2.0);
  EXPECT_EQ(pair.difference, 5.0);  // of 1, 3, 4, 6, 8, 9
  ASSERT_TRUE(pair.difference_interval && pair.ratio_interval);
  EXPECT_EQ(pair.difference_interval->lower, 1.0);
  EXPECT_EQ(pair.difference_interval->upper, 9.0);
  EXPECT_EQ(pair.ratio, 4.0);  // of 2, 4, 3, 4, 5, 4
  EXPECT_EQ(pair.ratio_interval->lower, 2.0);
  EXPECT_EQ(pair.larger(), 1);
  EXPECT_EQ(compare_medians(b, a, 0.95).larger(), -1);
  EXPECT_EQ(compare_medians(a, a, 0.95).larger(), 0);
  EXPECT_THROW(compare_medians(a, std::vector<double>{1.0}, 0.95), Error);
}

TEST(ComparedMedians, OfTooFewPairsDecideNothingAndOfZerosHaveNoRatio) {
  const std::vector<double> ones(5, 1.0), zeros(6, 0.0), more{1.0, 2.0, 3.0, 4.0, 5.0, 6.0};
  EXPECT_EQ(compare_medians(ones, std::vector<double>(5, 0.5), 0.95).larger(), 0);
  const MedianComparison pair = compare_medians(more, zeros, 0.95);
  EXPECT_EQ(pair.larger(), 1);
  EXPECT_FALSE(pair.ratio || pair.ratio_interval);
}

// Two equal skew distributions whose pairs are correlated: told apart in no more than 1 - coverage of all cases.
TEST(ComparedMedians, OfEqualDistributionsAreSeldomToldApart) {
  std::mt19937_64 engine(11069);
  std::exponential_distribution<double> draw(1.0);
  constexpr int kTrials = 4000;
  int n_apart = 0;
  double coverage = 0.0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> a(12), b(12);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double common = draw(engine);
      a[i] = common + draw(engine);
      b[i] = common + draw(engine);
    }
    const MedianComparison pair = compare_medians(a, b, 0.95);
    coverage = pair.difference_interval->coverage;
    n_apart += pair.larger() != 0 ? 1 : 0;
  }
  const double expected = 1.0 - coverage, error = std::sqrt(expected / kTrials);
  EXPECT_NEAR(static_cast<double>(n_apart) / kTrials, expected, 4.0 * error);
}

}  // namespace
}  // namespace landscape
