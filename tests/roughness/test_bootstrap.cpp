// The interval against a plain second writing of the same definition, and its behaviour at the edges.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "landscape/model/error.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/index.hpp"
#include "populations.hpp"

namespace {

using namespace landscape;

std::vector<double> draw(const populations::Population& population, std::int64_t n, std::uint64_t stream) {
  std::vector<double> t;
  for (std::int64_t k = 0; k < n; ++k) {
    t.push_back(population.value(populations::scores(11, stream, static_cast<std::uint64_t>(k), 0.0).first));
  }
  return t;
}

double plain_index(const std::vector<double>& t, double ddof) {
  const auto n = static_cast<double>(t.size());
  double mean = 0.0, squares = 0.0;
  for (const double x : t) mean += x / n;
  for (const double x : t) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / (n - ddof)) / mean;
}

/// sqrt(mean square of ((z^2 - 1)/2 - c z) / n)
double plain_log_error(const std::vector<double>& t) {
  const auto n = static_cast<double>(t.size());
  const double c = plain_index(t, 0.0);
  double mean = 0.0, squares = 0.0;
  for (const double x : t) mean += x / n;
  for (const double x : t) {
    const double z = (x - mean) / (c * mean);
    const double influence = 0.5 * (z * z - 1.0) - c * z;
    squares += influence * influence;
  }
  return std::sqrt(squares) / n;
}

std::vector<double> plain_resample(const std::vector<double>& t, std::uint64_t seed, std::uint64_t b) {
  std::vector<double> drawn;
  const auto n = static_cast<std::uint32_t>(t.size());
  for (std::uint64_t i = 0; i < t.size(); ++i) drawn.push_back(t[resampled_position(seed, b, i, n)]);
  return drawn;
}

double plain_quantile(std::vector<double> x, double p) {
  std::sort(x.begin(), x.end());
  const double rank = p * (static_cast<double>(x.size()) + 1.0) - 1.0;
  const auto below = static_cast<std::size_t>(std::floor(rank));
  return x[below] + (rank - std::floor(rank)) * (x[below + 1] - x[below]);
}

TEST(IndexInterval, StudentisedMatchesAPlainWriting) {
  const auto t = draw(populations::valley(0.3), 37, 1);
  BootstrapOptions options{77, 500, 0.9, IntervalMethod::studentised};
  const auto interval = index_interval(t, options);
  ASSERT_TRUE(interval);
  std::vector<double> studentised;
  for (std::uint64_t b = 0; b < 500; ++b) {
    const auto drawn = plain_resample(t, 77, b);
    studentised.push_back(std::log(plain_index(drawn, 1.0) / plain_index(t, 0.0)) /
                          std::max(plain_log_error(drawn), 0.25 * plain_log_error(t)));
  }
  double second = 0.0, fourth = 0.0;
  const RoughnessIndex r = roughness_index(t);
  for (const double x : t) {
    const double d = x - *r.mean;
    second += d * d;
    fourth += d * d * d * d;
  }
  EXPECT_NEAR(interval->n_effective, second * second / fourth, 1e-9);
  const boost::math::students_t student(std::max(10.0, second * second / fourth));
  const double reach = boost::math::quantile(student, 0.95) / populations::score(0.95) * plain_log_error(t);
  EXPECT_NEAR(interval->lower, *r.index * std::exp(-plain_quantile(studentised, 0.95) * reach), 1e-10);
  EXPECT_NEAR(interval->upper, *r.index * std::exp(-plain_quantile(studentised, 0.05) * reach), 1e-10);
}

TEST(IndexInterval, BcaMatchesAPlainWriting) {
  const auto t = draw(populations::lognormal(0.4), 30, 2);
  const auto interval = index_interval(t, {5, 400, 0.9, IntervalMethod::bca});
  ASSERT_TRUE(interval);
  const double index = plain_index(t, 1.0);
  std::vector<double> resampled, without;
  double below = 0.0;
  for (std::uint64_t b = 0; b < 400; ++b) {
    resampled.push_back(plain_index(plain_resample(t, 5, b), 1.0));
    below += resampled.back() < index ? 1.0 / 400 : 0.0;
  }
  double mean = 0.0, squares = 0.0, cubes = 0.0;
  for (std::size_t i = 0; i < t.size(); ++i) {
    auto rest = t;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    without.push_back(plain_index(rest, 1.0));
    mean += without.back() / static_cast<double>(t.size());
  }
  for (const double x : without) {
    squares += (mean - x) * (mean - x);
    cubes += (mean - x) * (mean - x) * (mean - x);
  }
  const double a = cubes / (6.0 * std::pow(squares, 1.5)), z0 = populations::score(below);
  const auto bound = [&](double p) {
    const double z = z0 + populations::score(p);
    return plain_quantile(resampled, populations::cdf(z0 + z / (1.0 - a * z)));
  };
  EXPECT_NEAR(interval->lower, bound(0.05), 1e-9);
  EXPECT_NEAR(interval->upper, bound(0.95), 1e-9);
}

TEST(IndexInterval, PercentileMatchesAPlainWriting) {
  const auto t = draw(populations::lognormal(0.4), 30, 2);
  const auto interval = index_interval(t, {5, 400, 0.9, IntervalMethod::percentile});
  ASSERT_TRUE(interval);
  std::vector<double> resampled;
  for (std::uint64_t b = 0; b < 400; ++b) resampled.push_back(plain_index(plain_resample(t, 5, b), 1.0));
  EXPECT_NEAR(interval->lower, plain_quantile(resampled, 0.05), 1e-12);
  EXPECT_NEAR(interval->upper, plain_quantile(resampled, 0.95), 1e-12);
  EXPECT_EQ(interval->lower_method, IntervalMethod::percentile);
  EXPECT_EQ(parse_interval_method("percentile"), IntervalMethod::percentile);
  EXPECT_THROW(parse_interval_method("exact"), UsageError);
}

TEST(IndexInterval, HeavyTailsAreSaid) {
  // One value far out among a hundred: kurtosis far above 5, though more than ten directions may carry the variance.
  auto t = draw(populations::normal(0.1), 100, 3);
  EXPECT_FALSE(index_interval(t)->rests_on_few);
  t[17] = 2.0;
  EXPECT_TRUE(index_interval(t)->rests_on_few);
}

TEST(IndexInterval, DrawsAreAPureFunctionAndEven) {
  std::vector<int> count(7, 0);
  for (std::uint64_t b = 0; b < 1000; ++b) {
    for (std::uint64_t i = 0; i < 7; ++i) {
      const auto position = resampled_position(3, b, i, 7);
      ASSERT_LT(position, 7u);
      EXPECT_EQ(position, resampled_position(3, b, i, 7));
      ++count[position];
    }
  }
  for (const int c : count) EXPECT_NEAR(c, 1000, 5 * std::sqrt(1000.0 * 6 / 7));
  int different = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    different += resampled_position(3, 0, i, 1000) != resampled_position(3, 1, i, 1000) ? 1 : 0;
    different += resampled_position(3, 0, i, 1000) != resampled_position(4, 0, i, 1000) ? 1 : 0;
  }
  EXPECT_GT(different, 190);
}

TEST(IndexInterval, SameSeedSameBitsOtherSeedOtherInterval) {
  const auto t = draw(populations::normal(0.1), 100, 3);
  const auto a = index_interval(t), b = index_interval(t),
             c = index_interval(t, {2, 2000, 0.95, IntervalMethod::automatic});
  EXPECT_EQ(a->lower, b->lower);
  EXPECT_EQ(a->upper, b->upper);
  EXPECT_NE(a->lower, c->lower);
  EXPECT_NEAR(a->lower, c->lower, 0.03 * a->lower);
  EXPECT_NEAR(a->upper, c->upper, 0.03 * a->upper);
}

TEST(IndexInterval, TheUnitOfTPlaysNoPart) {
  auto t = draw(populations::valley(0.2), 50, 4);
  const auto before = index_interval(t);
  for (double& x : t) x *= 500.0;
  const auto after = index_interval(t);
  EXPECT_NEAR(before->lower, after->lower, 1e-12);
  EXPECT_NEAR(before->upper, after->upper, 1e-12);
}

TEST(IndexInterval, HigherConfidenceIsWider) {
  const auto t = draw(populations::valley(0.2), 60, 5);
  const double index = *roughness_index(t).index;
  double lower = index, upper = index;
  for (const double confidence : {0.2, 0.5, 0.8, 0.95, 0.99}) {
    const auto interval = index_interval(t, {1, 2000, confidence, IntervalMethod::automatic});
    EXPECT_LT(interval->lower, lower) << confidence;
    EXPECT_GT(interval->upper, confidence > 0.3 ? upper : 0.0) << confidence;
    lower = interval->lower;
    upper = interval->upper;
  }
}

TEST(IndexInterval, EqualValuesHaveAZeroWidthInterval) {
  for (const auto method : {IntervalMethod::automatic, IntervalMethod::studentised, IntervalMethod::bca}) {
    const auto interval = index_interval(std::vector<double>(20, 0.1), {1, 200, 0.95, method});
    ASSERT_TRUE(interval);
    EXPECT_EQ(interval->lower, 0.0);
    EXPECT_EQ(interval->upper, 0.0);
    EXPECT_TRUE(interval->rests_on_few);
  }
}

TEST(IndexInterval, FewDirections) {
  EXPECT_FALSE(index_interval(std::vector<double>{}));
  EXPECT_FALSE(index_interval(std::vector<double>{1, 2, 3, 4}));
  for (std::int64_t n = kFewestForInterval; n < 12; ++n) {
    const auto t = draw(populations::normal(0.1), n, 6);
    const auto interval = index_interval(t);
    ASSERT_TRUE(interval);
    EXPECT_GE(interval->lower, 0.0);
    EXPECT_LE(interval->lower, *roughness_index(t).index);
    EXPECT_TRUE(std::isfinite(interval->upper)) << n;
  }
}

TEST(IndexInterval, OneUnlikeDirectionLeavesTheIndexUnbounded) {
  std::vector<double> t(50, 1.0);
  t[7] = 1.5;
  const auto pure = index_interval(t, {1, 2000, 0.95, IntervalMethod::studentised});
  EXPECT_EQ(pure->upper, std::numeric_limits<double>::infinity());
  EXPECT_GT(pure->n_collapsed, 500);  // (1 - 1/50)^50 = 0.36 of the resamples miss it
  const auto interval = index_interval(t);
  EXPECT_EQ(interval->upper_method, IntervalMethod::bca);
  EXPECT_EQ(interval->lower_method, IntervalMethod::studentised);
  EXPECT_TRUE(std::isfinite(interval->upper));
  EXPECT_TRUE(interval->rests_on_few);
  EXPECT_NEAR(interval->n_effective, 1.0, 0.1);
  EXPECT_LE(interval->lower, *roughness_index(t).index);
  EXPECT_GE(interval->upper, *roughness_index(t).index);
}

TEST(IndexInterval, NearlyVanishingInfluencesStayFinite) {
  // For values 1 and 2 the index is largest, and its first-order error zero, where one in three is a 2.
  std::vector<double> t(99, 1.0);
  for (std::size_t i = 0; i < 99; i += 3) t[i] = 2.0;
  const auto interval = index_interval(t);
  const double index = *roughness_index(t).index;
  EXPECT_TRUE(std::isfinite(interval->lower) && std::isfinite(interval->upper));
  EXPECT_LT(interval->lower, index);
  EXPECT_GT(interval->upper, interval->lower);
  EXPECT_LT(interval->upper, 1.2 * index);
}

TEST(IndexInterval, TinyIndicesAreNoSpecialCase) {
  std::vector<double> t;
  for (int i = 0; i < 30; ++i) t.push_back(1.0 + 1e-13 * ((i * 7) % 11));
  const auto interval = index_interval(t);
  const double index = *roughness_index(t).index;
  EXPECT_GT(interval->lower, 0.3 * index);
  EXPECT_LT(interval->upper, 3.0 * index);
}

TEST(IndexInterval, ImpossibleRequestsNameTheOption) {
  const std::vector<double> t = {1, 2, 3, 4, 5};
  for (const double confidence : {0.0, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(index_interval(t, {1, 2000, confidence, IntervalMethod::automatic}), UsageError);
  }
  try {
    index_interval(t, {1, 39, 0.95, IntervalMethod::automatic});
    FAIL() << "39 resamples know no 97.5 % quantile";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("--bootstrap"), std::string::npos);
  }
  EXPECT_NO_THROW(index_interval(t, {1, 40, 0.95, IntervalMethod::automatic}));
  EXPECT_THROW(index_interval(std::vector<double>{1, 2, 3, 4, -5}), Error);
}

}  // namespace
