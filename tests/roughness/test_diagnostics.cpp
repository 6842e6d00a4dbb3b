// Total variation and shape of constructed profiles against values worked out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "landscape/model/error.hpp"
#include "landscape/roughness/diagnostics.hpp"

namespace {

using namespace landscape;

constexpr double kEps = std::numeric_limits<double>::epsilon();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// num steps over [-1, 1].
std::vector<double> steps(int num) {
  std::vector<double> s;
  for (int j = 0; j < num; ++j) s.push_back((2.0 * j - (num - 1)) / (num - 1));
  return s;
}

std::vector<double> profile(const std::vector<double>& s, const std::function<double(double)>& f) {
  std::vector<double> values;
  for (const double x : s) values.push_back(f(x));
  return values;
}

ProfileDiagnostics diagnose(int num, const std::function<double(double)>& f) {
  const auto s = steps(num);
  return diagnose_profile(profile(s, f), s);
}

/// The definition, term by term, in long double.
double plain_total_variation(const std::vector<double>& f, double length) {
  long double sum = 0.0L, low = f[0], high = f[0];
  for (std::size_t j = 1; j < f.size(); ++j) {
    sum += std::fabs(static_cast<long double>(f[j]) - f[j - 1]);
    low = std::min<long double>(low, f[j]);
    high = std::max<long double>(high, f[j]);
  }
  return static_cast<double>(sum / (length * (high - low)));
}

TEST(Diagnostics, ParabolaHasOneValleyAndEqualEnds) {
  const auto d = diagnose(101, [](double s) { return s * s; });
  EXPECT_EQ(d.status, DirectionStatus::usable);
  EXPECT_EQ(d.shape, ProfileShape::single_valley);
  EXPECT_EQ(d.total_variation, 1.0);  // |I| T = 2 exactly
  EXPECT_EQ(d.tilt, 1.0);
  EXPECT_EQ(d.oscillation, 0.0);
  EXPECT_EQ(d.n_slope_changes, 1);
  EXPECT_EQ(d.n_valleys, 1);
  EXPECT_EQ(d.end_asymmetry, 0.0);
  EXPECT_EQ(d.minimum_offset, 0.0);
  ASSERT_TRUE(d.curvature);
  EXPECT_NEAR(*d.curvature, 2.0, 1e-11);
}

TEST(Diagnostics, TiltedParabola) {
  // s^2 + s/2 on multiples of 1/4: ends 1/2 and 3/2, minimum -1/16 at -1/4, range 25/16.
  const auto d = diagnose(9, [](double s) { return s * s + 0.5 * s; });
  EXPECT_EQ(d.shape, ProfileShape::single_valley);
  EXPECT_NEAR(d.total_variation, 0.68, 4 * kEps);  // (9 + 25)/25 / 2
  EXPECT_EQ(d.tilt, d.total_variation);
  EXPECT_EQ(d.oscillation, 0.0);
  EXPECT_NEAR(d.end_asymmetry, 0.64, 4 * kEps);
  EXPECT_EQ(d.minimum_offset, -0.25);
  EXPECT_EQ(*d.curvature, 2.0);
}

TEST(Diagnostics, MonotoneProfilesGiveExactlyTheLowerBound) {
  for (const double sign : {1.0, -1.0}) {
    const auto d = diagnose(101, [sign](double s) { return sign * std::exp(3.0 * s) + 1000.0; });
    EXPECT_EQ(d.shape, ProfileShape::monotone);
    EXPECT_EQ(d.total_variation, 0.5);
    EXPECT_EQ(d.tilt, 0.5);
    EXPECT_EQ(d.oscillation, 0.0);
    EXPECT_EQ(d.n_slope_changes, 0);
    EXPECT_EQ(d.end_asymmetry, sign);
    EXPECT_EQ(d.minimum_offset, -sign);
  }
}

TEST(Diagnostics, StepIsMonotone) {
  const auto d = diagnose(5, [](double s) { return s > 0.2 ? 3.0 : 1.0; });
  EXPECT_EQ(d.shape, ProfileShape::monotone);
  EXPECT_EQ(d.total_variation, 0.5);
  EXPECT_EQ(d.end_asymmetry, 1.0);
  EXPECT_EQ(d.minimum_offset, 0.0);  // of the equal lows at -1, -1/2 and 0 the one at the minimizer
}

TEST(Diagnostics, SineHasFourTurns) {
  // sin(2 pi s) at multiples of 1/4: 0 1 0 -1 0 1 0 -1 0, variation 8, range 2, ends 1 above the minimum.
  const auto s = steps(9);
  const std::vector<double> f = {0, 1, 0, -1, 0, 1, 0, -1, 0};
  const auto d = diagnose_profile(f, s);
  EXPECT_EQ(d.total_variation, 2.0);
  EXPECT_EQ(d.tilt, 0.5);
  EXPECT_EQ(d.oscillation, 1.5);
  EXPECT_EQ(d.shape, ProfileShape::multi_valley);
  EXPECT_EQ(d.n_slope_changes, 4);
  EXPECT_EQ(d.n_valleys, 2);
  EXPECT_EQ(d.minimum_offset, -0.25);  // -1 at -1/4 and 3/4
}

TEST(Diagnostics, WavesOnABowlByHand) {
  // Variation 3+1+2+3+2+4 = 15, range 5, ends 4 and 5 above the minimum.
  const auto s = steps(7);
  const std::vector<double> f = {4, 1, 2, 0, 3, 1, 5};
  const auto d = diagnose_profile(f, s);
  EXPECT_DOUBLE_EQ(2.0 * d.total_variation, 3.0);
  EXPECT_DOUBLE_EQ(2.0 * d.tilt, 1.8);
  EXPECT_DOUBLE_EQ(2.0 * d.oscillation, 1.2);
  EXPECT_EQ(d.n_slope_changes, 5);
  EXPECT_EQ(d.n_valleys, 3);
  EXPECT_EQ(d.shape, ProfileShape::multi_valley);
  EXPECT_DOUBLE_EQ(d.end_asymmetry, 0.2);
}

TEST(Diagnostics, SineOnABowlMatchesTheDefinition) {
  const auto s = steps(401);
  const auto f = profile(s, [](double x) { return x * x - 2.4674 + 0.05 * std::sin(40.0 * x); });
  const auto d = diagnose_profile(f, s);
  EXPECT_EQ(d.shape, ProfileShape::multi_valley);
  EXPECT_GT(d.oscillation, 0.3);
  EXPECT_NEAR(d.total_variation, plain_total_variation(f, 2.0), 1e-13);
  EXPECT_LE(std::fabs(d.tilt + d.oscillation - d.total_variation), kEps * d.total_variation);
}

TEST(Diagnostics, InvertedParabolaIsAPeakAndAllOscillation) {
  const auto d = diagnose(101, [](double s) { return 3.0 - s * s; });
  EXPECT_EQ(d.shape, ProfileShape::single_peak);
  EXPECT_EQ(d.n_slope_changes, 1);
  EXPECT_EQ(d.n_valleys, 0);
  EXPECT_EQ(d.total_variation, 1.0);
  EXPECT_EQ(d.tilt, 0.0);
  EXPECT_EQ(d.oscillation, 1.0);
  EXPECT_NEAR(*d.curvature, -2.0, 1e-10);
  EXPECT_EQ(std::fabs(d.minimum_offset), 1.0);
}

TEST(Diagnostics, TurningPointsTellTheShape) {
  using enum ProfileShape;
  const std::pair<std::vector<double>, ProfileShape> cases[] = {
      {{0, 1, 2, 3, 4, 5}, monotone},        {{5, 4, 4, 3, 1, 0}, monotone},
      {{3, 1, 0, 2, 4, 5}, single_valley},   {{0, 2, 5, 4, 3, 1}, single_peak},
      {{3, 1, 0, 2, 5, 4}, valley_and_peak}, {{1, 2, 1, 0, 3, 5}, valley_and_peak},
      {{1, 2, 0, 3, 2, 1}, valley_and_peak}, {{3, 0, 2, 4, 1, 5}, multi_valley},
      {{0, 3, 1, 2, 1, 5}, multi_valley},    {{3, 1, 2, 1, 3, 2}, multi_valley}};
  for (const auto& [f, shape] : cases) {
    EXPECT_EQ(diagnose_profile(f, steps(6)).shape, shape) << ::testing::PrintToString(f);
    const std::vector<double> mirrored(f.rbegin(), f.rend());
    EXPECT_EQ(diagnose_profile(mirrored, steps(6)).shape, shape) << ::testing::PrintToString(mirrored);
  }
}

TEST(Diagnostics, OneValleyThatFallsAgainNearAnEndIsNotSeveral) {
  const auto d = diagnose(201, [](double s) { return s * s * s - 0.3 * s; });
  EXPECT_EQ(d.shape, ProfileShape::valley_and_peak);
  EXPECT_EQ(d.n_slope_changes, 2);
  EXPECT_EQ(d.n_valleys, 1);
}

TEST(Diagnostics, OffsetsCountFromTheMinimizerOnAnyInterval) {
  // [-1/2, 7/2]: the interval's middle is 3/2, the minimizer's step 0, the lowest step 1/4.
  std::vector<double> s;
  for (int j = 0; j <= 16; ++j) s.push_back(-0.5 + 0.25 * j);
  const auto d = diagnose_profile(profile(s, [](double x) { return (x - 0.25) * (x - 0.25); }), s);
  EXPECT_EQ(d.minimum_offset, 0.25);
  EXPECT_EQ(*d.curvature, 2.0);
  EXPECT_EQ(*summarise_shapes(std::vector{d}).mean_absolute_minimum_offset, 0.25);
  // Of equal lows the one nearest s = 0.
  const auto plateau = diagnose_profile(profile(s, [](double x) { return x < 3.0 ? 0.0 : 1.0; }), s);
  EXPECT_EQ(plateau.minimum_offset, 0.0);
}

TEST(Diagnostics, FlatProfilesHaveNoNumber) {
  const double f0 = -2.4674011002723395;
  for (const double wiggle : {0.0, kEps, 8 * kEps}) {
    const auto d =
        diagnose(101, [=](double s) { return f0 * (1.0 + (std::fmod(100.0 * s, 2.0) > 0.5 ? wiggle : 0.0)); });
    EXPECT_EQ(d.status, DirectionStatus::flat) << wiggle;
    EXPECT_EQ(d.shape, ProfileShape::undefined);
    EXPECT_TRUE(std::isnan(d.total_variation));
  }
  EXPECT_EQ(diagnose(11, [](double) { return 0.0; }).status, DirectionStatus::flat);
}

TEST(Diagnostics, SmallRangesCountDownToRounding) {
  for (const double range : {1e-6, 1e-9, 1e-11}) {
    const auto d = diagnose(101, [=](double s) { return -2.5 + 2.5 * range * s * s; });
    ASSERT_EQ(d.status, DirectionStatus::usable) << range;
    EXPECT_LE(std::fabs(d.total_variation - 1.0), d.rounding) << range;
    EXPECT_EQ(d.n_slope_changes, 1) << range;
    EXPECT_EQ(d.shape, ProfileShape::single_valley) << range;
  }
  // At 1e-13 of the loss, 450 eps, rounding can make more than a tenth of T; at 5e-15 all of the range.
  EXPECT_EQ(diagnose(101, [](double s) { return -2.5 + 2.5 * 1e-13 * s * s; }).status, DirectionStatus::unresolved);
  EXPECT_EQ(diagnose(101, [](double s) { return -2.5 + 2.5 * 5e-15 * s * s; }).status, DirectionStatus::flat);
  // Without an offset nothing is lost: the Galerkin loss of the linear model.
  const auto d = diagnose(101, [](double s) { return 1e-30 * s * s; });
  EXPECT_EQ(d.status, DirectionStatus::usable);
  EXPECT_EQ(d.total_variation, 1.0);
}

TEST(Diagnostics, ATThatIsNotKnownIsNoNumber) {
  // The bound on T's error passes a tenth of T on the way from a clear valley to a flat line, and only then is T lost.
  DirectionStatus last = DirectionStatus::usable;
  int n_unresolved = 0;
  for (double range = 1e-9; range > 1e-16; range *= 0.8) {
    const auto s = steps(21);
    const auto f = profile(s, [=](double x) { return -2.5 + 2.5 * range * x * x; });
    DiagnosticsOptions all;
    all.most_rounding = kInfinity;
    const auto d = diagnose_profile(f, s), judged = diagnose_profile(f, s, {}, all);
    if (judged.status == DirectionStatus::flat) {
      EXPECT_EQ(d.status, DirectionStatus::flat) << range;
      last = d.status;
      continue;
    }
    EXPECT_EQ(last, DirectionStatus::usable) << range;
    const bool known = judged.rounding <= 0.1 * judged.total_variation;
    EXPECT_EQ(d.status, known ? DirectionStatus::usable : DirectionStatus::unresolved) << range;
    EXPECT_EQ(std::isnan(d.total_variation), !known) << range;
    n_unresolved += known ? 0 : 1;
  }
  EXPECT_EQ(last, DirectionStatus::flat);
  EXPECT_GT(n_unresolved, 3);
}

TEST(Diagnostics, RoundingWigglesAreNoTurns) {
  const auto s = steps(101);
  auto f = profile(s, [](double x) { return 1.0 + 1e-6 * x * x; });
  for (std::size_t j = 0; j < f.size(); j += 2) f[j] += 4 * kEps;
  const auto d = diagnose_profile(f, s);
  EXPECT_EQ(d.n_slope_changes, 1);
  EXPECT_EQ(d.shape, ProfileShape::single_valley);
  EXPECT_LE(std::fabs(d.total_variation - 1.0), d.rounding);
  // A wiggle larger than the steps of the parabola is one.
  for (std::size_t j = 0; j < f.size(); j += 2) f[j] += 1e-7;
  EXPECT_EQ(diagnose_profile(f, s).shape, ProfileShape::multi_valley);
}

TEST(Diagnostics, NonFiniteLossesAreNamed) {
  for (const double bad : {kNan, kInfinity, -kInfinity}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{10}}) {
      const auto s = steps(11);
      auto f = profile(s, [](double x) { return x * x; });
      f[at] = bad;
      const auto d = diagnose_profile(f, s);
      EXPECT_EQ(d.status, DirectionStatus::non_finite) << bad << " at " << at;
      EXPECT_TRUE(std::isnan(d.total_variation) && std::isnan(d.minimum));
      EXPECT_EQ(d.n_slope_changes, 0);
      EXPECT_FALSE(d.curvature);
    }
  }
  const std::vector<double> overflowing = {1e308, -1e308};
  EXPECT_EQ(diagnose_profile(overflowing, steps(2)).status, DirectionStatus::non_finite);
}

TEST(Diagnostics, IncompleteProfilesAreNotLookedAt) {
  const auto s = steps(5);
  const std::vector<double> f = {kNan, 0, 0, 0, 0};
  const std::vector<std::uint8_t> mask = {0, 1, 1, 1, 1};
  EXPECT_EQ(diagnose_profile(f, s, mask).status, DirectionStatus::incomplete);
}

TEST(Diagnostics, RowsOfAMatrix) {
  const auto s = steps(3);
  const std::vector<double> losses = {1, 0, 1, 0, 1, 2, 5, 5, 5, 1, kNan, 1};
  std::vector<std::uint8_t> mask(losses.size(), 1);
  const auto rows = diagnose_profiles(losses, s, mask);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].total_variation, 1.0);
  EXPECT_EQ(rows[1].total_variation, 0.5);
  EXPECT_EQ(rows[2].status, DirectionStatus::flat);
  EXPECT_EQ(rows[3].status, DirectionStatus::non_finite);
  const auto summary = summarise_shapes(rows);
  EXPECT_EQ(summary.n_usable, 2);
  EXPECT_EQ(summary.share(ProfileShape::monotone), 0.5);
  EXPECT_EQ(summary.share(ProfileShape::single_valley), 0.5);
  EXPECT_EQ(summary.count[static_cast<int>(ProfileShape::undefined)], 2);
  EXPECT_EQ(*summary.mean_slope_changes, 0.5);
  EXPECT_EQ(*summary.mean_absolute_asymmetry, 0.5);
  mask[4] = 0;
  EXPECT_EQ(diagnose_profiles(losses, s, mask)[1].status, DirectionStatus::incomplete);
}

TEST(Diagnostics, MediansAndMeansOfWhatMoves) {
  // Five steps at -1 .. 1. By rows: V at the centre; V at 1/2; falling; waves of three turns; flat.
  const auto s = steps(5);
  const std::vector<double> losses = {2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 4, 3, 2, 1, 0, 1, 0, 1, 0, 1, 5, 5, 5, 5, 5};
  const auto summary = summarise_shapes(diagnose_profiles(losses, s));
  EXPECT_EQ(summary.n_usable, 4);
  EXPECT_EQ(*summary.mean_slope_changes, 1.25);  // 1 1 0 3
  EXPECT_EQ(*summary.median_slope_changes, 1.0);
  EXPECT_DOUBLE_EQ(*summary.mean_absolute_asymmetry, (0.0 + 2.0 / 3.0 + 1.0 + 0.0) / 4.0);
  EXPECT_EQ(*summary.mean_absolute_minimum_offset, (0.0 + 0.5 + 1.0 + 0.5) / 4.0);
  EXPECT_EQ(*summary.median_absolute_minimum_offset, 0.5);
  EXPECT_EQ(*summary.median_curvature, 0.0);  // 8 0 0 -8: two of four are 0
  EXPECT_FALSE(summarise_shapes({}).median_curvature);
}

TEST(Histogram, CountsEveryValueOnce) {
  const std::vector<double> edges = histogram_edges(1.0, 3.0, 4);
  EXPECT_EQ(edges, (std::vector<double>{1.0, 1.5, 2.0, 2.5, 3.0}));
  const std::vector<double> values = {1.0, 1.2, 1.5, 2.0, 2.9, 3.0, 3.5, kNan};
  EXPECT_EQ(histogram_of(values, edges).counts, (std::vector<std::int64_t>{2, 1, 1, 2}));
  // Equal values have a bin of their own, whatever their size.
  for (const double x : {0.5, 4000.0}) {
    const std::vector<double> same(10, x);
    const Histogram histogram = histogram_of(same, histogram_edges(x, x, 8));
    EXPECT_TRUE(std::is_sorted(histogram.edges.begin(), histogram.edges.end(), std::less_equal<>())) << x;
    EXPECT_EQ(std::accumulate(histogram.counts.begin(), histogram.counts.end(), 0L), 10) << x;
  }
}

TEST(Diagnostics, LengthAndUnevenSteps) {
  DiagnosticsOptions options;
  options.interval_length = 4.0;  // the published grids call |I| = 2l even with a point beyond l
  const std::vector<double> s = {-1.0, -0.5, 0.25, 2.0};
  const auto f = profile(s, [](double x) { return 3.0 * x * x; });
  const auto d = diagnose_profile(f, s, {}, options);
  EXPECT_EQ(d.total_variation, diagnose_profile(f, s).total_variation * 3.0 / 4.0);
  EXPECT_NEAR(*d.curvature, 6.0, 1e-14);
  EXPECT_FALSE(diagnose_profile(std::vector<double>{0.0, 1.0}, steps(2)).curvature);
}

TEST(Diagnostics, WrongShapesAreRefused) {
  const auto s = steps(5);
  const std::vector<double> f(5, 1.0), four(4, 1.0), descending = {0, 1, 1, 2, 3};
  EXPECT_THROW(diagnose_profile(four, s), Error);
  EXPECT_THROW(diagnose_profile(f, descending), Error);
  EXPECT_THROW(diagnose_profile(f, s, std::vector<std::uint8_t>(3, 1)), Error);
  EXPECT_THROW(diagnose_profile(std::vector<double>{1.0}, std::vector<double>{0.0}), Error);
  DiagnosticsOptions options;
  options.interval_length = 0.0;
  EXPECT_THROW(diagnose_profile(f, s, {}, options), Error);
}

TEST(TotalVariation, StrideAndSinglePrecision) {
  const std::vector<float> f = {4, -9, 1, -9, 2, -9, 0, -9, 3, -9, 1, -9, 5, -9};
  const auto t = math::normalised_total_variation(f.data(), 7, 2.0F, math::LossError<float>{}, 2);
  EXPECT_EQ(t.status, math::ProfileStatus::usable);
  EXPECT_FLOAT_EQ(t.value, 1.5F);
  EXPECT_EQ(t.n_runs, 6);
  // The offset that ruins single precision is seen: 1e-7 of the loss is its rounding.
  std::vector<float> offset;
  for (const double s : steps(101)) offset.push_back(static_cast<float>(-2.4674 + 1e-6 * s * s));
  EXPECT_EQ(math::normalised_total_variation(offset.data(), 101, 2.0F).status, math::ProfileStatus::flat);
  EXPECT_EQ(math::normalised_total_variation(f.data(), 0, 2.0F).status, math::ProfileStatus::flat);
}

}  // namespace
