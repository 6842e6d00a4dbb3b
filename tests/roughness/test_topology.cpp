// Persistence pairs against their definition: with beta(a, c) the number of components of { f <= c } that hold a point
// of { f <= a }, counted by flood fill, as many pairs are born at a and die at c as
//   beta(a, c-) - beta(a, c) - beta(a-, c-) + beta(a-, c)
// says (Edelsbrunner, Letscher and Zomorodian 2002), - the next lower value. Then what follows from pairs.
#include "landscape/roughness/topology.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "landscape/model/error.hpp"

namespace landscape {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();

struct Grid {
  std::vector<double> f;
  std::int64_t n_rows, n_columns;
};

/// The lowest value of every component of { f <= level }.
std::vector<double> lowest_of_components(const Grid& grid, double level) {
  std::vector<bool> seen(grid.f.size(), false);
  std::vector<double> lowest;
  for (std::size_t start = 0; start < grid.f.size(); ++start) {
    if (seen[start] || !std::isfinite(grid.f[start]) || grid.f[start] > level) continue;
    std::vector<std::size_t> open{start};
    seen[start] = true;
    double least = grid.f[start];
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      least = std::min(least, grid.f[at]);
      const auto row = static_cast<std::int64_t>(at) / grid.n_columns;
      const auto column = static_cast<std::int64_t>(at) % grid.n_columns;
      for (std::size_t other = 0; other < grid.f.size(); ++other) {
        const auto i = static_cast<std::int64_t>(other);
        const bool beside = std::abs(i / grid.n_columns - row) <= 1 && std::abs(i % grid.n_columns - column) <= 1;
        if (!beside || seen[other] || !std::isfinite(grid.f[other]) || grid.f[other] > level) continue;
        seen[other] = true;
        open.push_back(other);
      }
    }
    lowest.push_back(least);
  }
  return lowest;
}

using Diagram = std::map<std::pair<double, double>, int>;  // (birth, death) -> how many

Diagram diagram_by_definition(const Grid& grid) {
  std::set<double> distinct;
  for (const double f : grid.f) {
    if (std::isfinite(f)) distinct.insert(f);
  }
  const std::vector<double> levels(distinct.begin(), distinct.end());
  std::vector<std::vector<double>> lowest;
  for (const double level : levels) lowest.push_back(lowest_of_components(grid, level));
  const auto beta = [&](std::ptrdiff_t a, std::ptrdiff_t c) {
    if (a < 0 || c < 0) return 0;
    const auto born = [&](double least) { return least <= levels[static_cast<std::size_t>(a)]; };
    return static_cast<int>(std::ranges::count_if(lowest[static_cast<std::size_t>(c)], born));
  };
  Diagram diagram;
  const auto n = static_cast<std::ptrdiff_t>(levels.size());
  for (std::ptrdiff_t a = 0; a < n; ++a) {
    const double birth = levels[static_cast<std::size_t>(a)];
    for (std::ptrdiff_t c = a + 1; c < n; ++c) {
      const int number = beta(a, c - 1) - beta(a, c) - beta(a - 1, c - 1) + beta(a - 1, c);
      if (number > 0) diagram[{birth, levels[static_cast<std::size_t>(c)]}] = number;
    }
    if (const int number = beta(a, n - 1) - beta(a - 1, n - 1); number > 0) diagram[{birth, kInfinity}] = number;
  }
  return diagram;
}

void expect_pairs_by_definition(const Grid& grid) {
  Diagram found;
  for (const Basin& basin : find_basins(grid.f, grid.n_rows, grid.n_columns)) {
    EXPECT_EQ(basin.value, grid.f[static_cast<std::size_t>(basin.at)]);
    double death = kInfinity;
    if (basin.dies()) {
      death = grid.f[static_cast<std::size_t>(*basin.saddle)];
      EXPECT_EQ(basin.depth, death - basin.value);
    } else {
      EXPECT_EQ(basin.depth, kInfinity);
    }
    ++found[{basin.value, death}];
  }
  EXPECT_EQ(found, diagram_by_definition(grid));
}

enum class Values { distinct, plateaus, walls };

Grid random_grid(std::mt19937& random, std::int64_t n_rows, std::int64_t n_columns, Values values) {
  Grid grid{std::vector<double>(static_cast<std::size_t>(n_rows * n_columns)), n_rows, n_columns};
  for (double& f : grid.f) {
    const double x = std::uniform_real_distribution<>(-1.0, 1.0)(random);
    f = values == Values::distinct ? x : std::floor(3.0 * x);
    if (values == Values::walls && random() % 6 == 0) f = random() % 2 == 0 ? kNan : kInfinity;
  }
  return grid;
}

TEST(Topology, PairsAreThoseOfTheDefinition) {
  std::mt19937 random(11);
  for (const Values values : {Values::distinct, Values::plateaus, Values::walls}) {
    for (std::int64_t n = 1; n <= 40; ++n) {
      for (int trial = 0; trial < 5; ++trial) expect_pairs_by_definition(random_grid(random, 1, n, values));
    }
    for (const auto& [n_rows, n_columns] : {std::pair<std::int64_t, std::int64_t>{2, 2}, {5, 1}, {4, 7}, {6, 6}}) {
      for (int trial = 0; trial < 20; ++trial) {
        expect_pairs_by_definition(random_grid(random, n_rows, n_columns, values));
      }
    }
  }
  std::vector<double> rising(40);
  std::iota(rising.begin(), rising.end(), -7.0);
  const std::vector<double> falling(rising.rbegin(), rising.rend());
  for (const std::vector<double>& f : {rising, falling, std::vector<double>(9, 2.0), std::vector<double>(4, kNan)}) {
    expect_pairs_by_definition({f, 1, static_cast<std::int64_t>(f.size())});
  }
}

std::vector<double> even_steps(std::size_t n, double length) {
  std::vector<double> steps;
  for (std::size_t j = 0; j < n; ++j) steps.push_back(length * static_cast<double>(j) / static_cast<double>(n - 1));
  return steps;
}

/// A profile of 2 to 200 steps: a walk, a valley with noise, plateaus, or noise far from zero.
std::vector<double> random_profile(std::mt19937& random) {
  const std::size_t n = 2 + random() % 199;
  const auto kind = random() % 4;
  std::normal_distribution<> normal;
  std::vector<double> f;
  double walk = 0.0;
  for (std::size_t j = 0; j < n; ++j) {
    const double s = 2.0 * static_cast<double>(j) / static_cast<double>(n - 1) - 1.0;
    walk += normal(random);
    f.push_back(kind == 0   ? walk
                : kind == 1 ? s * s + 0.02 * normal(random)
                : kind == 2 ? std::round(walk)
                            : -2.4674 + 1e-3 * normal(random));
  }
  return f;
}

TEST(Topology, TwicePersistenceIsTheOscillation) {
  std::mt19937 random(5);
  double largest = 0.0;
  int n_usable = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const std::vector<double> f = random_profile(random);
    const double length = std::uniform_real_distribution<>(0.01, 5.0)(random);
    const ProfileDiagnostics profile = diagnose_profile(f, even_steps(f.size(), length));
    if (profile.status != DirectionStatus::usable) continue;  // two equal steps
    ++n_usable;
    const Topology topology = profile_topology(f, profile, {});
    const std::vector<ProfileDiagnostics> profiles{profile};
    const std::vector<Topology> topologies{topology};
    largest = std::max(largest, *summarise_topology(profiles, topologies, length).identity_deviation);
  }
  EXPECT_GT(n_usable, 1950);
  EXPECT_LT(largest, 1e-12);
  RecordProperty("largest_deviation", std::to_string(largest * 1e15) + "e-15");
}

TEST(Topology, PairsAboveTheDeadBandAreTheHighsOfTheDiagnosis) {
  std::mt19937 random(6);
  for (int trial = 0; trial < 500; ++trial) {
    const std::vector<double> f = random_profile(random);
    DiagnosticsOptions options;
    options.loss_error = {0.0, 0.0, std::uniform_real_distribution<>(0.0, 0.02)(random)};
    options.most_rounding = kInfinity;
    const ProfileDiagnostics profile = diagnose_profile(f, even_steps(f.size(), 1.0), {}, options);
    if (profile.status != DirectionStatus::usable) continue;
    EXPECT_EQ(profile_topology(f, profile, options.loss_error).n_pairs, profile.n_slope_changes - profile.n_valleys);
  }
}

TEST(Topology, CountsWhatIsDeepAndAboveRounding) {
  // Minima 0, which never dies; 1, up to 5; 4.96, up to 5; 3 at the end, up to 10.
  const std::vector<double> f{6, 0, 5, 1, 5, 4.96, 10, 3};
  const ProfileDiagnostics profile = diagnose_profile(f, even_steps(f.size(), 2.0));
  Topology all = profile_topology(f, profile, {});
  EXPECT_EQ(all.range, 10.0);
  EXPECT_NEAR(all.total_persistence, 4.0 + 0.04 + 7.0, 1e-14);
  EXPECT_EQ(all.n_pairs, 3);
  EXPECT_NEAR(*all.mean_gap, (4.0 + 0.04 + 7.0) / 3.0, 1e-14);
  EXPECT_EQ(all.n_basins, 3) << "0.04 is less than 1 % of 10";
  EXPECT_GT(all.rounding, 0.0);
  EXPECT_LT(all.rounding, 1e-12);

  const std::vector<double> shallow{6, 0, 5, 4.92, 10};
  const ProfileDiagnostics of_shallow = diagnose_profile(shallow, even_steps(5, 2.0));
  all = profile_topology(shallow, of_shallow, {});
  EXPECT_EQ(all.n_pairs, 1);
  EXPECT_EQ(all.n_basins, 1);
  const Topology blurred = profile_topology(shallow, of_shallow, {0.0, 0.0, 0.05});
  EXPECT_EQ(blurred.n_pairs, 0);
  EXPECT_FALSE(blurred.mean_gap);
  EXPECT_EQ(blurred.total_persistence, all.total_persistence);
  EXPECT_NEAR(blurred.rounding, 0.1, 1e-15);
}

TEST(Topology, OfWhatIsNotUsableIsUndefinedAndLeftOut) {
  std::vector<ProfileDiagnostics> profiles;
  std::vector<Topology> topologies;
  for (const std::vector<double>& f : {std::vector<double>{1, 1, 1}, {1, kNan, 0}, {3, 0, 1, 0.5, 4}}) {
    profiles.push_back(diagnose_profile(f, even_steps(f.size(), 1.0)));
    topologies.push_back(profile_topology(f, profiles.back(), {}));
  }
  for (int k : {0, 1}) {
    EXPECT_TRUE(std::isnan(topologies[static_cast<std::size_t>(k)].total_persistence));
    EXPECT_EQ(topologies[static_cast<std::size_t>(k)].n_basins, 0);
  }
  const TopologySummary summary = summarise_topology(profiles, topologies, 1.0);
  EXPECT_EQ(summary.persistence.n, 1);
  EXPECT_EQ(*summary.persistence.mean, 0.125);
  EXPECT_FALSE(summary.persistence.interval);
  EXPECT_EQ(*summary.mean_basins, 2.0);
  EXPECT_EQ(*summary.gap.mean, 0.5);
  EXPECT_EQ(*summary.normalised_gap.mean, 0.125);
  EXPECT_FALSE(summary.is_zero());
  const TopologySummary nothing = summarise_topology(std::span(profiles).first(2), std::span(topologies).first(2), 1.0);
  EXPECT_FALSE(nothing.persistence.mean);
  EXPECT_FALSE(nothing.identity_deviation);
  EXPECT_FALSE(nothing.is_zero());
  EXPECT_THROW(summarise_topology(profiles, std::span(topologies).first(1), 1.0), Error);
}

/// Profiles with one more basin of the given depths, a valley 0..1 besides.
std::pair<std::vector<ProfileDiagnostics>, std::vector<Topology>> with_depths(const std::vector<double>& depths) {
  std::pair<std::vector<ProfileDiagnostics>, std::vector<Topology>> made;
  for (const double depth : depths) {
    const std::vector<double> f{1.0, 0.0, 0.9, 0.9 - depth, 1.0};
    made.first.push_back(diagnose_profile(f, even_steps(5, 1.0)));
    made.second.push_back(profile_topology(f, made.first.back(), {}));
  }
  return made;
}

TEST(Topology, LossesAreComparedAlongTheirCommonDirections) {
  std::mt19937 random(3);
  std::vector<double> low, high;
  for (int k = 0; k < 60; ++k) {
    low.push_back(std::uniform_real_distribution<>(0.05, 0.5)(random));
    high.push_back(low.back() + std::uniform_real_distribution<>(0.0, 0.02)(random));
  }
  auto [first_profiles, first] = with_depths(low);
  auto [second_profiles, second] = with_depths(high);
  first_profiles[4] = left_out_profile(DirectionStatus::flat);
  const PersistenceComparison c = compare_persistence(first_profiles, first, second_profiles, second);
  EXPECT_EQ(c.difference.n, 59);
  EXPECT_NEAR(*c.difference.mean, *c.first - *c.second, 1e-15);
  EXPECT_LT(c.difference.interval->upper, 0.0) << "paired, a hundredth is told apart in a spread of a tenth";
  EXPECT_LT(*c.difference.p_value, 0.01);
  const PersistenceComparison same = compare_persistence(first_profiles, first, first_profiles, first);
  EXPECT_EQ(*same.difference.mean, 0.0);
  EXPECT_FALSE(same.difference.p_value) << "no more than rounding can make";
}

TEST(MeanInterval, KnowsItsLimits) {
  EXPECT_FALSE(estimate_mean({}).mean);
  const std::vector<double> few{1, 2, 3, 4};
  EXPECT_EQ(*estimate_mean(few).mean, 2.5);
  EXPECT_FALSE(estimate_mean(few).interval);
  const std::vector<double> equal(7, 0.1), zero(7, 0.0);
  EXPECT_EQ(estimate_mean(equal).interval->lower, 0.1);
  EXPECT_EQ(estimate_mean(equal).interval->upper, 0.1);
  EXPECT_FALSE(estimate_mean(equal).p_value);
  EXPECT_EQ(*estimate_mean(zero).p_value, 1.0);
  std::vector<double> rare(40, 0.0);
  rare[3] = 1.0;
  EXPECT_LT(estimate_mean(rare).interval->lower, 0.0);
  EXPECT_EQ(estimate_positive_mean(rare).interval->lower, 0.0);
  EXPECT_THROW(estimate_mean(std::vector<double>{1, kNan}), Error);
  EXPECT_THROW(estimate_mean(few, {1, 3, 0.95}), UsageError);
}

TEST(MeanInterval, HoldsThePopulationMeanAsOftenAsItSays) {
  constexpr int kSamples = 1000, kDirections = 100;
  struct Family {
    const char* name;
    double mean, least;  // least coverage in percent
    double (*value)(std::mt19937&);
  };
  const Family families[] = {
      {"normal", 0.0, 93.0, [](std::mt19937& r) { return std::normal_distribution<>()(r); }},
      {"exponential", 1.0, 93.0, [](std::mt19937& r) { return std::exponential_distribution<>()(r); }},
      // Half of the profiles have one valley.
      {"half zero", 0.5, 93.0,
       [](std::mt19937& r) { return r() % 2 == 0 ? 0.0 : std::exponential_distribution<>()(r); }},
      {"a tenth not zero", 0.1, 91.0,
       [](std::mt19937& r) { return r() % 10 != 0 ? 0.0 : std::exponential_distribution<>()(r); }}};
  for (const Family& family : families) {
    std::mt19937 random(17);
    int covered = 0, rejected = 0;
    for (int sample = 0; sample < kSamples; ++sample) {
      std::vector<double> values;
      for (int k = 0; k < kDirections; ++k) values.push_back(family.value(random));
      const MeanEstimate estimate = estimate_mean(values, {static_cast<std::uint64_t>(sample), 399, 0.95});
      covered += estimate.interval->lower <= family.mean && family.mean <= estimate.interval->upper ? 1 : 0;
      for (double& x : values) x -= family.mean;
      rejected += *estimate_mean(values, {static_cast<std::uint64_t>(sample), 399, 0.95}).p_value <= 0.05 ? 1 : 0;
    }
    const double percent = 100.0 * covered / kSamples;
    RecordProperty(family.name, std::to_string(percent));
    EXPECT_GE(percent, family.least) << family.name;
    EXPECT_LE(percent, 97.0) << family.name;
    EXPECT_NEAR(rejected, kSamples - covered, 2) << family.name;
  }
}

}  // namespace
}  // namespace landscape
