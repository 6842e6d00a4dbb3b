// The index, its exclusions and its split against hand values; the published runs' index from their printed T.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "landscape/model/error.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/index.hpp"
#include "landscape/roughness/quadrature_noise.hpp"

namespace {

using namespace landscape;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using enum DirectionStatus;

ProfileDiagnostics usable_profile(double tilt, double oscillation, double rounding = 0.0) {
  ProfileDiagnostics d{};
  d.status = usable;
  d.total_variation = tilt + oscillation;
  d.tilt = tilt;
  d.oscillation = oscillation;
  d.rounding = rounding;
  return d;
}

TEST(RoughnessIndex, HandValue) {
  const std::vector<double> t = {1, 2, 3, 4};
  const RoughnessIndex r = roughness_index(t);
  EXPECT_EQ(*r.mean, 2.5);
  EXPECT_DOUBLE_EQ(*r.standard_deviation, std::sqrt(5.0 / 3.0));
  EXPECT_DOUBLE_EQ(*r.index, std::sqrt(5.0 / 3.0) / 2.5);
  EXPECT_EQ(r.n_used, 4);
}

TEST(RoughnessIndex, EqualValuesGiveExactlyZero) {
  const std::vector<double> t(100, 0.1);
  EXPECT_EQ(*roughness_index(t).index, 0.0);
  EXPECT_EQ(*roughness_index(t).mean, 0.1);
  EXPECT_EQ(*roughness_index(t).jackknife_error, 0.0);
}

TEST(RoughnessIndex, ExclusionsAreCountedByReasonAndNotRead) {
  const std::vector<double> t = {1, kNan, 2, kNan, 0, 3, -1};
  const std::vector<DirectionStatus> status = {usable, non_finite, usable, flat, incomplete, usable, incomplete};
  const RoughnessIndex r = roughness_index(t, status);
  EXPECT_EQ(*r.index, 0.5);
  EXPECT_EQ(r.n_directions, 7);
  EXPECT_EQ(r.n_used, 3);
  EXPECT_EQ(r.n_flat, 1);
  EXPECT_EQ(r.n_non_finite, 1);
  EXPECT_EQ(r.n_incomplete, 2);
}

TEST(RoughnessIndex, OneDirectionAtRoundingLevelHidesNothing) {
  // 99 clear valleys, and one direction along which the loss hardly moves.
  std::vector<double> losses, steps;
  for (int j = 0; j <= 20; ++j) steps.push_back((j - 10) / 10.0);
  for (int k = 0; k < 100; ++k) {
    const double scale = k == 42 ? 1e-13 : 1.0, tilt = 0.02 * k;
    for (const double s : steps) losses.push_back(-2.5 + scale * (s * s + tilt * s));
  }
  const auto profiles = diagnose_profiles(losses, steps);
  const RoughnessIndex r = roughness_index(profiles);
  EXPECT_EQ(r.n_used, 99);
  EXPECT_EQ(r.n_unresolved, 1);
  EXPECT_EQ(r.n_flat, 0);
  EXPECT_GT(*r.index, 0.1);
  EXPECT_LT(*index_resolution(profiles), 1e-12);
  std::vector<ProfileDiagnostics> others = profiles;
  others.erase(others.begin() + 42);
  EXPECT_EQ(*r.index, *roughness_index(others).index);
}

TEST(RoughnessIndex, NeedsTwoUsableDirections) {
  EXPECT_FALSE(roughness_index(std::span<const double>{}).mean);
  const RoughnessIndex one = roughness_index(std::vector<double>{0.7});
  EXPECT_EQ(*one.mean, 0.7);
  EXPECT_FALSE(one.index);
  EXPECT_FALSE(one.standard_deviation);
  const RoughnessIndex two = roughness_index(std::vector<double>{1.0, 3.0});
  EXPECT_DOUBLE_EQ(*two.index, std::sqrt(2.0) / 2.0);
  EXPECT_FALSE(two.jackknife_error);
}

TEST(RoughnessIndex, ImpossibleValuesAreRefused) {
  EXPECT_THROW(roughness_index(std::vector<double>{1.0, kNan}), Error);
  EXPECT_THROW(roughness_index(std::vector<double>{1.0, 0.0}), Error);
  EXPECT_THROW(roughness_index(std::vector<double>{1.0}, std::vector<DirectionStatus>{usable, usable}), Error);
}

TEST(RoughnessIndex, JackknifeMatchesLeavingOutOneByOne) {
  const std::vector<double> t = {1.3, 1.9, 1.1, 2.0, 1.7, 1.2, 1.95};
  std::vector<double> without;
  for (std::size_t i = 0; i < t.size(); ++i) {
    std::vector<double> rest = t;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    without.push_back(*roughness_index(rest).index);
  }
  double mean = 0.0, squares = 0.0;
  for (const double x : without) mean += x / 7.0;
  for (const double x : without) squares += (x - mean) * (x - mean);
  EXPECT_NEAR(*roughness_index(t).jackknife_error, std::sqrt(6.0 / 7.0 * squares), 1e-15);
  // One value unlike the others: without it nothing varies.
  const RoughnessIndex r = roughness_index(std::vector<double>{1.1, 1.1, 1.1, 2.3});
  EXPECT_TRUE(std::isfinite(*r.jackknife_error));
}

TEST(RoughnessIndex, SplitAddsUp) {
  // T = 2, 3, 4 with tilt 1, 1, 2: cov(T, tilt)/var(T) = (1/2)/1.
  const std::vector<ProfileDiagnostics> p = {usable_profile(1, 1), usable_profile(1, 2), usable_profile(2, 2)};
  const auto split = split_index(p);
  ASSERT_TRUE(split && split->tilt_share);
  EXPECT_DOUBLE_EQ(*split->tilt_share, 0.5);
  EXPECT_EQ(*split->tilt_share + *split->oscillation_share, 1.0);
  EXPECT_DOUBLE_EQ(split->mean_tilt, 4.0 / 3.0);
  EXPECT_DOUBLE_EQ(split->mean_oscillation, 5.0 / 3.0);
  const std::vector<ProfileDiagnostics> equal = {usable_profile(1, 0), usable_profile(1, 0)};
  EXPECT_FALSE(split_index(equal)->tilt_share);
  EXPECT_FALSE(split_index(std::span(p).first(1)));
}

TEST(RoughnessIndex, RoundedParabolasAreZeroWithinTheirResolution) {
  std::vector<double> s, losses;
  for (int j = -50; j <= 50; ++j) s.push_back(j / 50.0);
  for (int k = 0; k < 40; ++k) {
    for (const double x : s) losses.push_back(-2.4674 + (1.0 + 0.1 * k) * 1e-8 * x * x);
  }
  const auto profiles = diagnose_profiles(losses, s);
  const RoughnessIndex r = roughness_index(profiles);
  EXPECT_EQ(r.n_used, 40);
  const auto resolution = index_resolution(profiles);
  ASSERT_TRUE(resolution);
  EXPECT_LE(*r.index, *resolution);
  EXPECT_LT(*resolution, 1e-4);
}

TEST(RoughnessIndex, AgainstCount) {
  const std::vector<double> t = {1, kNan, 3, 2, 2};
  const std::vector<DirectionStatus> status = {usable, flat, usable, usable, usable};
  const std::vector<std::int64_t> counts = {0, 2, 3, 5};
  const auto curve = index_against_count(t, status, counts);
  ASSERT_EQ(curve.size(), 4u);
  EXPECT_FALSE(curve[0].index);
  EXPECT_EQ(curve[1].n_used, 1);
  EXPECT_FALSE(curve[1].index);
  EXPECT_DOUBLE_EQ(*curve[2].index, std::sqrt(2.0) / 2.0);
  EXPECT_EQ(*curve[3].index, *roughness_index(t, status).index);
  EXPECT_THROW(index_against_count(t, status, std::vector<std::int64_t>{6}), Error);
}

TEST(RoughnessIndex, PublishedRunsFromTheirPrintedValues) {
  const char* folder = std::getenv("LANDSCAPE_REFERENCE_DIR");
  const auto path = std::filesystem::path(folder ? folder : LANDSCAPE_REFERENCE_DIR) / "published_roughness.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  const auto runs = nlohmann::json::parse(std::ifstream(path));
  ASSERT_EQ(runs.size(), 2u);
  for (const auto& run : runs) {
    const auto t = run.at("normalized_total_variation").get<std::vector<double>>();
    const auto published = run.at("roughness_index").get<double>();
    const RoughnessIndex r = roughness_index(t);
    EXPECT_EQ(r.n_used, 100);
    EXPECT_NEAR(*r.index, published, 1e-13);
    const auto interval = index_interval(t);
    ASSERT_TRUE(interval);
    EXPECT_GT(published, interval->lower);
    EXPECT_LT(published, interval->upper);
    RecordProperty("interval", fmt::format("{:.4f} {:.4f} {:.4f}", published, interval->lower, interval->upper));
  }
}

TEST(QuadratureNoise, HandValue) {
  // Rows (sets) 1 2 and 3 6: MS_directions = 4, MS_sets = 9, MS_rest = 1.
  const auto q = split_quadrature_noise(std::vector<double>{1, 2, 3, 6}, 2);
  EXPECT_DOUBLE_EQ(*q.variance_directions, 1.5);
  EXPECT_DOUBLE_EQ(*q.variance_points, 5.0);
  EXPECT_TRUE(q.points_dominate_profiles);
  EXPECT_DOUBLE_EQ(*q.index_per_set[0], std::sqrt(0.5) / 1.5);
  EXPECT_DOUBLE_EQ(*q.index_per_set[1], std::sqrt(4.5) / 4.5);
  EXPECT_NEAR(*q.index_spread, 0.0, 1e-15);
  EXPECT_EQ(q.mean_per_set, (std::vector<double>{1.5, 4.5}));
}

TEST(QuadratureNoise, EqualSetsLeaveOnlyDirections) {
  const std::vector<double> t = {1.0, 1.5, 2.0, 1.0, 1.5, 2.0, 1.0, 1.5, 2.0};
  const auto q = split_quadrature_noise(t, 3);
  EXPECT_DOUBLE_EQ(*q.variance_directions, 0.25);
  EXPECT_EQ(*q.variance_points, 0.0);
  EXPECT_EQ(*q.index_spread, 0.0);
  EXPECT_FALSE(q.points_dominate_profiles);
  EXPECT_FALSE(q.points_dominate_index);
}

TEST(QuadratureNoise, PointsThatMoveTheIndexAreFlagged) {
  // The second set doubles the spread over eight directions.
  std::vector<double> t;
  for (const double spread : {0.1, 0.9}) {
    for (int i = 0; i < 8; ++i) t.push_back(2.0 + spread * (i % 2 == 0 ? 1.0 : -1.0));
  }
  const auto q = split_quadrature_noise(t, 2);
  EXPECT_TRUE(q.points_dominate_index);
  EXPECT_GT(*q.index_spread, *q.index_sampling_error);
}

TEST(QuadratureNoise, OnlyDirectionsUsableWithEverySetCount) {
  const std::vector<double> t = {1, 2, kNan, 3, 6, 5};
  const std::vector<DirectionStatus> status = {usable, usable, flat, usable, usable, usable};
  const auto q = split_quadrature_noise(t, 2, status);
  EXPECT_EQ(q.n_used, 2);
  EXPECT_EQ(q.n_directions, 3);
  EXPECT_DOUBLE_EQ(*q.variance_points, 5.0);
  const auto one = split_quadrature_noise(std::vector<double>{1, 2, 3}, 1);
  EXPECT_TRUE(one.index_mean && !one.index_spread && !one.variance_points);
  const std::vector<DirectionStatus> none(4, flat);
  const auto empty = split_quadrature_noise(std::vector<double>(4, kNan), 2, none);
  EXPECT_TRUE(empty.n_used == 0 && !empty.index_mean && empty.mean_per_set.empty());
  EXPECT_THROW(split_quadrature_noise(t, 4), Error);
  EXPECT_THROW(split_quadrature_noise(t, 0), Error);
}

}  // namespace
