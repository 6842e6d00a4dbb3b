// Result groups are declared once: places and values have the same names, types and shapes, and every text has room.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/reduction.hpp"
#include "landscape/analysis/roughness_results.hpp"
#include "landscape/analysis/sweep.hpp"
#include "landscape/config/settings.hpp"
#include "landscape/io/landscape_file.hpp"
#include "landscape/io/result_table.hpp"

namespace landscape {
namespace {

struct Sample {
  std::optional<double> mean = 2.0;
  std::optional<TwoSided> interval = TwoSided{1.0, 3.0};
  bool flag = true;
  std::uint64_t seed = 0xffffffffffffffffU;
  std::int64_t count = -4;
  std::string word() const { return "word"; }
};

ResultTable<Sample> sample_table() {
  ResultTable<Sample> table("of a test");
  table.add("mean", "step", "a number", &Sample::mean);
  table.add("interval", "step", "an interval", &Sample::interval);
  table.add("flag", "1", "yes or no", &Sample::flag);
  table.add("seed", "1", "a seed", &Sample::seed);
  table.add("counts", "1", "a table", "(A, B)", {2, 1}, [](const Sample& sample) {
    return std::vector<std::int64_t>{sample.count, 7};
  });
  table.add_text("word", 8, "a text", &Sample::word);
  return table;
}

TEST(ResultTable, TakesValuesFromTheSource) {
  Sample sample;
  const ResultGroup group = sample_table().group("a/b", &sample);
  EXPECT_EQ(group.path, "a/b");
  EXPECT_EQ(group.results[0].value, ResultValue(2.0));
  EXPECT_EQ(group.results[1].value, ResultValue(std::vector<double>{1.0, 3.0}));
  EXPECT_EQ(group.results[1].shape, std::vector<std::int64_t>{2});
  EXPECT_EQ(group.results[2].value, ResultValue(std::int64_t{1}));
  EXPECT_EQ(group.results[3].value, ResultValue(std::uint64_t{0xffffffffffffffffU}));
  EXPECT_EQ(group.results[4].value, ResultValue(std::vector<std::int64_t>{-4, 7}));
  EXPECT_EQ(group.results[4].shape_names, "(A, B)");
  EXPECT_EQ(group.results[5].value, ResultValue(std::string("word")));
  sample.interval.reset();
  const ResultGroup undefined = sample_table().group("a/b", &sample);
  for (const double bound : std::get<std::vector<double>>(undefined.results[1].value)) EXPECT_TRUE(std::isnan(bound));
}

TEST(ResultTable, WithoutASourceAllIsUndefinedButOfTheSameTypes) {
  const Sample sample;
  const ResultGroup places = sample_table().group("a"), values = sample_table().group("a", &sample);
  ASSERT_EQ(places.results.size(), values.results.size());
  for (std::size_t i = 0; i < places.results.size(); ++i) {
    EXPECT_EQ(places.results[i].name, values.results[i].name);
    EXPECT_EQ(places.results[i].value.index(), values.results[i].value.index());
  }
  EXPECT_TRUE(std::isnan(std::get<double>(places.results[0].value)));
  EXPECT_EQ(places.results[4].value, ResultValue(std::vector<std::int64_t>{0, 0}));
  EXPECT_EQ(places.results[5].value, ResultValue(std::string()));
}

RunConfig with_point_sets() {
  RunConfig config = make_run_config({}, "roughness");
  config.quadrature = {QuadratureKind::monte_carlo, 100};
  config.point_sets = 3;
  return config;
}

/// The place of a text in the groups of a job.
std::size_t room_for(const std::vector<ResultGroup>& groups, const std::string& name) {
  for (const ResultGroup& group : groups) {
    for (const Result& result : group.results) {
      if (result.name == name && result.value.index() == ResultValue(std::string()).index()) return result.capacity;
    }
  }
  ADD_FAILURE() << name << " is no text";
  return 0;
}

TEST(RoughnessResults, EveryTextThatCanOccurHasRoom) {
  const std::vector<ResultGroup> groups = roughness_results(with_point_sets());
  const std::string longest_rule =
      to_string(QuadratureRule{QuadratureKind::monte_carlo, std::numeric_limits<std::int64_t>::min()});
  EXPECT_LE(longest_rule.size(), room_for(groups, "quadrature"));
  EXPECT_LE(longest_rule.size(), room_for(groups, "reference_quadrature"));
  for (const IntervalMethod method :
       {IntervalMethod::automatic, IntervalMethod::studentised, IntervalMethod::bca, IntervalMethod::percentile}) {
    EXPECT_LE(to_string(method).size(), std::min(room_for(groups, "lower_method"), room_for(groups, "upper_method")));
  }
  for (const char* word : {"reached", "not reached", "undefined", "not asked"})
    EXPECT_LE(std::string(word).size(), room_for(groups, "outcome"));
  for (const char* word : {"not distinguishable", "galerkin rougher", "not comparable", "within rounding"})
    EXPECT_LE(std::string(word).size(), room_for(groups, "verdict"));
  EXPECT_LE(std::string("difference").size(), room_for(groups, "decided_by"));
}

TEST(RoughnessResults, TheLongestSentenceHasRoom) {
  const std::size_t room = room_for(roughness_results(make_run_config({}, "roughness")), "sentence");
  EXPECT_EQ(room, 1024u);
  const double extreme = -1.23456789e-300;
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (int verdict = 0; verdict < 6; ++verdict) {
    for (const bool paired : {true, false}) {
      for (const bool has_ratio : {true, false}) {
        Comparison c;
        c.first = "Galerkin";
        c.second = "Galerkin";
        c.verdict = static_cast<ComparisonVerdict>(verdict);
        c.paired = paired;
        c.n_directions = c.n_used = c.n_used_second = c.n_excluded_first = c.n_excluded_second = most;
        c.index_first = c.index_second = c.difference = extreme;
        c.difference_interval = TwoSided{extreme, extreme};
        c.p_value = 1.23456789e-300;
        c.confidence = 0.99999;
        c.resolution = 1.23456789e-300;
        if (has_ratio) {
          c.ratio = extreme;
          c.ratio_interval = TwoSided{extreme, extreme};
        }
        EXPECT_LE(2 * describe(c).size(), room) << describe(c);
      }
    }
  }
}

/// Profiles of both losses on -1, 0, 1: |slope| of (a, 1) at the left and right of zero.
void add_wedges(MemoryRows& rows, const RunConfig& config, std::span<const double> left) {
  for (const LossKind loss : config.losses) {
    Minimizer minimizer;
    minimizer.spec = config.network;
    minimizer.loss = loss;
    minimizer.name = to_string(loss);
    minimizer.theta.assign(ParameterLayout(minimizer.spec).size(), 0.0);
    rows.add(minimizer);
    Block block = profile_work(config, loss, config.grid.steps()).block;
    block.rows = static_cast<std::int64_t>(left.size());
    std::vector<double> values;
    for (const double a : left) values.insert(values.end(), {a, 0.0, 1.0});
    rows.add(block, values, 2.5);
  }
}

TEST(Reduction, RowsInMemoryGiveTheIndex) {
  RunConfig config = make_run_config({}, "roughness");
  config.grid = ProfileGrid{-1.0, 1.0, 3, GridRule::even};
  const std::vector<double> left{1.0, 0.5, 0.25, 0.125, 0.75, 0.625};
  MemoryRows rows;
  add_wedges(rows, config, left);
  const Report report = reduce_profiles(rows, config);
  ASSERT_EQ(report.losses.size(), 2u);
  double mean = 0.0, variance = 0.0;
  for (const double a : left) mean += (1.0 + a) / 2.0 / 6.0;  // T = (a + 1) / |I|
  for (const double a : left) variance += ((1.0 + a) / 2.0 - mean) * ((1.0 + a) / 2.0 - mean) / 5.0;
  for (const LossReport& loss : report.losses) {
    EXPECT_EQ(loss.index.n_used, 6);
    EXPECT_NEAR(*loss.index.index, std::sqrt(variance) / mean, 1e-15);
    EXPECT_EQ(loss.evaluation_seconds, 2.5);
  }
  EXPECT_TRUE(report.comparison);
  EXPECT_FALSE(report.stopping);
}

TEST(SweepResults, TheDefinitionOfStableHasRoom) {
  RunConfig config = make_run_config({}, "roughness");
  config.sweep_radius = {0.1, 1.0};
  config.sweep_intervals = {10, 20};
  SweepReport report;
  for (const LossKind loss : config.losses) {
    report.losses.emplace_back().loss = loss;
    report.losses.back().entries.resize(4);
  }
  const std::vector<ResultGroup> places = sweep_results(config), values = sweep_results(config, &report);
  ASSERT_EQ(places.size(), 2u);
  for (const ResultGroup& group : values) {
    for (const Result& result : group.results) {
      if (const auto* text = std::get_if<std::string>(&result.value)) {
        EXPECT_LE(text->size(), result.capacity) << result.name;
      }
    }
  }
  EXPECT_EQ(room_for(places, "stability"), 256u);
}

}  // namespace
}  // namespace landscape
