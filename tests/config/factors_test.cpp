// Lists of values, and the settings of their combinations.
#include "landscape/config/factors.hpp"

#include <gtest/gtest.h>

#include "landscape/config/settings.hpp"

namespace landscape {
namespace {

RunConfig study(const std::string& vary, OptionTexts more = {}) {
  more["vary"] = {vary, ""};
  return make_run_config(more, "study");
}

std::vector<std::string> values(const std::string& vary) { return expanded_factors(study(vary)).at(0).values; }

std::string complaint(const std::string& vary) {
  try {
    const RunConfig config = study(vary);
    const auto factors = expanded_factors(config);
    for (std::int64_t row = 0; row < count_combinations(factors); ++row)
      config_of_combination(config, factors, row, LossKind::ritz);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Factors, ListsRangesAndValuesWithCommas) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(values("width=2,4,8"), (Words{"2", "4", "8"}));
  EXPECT_EQ(values("width=2:4,8:12:2"), (Words{"2", "3", "4", "8", "10", "12"}));
  EXPECT_EQ(values("train-seed=7"), Words{"7"});
  EXPECT_EQ(values("layers=8,16|4"), (Words{"8,16", "4"}));
  EXPECT_EQ(values("grid=0:1:21,-1:1:11"), (Words{"0:1:21", "-1:1:11"}));  // grids, no ranges
  EXPECT_EQ(values("quadrature=simpson:10,gauss:8"), (Words{"simpson:10", "gauss:8"}));
}

TEST(Factors, AParameterOfTheProblemGoesWhereTheProblemLacksIt) {
  const RunConfig config = study("problem=helmholtz,sine",
                                 {{"problem", {"helmholtz", ""}}, {"wavenumber", {"5", ""}}, {"frequency", {"2", ""}}});
  const auto factors = expanded_factors(config);
  EXPECT_EQ(config_of_combination(config, factors, 0, LossKind::ritz).problem,
            Problem("helmholtz", {}, {.frequency = 2.0, .wavenumber = 5.0}));
  EXPECT_EQ(config_of_combination(config, factors, 1, LossKind::ritz).problem, Problem("sine", {}, {.frequency = 2.0}));
  EXPECT_EQ(values("frequency=1:3"), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(complaint("wavenumber=1,2").substr(0, 54), "--vary: wavenumber=1 cannot be: --problem sine has no ");
  EXPECT_NE(complaint("problem=sine,convection").find("no Ritz loss"), std::string::npos);
}

TEST(Factors, TheLastOneChangesFastest) {
  const RunConfig config = study("width=2,4;train-seed=1:3");
  const auto factors = expanded_factors(config);
  ASSERT_EQ(count_combinations(factors), 6);
  EXPECT_FALSE(factors[0].is_seed());
  EXPECT_TRUE(factors[1].is_seed());
  const RunConfig fifth = config_of_combination(config, factors, 4, LossKind::galerkin);
  EXPECT_EQ(fifth.command, "roughness");
  EXPECT_EQ(fifth.network.width, 4);
  EXPECT_EQ(fifth.training.seed, 2u);
  EXPECT_EQ(fifth.seed, 1u);
  EXPECT_EQ(fifth.losses, std::vector<LossKind>{LossKind::galerkin});
}

TEST(Factors, OptionsChangeTogetherAndWhatNoLongerFitsGoes) {
  const RunConfig config =
      study("quadrature+train-quadrature=simpson:7,gauss:9 network=mlp,resnet", {{"width", {"5", ""}}});
  const auto factors = expanded_factors(config);
  const RunConfig mlp = config_of_combination(config, factors, 2, LossKind::ritz);
  EXPECT_EQ(to_string(mlp.quadrature), "gauss:9");
  EXPECT_EQ(to_string(mlp.training.quadrature), "gauss:9");
  EXPECT_EQ(mlp.network.layers, (std::vector<int>{16, 16}));
  EXPECT_EQ(config_of_combination(config, factors, 3, LossKind::ritz).network.width, 5);
}

TEST(Factors, AStudysTextIsReadBackToTheSameCombinations) {
  const RunConfig config = study("layers=3|4,4 train-seed=1:2", {{"network", {"mlp", ""}}, {"seed", {"9", ""}}});
  const RunConfig again = parse_resolved_text(resolved_text(config), "study");
  EXPECT_EQ(again.study.vary, config.study.vary);
  const auto factors = expanded_factors(again);
  for (std::int64_t row = 0; row < 4; ++row) {
    EXPECT_EQ(resolved_text(config_of_combination(again, factors, row, LossKind::ritz)),
              resolved_text(config_of_combination(config, factors, row, LossKind::ritz)));
  }
}

TEST(Factors, WhatCannotBeIsSaidWithItsCombination) {
  EXPECT_EQ(complaint("width=2,4 train-seed=1:3"), "");
  EXPECT_NE(complaint("width=0:2").find("--vary: width=0 cannot be"), std::string::npos);
  EXPECT_NE(complaint("width=2 widht=3").find("'widht' is unknown"), std::string::npos);
  EXPECT_NE(complaint("width=1:9:0").find("1:9:0"), std::string::npos);
  EXPECT_NE(complaint("width=1:99999999999999999999").find("--vary"), std::string::npos);
  EXPECT_NE(complaint("epochs=1:2000000").find("more than 100000"), std::string::npos);
  EXPECT_NE(complaint("output=a,b").find("cannot be varied"), std::string::npos);
  EXPECT_NE(complaint("width=,2").find("width"), std::string::npos);
  EXPECT_NE(complaint("=2").find("no list of values"), std::string::npos);
}

}  // namespace
}  // namespace landscape
