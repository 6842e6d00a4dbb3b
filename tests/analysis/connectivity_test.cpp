// Paths between networks that are known to be one function, and between those of a convex problem.
#include "landscape/analysis/connectivity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "landscape/analysis/commands.hpp"
#include "landscape/config/settings.hpp"
#include "landscape/model/unit_matching.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/roughness/barrier.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

RunConfig config_with(std::map<std::string, std::string> options) {
  OptionTexts texts;
  for (const auto& [name, value] : options) texts.emplace(name, OptionText{value, ""});
  return make_run_config(texts, "connectivity");
}

struct Tools {
  std::string device = "cpu";
  std::function<bool(double)> go_on = [](double) { return true; };
  WholeBlocks blocks{};
  operator RowTools() const { return {device, 1, 0, go_on, blocks}; }  // NOLINT(google-explicit-constructor)
};

double barrier_of(const RunConfig& config, const PathEnds& ends) {
  const Tools tools;
  std::vector<double> losses(static_cast<std::size_t>(config.connectivity.t_points));
  make_path_row(tools, config, ends, losses);
  return path_barrier(path_points(config), losses).height;
}

// Every group of hidden units in reverse order.
std::vector<double> reversed_units(const NetworkSpec& spec, std::vector<double> theta) {
  for (const UnitGroup& group : unit_groups(spec)) {
    std::vector<std::size_t> from(group.n_units);
    std::iota(from.rbegin(), from.rend(), std::size_t{0});
    permute_units(ParameterLayout(spec), group, from, std::vector<double>(group.n_units, 1.0), theta);
  }
  return theta;
}

TEST(Connectivity, BetweenANetworkAndItsPermutedSelfMatchingLeavesNoBarrier) {
  for (const std::string network : {"resnet", "fcnet", "mlp"}) {
    for (const std::string loss : {"ritz", "galerkin"}) {
      const RunConfig config = config_with({{"network", network}, {"losses", loss}, {"t-points", "21"}});
      const std::vector<double> theta = initial_parameters(config.network, Initialisation::pytorch, 7);
      const std::vector<double> other = reversed_units(config.network, theta);
      std::vector<double> matched(theta.size());
      make_matched_row(config, {theta, other, {}}, matched);
      EXPECT_GT(barrier_of(config, {theta, other, {}}), 1e-3) << network << " " << loss;
      EXPECT_LE(barrier_of(config, {theta, matched, {}}), 1e-12) << network << " " << loss;
    }
  }
}

TEST(Connectivity, OfTheConvexLinearModelHasNoBarrier) {
  for (const std::string loss : {"ritz", "galerkin"}) {
    const RunConfig config = config_with({{"network", "linear"}, {"problem", "cubic"}, {"losses", loss}});
    const std::vector<double> a{-3.0, 2.0}, b{1.0, -4.0};
    EXPECT_EQ(barrier_of(config, {a, b, {}}), 0.0) << loss;
    std::vector<double> row(a.size() + static_cast<std::size_t>(kCurveQuantities));
    const Tools tools;
    make_curve_row(tools, config, {a, b, {}}, row);
    const std::span<const double> control = std::span<const double>(row).first(2);
    EXPECT_LE(barrier_of(config, {a, b, control}), 1e-12) << "the lowest curve of a valley is lower than the line";
    EXPECT_LT(row[2], 1e3);
  }
}

TEST(Connectivity, PathsOfWhatIsNotThereAreUndefined) {
  const RunConfig config = config_with({{"losses", "ritz"}, {"t-points", "5"}});
  const std::vector<double> there = initial_parameters(config.network, Initialisation::xavier, 1);
  const std::vector<double> none(there.size(), std::nan(""));
  const Tools tools;
  std::vector<double> losses(5), matched(there.size()), curve(there.size() + 4);
  make_path_row(tools, config, {there, none, {}}, losses);
  make_matched_row(config, {none, there, {}}, matched);
  make_curve_row(tools, config, {there, none, {}}, curve);
  for (const auto& row : {losses, matched, curve})
    EXPECT_TRUE(std::ranges::all_of(row, [](double x) { return std::isnan(x); }));
}

TEST(Connectivity, FewerPairsThanAllHaveEachMinimizerAboutAsOften) {
  for (const std::int64_t k : {2, 3, 6, 7}) {
    for (std::int64_t most = 1; most <= k * (k - 1) / 2; ++most) {
      RunConfig config = config_with({});
      config.connectivity.seeds = k;
      config.connectivity.pairs = most;
      const std::vector<MinimizerPair> pairs = minimizer_pairs(config);
      ASSERT_EQ(pairs.size(), static_cast<std::size_t>(most));
      std::set<std::pair<std::size_t, std::size_t>> distinct;
      std::vector<int> times(static_cast<std::size_t>(k));
      for (const MinimizerPair& pair : pairs) {
        EXPECT_LT(pair.first, pair.second);
        distinct.emplace(pair.first, pair.second);
        ++times[pair.first];
        ++times[pair.second];
      }
      EXPECT_EQ(distinct.size(), pairs.size());
      EXPECT_LE(std::ranges::max(times) - std::ranges::min(times), 2) << k << " minimizers, " << most << " pairs";
    }
  }
}

TEST(DrawingStages, FollowWhatIsNeededAndEndWhereWorksNeedEachOther) {
  const LoneRowMaker make = [](const RowTools&, std::int64_t, std::span<double>) {};
  std::vector<Work> work(4);
  const auto name = [&](std::size_t i, const char* group, std::vector<std::string> needs) {
    work[i].block.group = group;
    work[i].needs = std::move(needs);
    if (i > 0) work[i].make_row = make;
  };
  name(0, "lines", {});
  name(1, "curves", {"trainings", "lines"});
  name(2, "trainings", {});
  name(3, "paths", {"curves", "trainings"});
  EXPECT_EQ(drawing_stages(work), (std::vector<std::vector<std::size_t>>{{2}, {1}, {3}}));
  name(2, "trainings", {"paths"});
  EXPECT_THROW(drawing_stages(work), Error);
}

TEST(PathBarrier, IsTheHighestRiseAboveTheLineBetweenTheEnds) {
  const std::vector<double> t{0.0, 0.25, 0.5, 1.0};
  const PathBarrier found = path_barrier(t, std::vector<double>{-4.0, -2.0, -1.5, 0.0});
  EXPECT_DOUBLE_EQ(found.height, 1.0);
  EXPECT_DOUBLE_EQ(found.at, 0.25);
  const PathBarrier none = path_barrier(t, std::vector<double>{1.0, 0.5, 0.0, 1.0});
  EXPECT_EQ(none.height, 0.0);
  EXPECT_EQ(none.at, 0.0);
  EXPECT_TRUE(std::isnan(path_barrier(t, std::vector<double>{1.0, INFINITY, 0.0, 1.0}).height));
  EXPECT_THROW(path_barrier(t, std::vector<double>{1.0, 2.0}), Error);
  EXPECT_THROW(path_barrier(std::vector<double>{0.0, 0.5}, std::vector<double>{1.0, 2.0}), Error);
}

}  // namespace
}  // namespace landscape
