// The index of the first directions, and the rule that stops adding directions.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "landscape/roughness/convergence.hpp"
#include "landscape/roughness/index.hpp"

namespace {

using namespace landscape;
using enum DirectionStatus;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> values(std::size_t n) {
  std::vector<double> t;
  for (std::size_t i = 0; i < n; ++i) t.push_back(1.0 + 0.3 * std::sin(1.0 + 2.7 * static_cast<double>(i * i)));
  return t;
}

TEST(IndexCurve, CountsAreOneTwoFiveThenAll) {
  using Counts = std::vector<std::int64_t>;
  EXPECT_EQ(curve_counts(1), (Counts{1}));
  EXPECT_EQ(curve_counts(10), (Counts{10}));
  EXPECT_EQ(curve_counts(11), (Counts{10, 11}));
  EXPECT_EQ(curve_counts(100), (Counts{10, 20, 50, 100}));
  EXPECT_EQ(curve_counts(225), (Counts{10, 20, 50, 100, 200, 225}));
  EXPECT_EQ(curve_counts(1000), (Counts{10, 20, 50, 100, 200, 500, 1000}));
}

TEST(IndexCurve, IsTheIndexOfTheFirstDirections) {
  const std::vector<double> t = values(60);
  std::vector<DirectionStatus> status(t.size(), usable);
  status[3] = flat;
  status[40] = non_finite;
  const std::vector<CurvePoint> curve = index_curve(t, status, {.seed = 7, .resamples = 200});
  ASSERT_EQ(curve.size(), 4u);
  for (const CurvePoint& point : curve) {
    const auto n = static_cast<std::size_t>(point.n_directions);
    const auto first = std::span(t).first(n);
    const auto first_status = std::span(status).first(n);
    EXPECT_EQ(point.index, roughness_index(first, first_status).index);
    const auto interval = index_interval(usable_values(first, first_status), {.seed = 7, .resamples = 200});
    EXPECT_EQ(point.interval->lower, interval->lower);
    EXPECT_EQ(point.interval->upper, interval->upper);
  }
  EXPECT_EQ(curve.back().n_used, 58);
  EXPECT_EQ(curve.front().n_used, 9);
}

TEST(IndexCurve, OfFewDirectionsHasNoNumbers) {
  const std::vector<CurvePoint> one = index_curve(values(1), {});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_FALSE(one[0].index);
  EXPECT_FALSE(index_curve(values(4), {})[0].interval);
}

IndexWidth width(double index, double lower, double upper, std::int64_t n = 100) {
  IndexWidth p;
  p.index = index;
  p.interval = IndexInterval{};
  p.interval->lower = lower;
  p.interval->upper = upper;
  p.resolution = 1e-12;
  p.n_directions = p.n_used = n;
  return p;
}

TEST(Precision, HalfWidthIsRelativeToTheIndex) {
  EXPECT_DOUBLE_EQ(*width(0.5, 0.4, 0.7).half_width(), 0.3);
  EXPECT_FALSE(width(0.5, 0.4, kInfinity).half_width());
  EXPECT_FALSE(width(1e-13, 0.0, 2e-13).half_width());
  EXPECT_FALSE(IndexWidth{}.half_width());
}

TEST(Precision, EveryLossMustReachTheBound) {
  const IndexWidth good = width(0.5, 0.45, 0.55), poor = width(0.5, 0.3, 0.7);
  EXPECT_EQ(judge_widths(std::vector{good, good}, 0.11), WidthVerdict::reached);
  EXPECT_EQ(judge_widths(std::vector{good, poor}, 0.11), WidthVerdict::wanting);
  EXPECT_EQ(judge_widths(std::vector{good}, 0.09), WidthVerdict::wanting);
  EXPECT_EQ(judge_widths(std::vector{width(0.5, std::nan(""), 0.5)}, 0.1), WidthVerdict::wanting);
}

TEST(Precision, AnIndexOfZeroIsHopelessAndDoesNotHoldUpTheOtherLoss) {
  const IndexWidth good = width(0.5, 0.45, 0.55), zero = width(1e-15, 0.0, 2e-15);
  EXPECT_EQ(judge_widths(std::vector{zero, zero}, 0.1), WidthVerdict::hopeless);
  EXPECT_EQ(judge_widths(std::vector{zero, good}, 0.11), WidthVerdict::reached);
  EXPECT_EQ(judge_widths(std::vector{width(0.0, 0.0, 0.0)}, 0.1), WidthVerdict::hopeless);
  IndexWidth none;
  none.n_directions = 6;
  EXPECT_EQ(judge_widths(std::vector{none}, 0.1), WidthVerdict::hopeless);
  none.n_used = 3;  // more directions may help
  EXPECT_EQ(judge_widths(std::vector{none}, 0.1), WidthVerdict::wanting);
  EXPECT_EQ(judge_widths(std::vector{IndexWidth{}}, 0.1), WidthVerdict::wanting);
}

TEST(Precision, BatchesGrowByHalfUpToTheMost) {
  EXPECT_EQ(next_count(1, 1000), 17);
  EXPECT_EQ(next_count(20, 1000), 36);
  EXPECT_EQ(next_count(100, 1000), 150);
  EXPECT_EQ(next_count(900, 1000), 1000);
  EXPECT_EQ(next_count(1000, 1000), 1000);
  EXPECT_EQ(next_count(1200, 1000), 1200);
}

}  // namespace
