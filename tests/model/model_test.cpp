// Network specifications, parameter layouts, grids, partitions and directions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/profile/direction_set.hpp"
#include "landscape/profile/profile_grid.hpp"
#include "landscape/profile/work_partition.hpp"
#include "landscape/quadrature/quadrature.hpp"
#include "published.hpp"

namespace landscape {
namespace {

TEST(ParameterLayout, NamesAndShapesAreThoseOfThePublishedStateDicts) {
  const ParameterLayout layout(NetworkSpec{NetworkKind::resnet, Activation::swish, 3, 8, 2});
  const auto& t = layout.tensors();
  ASSERT_EQ(t.size(), 12u);
  EXPECT_EQ(t[0].name, "layer_in.weight");
  EXPECT_EQ(t[0].rows, 8);
  EXPECT_EQ(t[0].columns, 3);
  EXPECT_EQ(t[9].name, "layer4.bias");
  EXPECT_EQ(t[10].name, "layer_out.weight");
  EXPECT_EQ(t[11].offset + 1, layout.size());
  EXPECT_EQ(layout.size(), static_cast<std::size_t>(math::parameter_count(math::DynamicShape{3, 8, 2, true})));
  EXPECT_EQ(ParameterLayout(NetworkSpec{NetworkKind::linear, Activation::swish, 1, 0, 0}).size(), 2u);
}

TEST(ParameterLayout, AnMlpsTensorsHaveTheWidthsOfItsLayers) {
  const NetworkSpec spec{NetworkKind::mlp, Activation::tanh, 3, 0, 0, {5, 2, 7}};
  const auto tensors = ParameterLayout(spec).tensors();
  std::vector<std::string> names;
  for (const TensorInfo& t : tensors) names.push_back(t.name);
  EXPECT_EQ(names, (std::vector<std::string>{"layer_in.weight", "layer_in.bias", "layer1.weight", "layer1.bias",
                                             "layer2.weight", "layer2.bias", "layer_out.weight", "layer_out.bias"}));
  EXPECT_EQ(tensors[0].shape(), (std::vector<std::int64_t>{5, 3}));
  EXPECT_EQ(tensors[2].shape(), (std::vector<std::int64_t>{2, 5}));
  EXPECT_EQ(tensors[4].shape(), (std::vector<std::int64_t>{7, 2}));
  EXPECT_EQ(tensors[6].shape(), (std::vector<std::int64_t>{1, 7}));
  EXPECT_EQ(ParameterLayout(spec).size(), 20u + 12 + 21 + 8);
}

TEST(ParameterEmbedding, UnequalLayersAreSpreadAmongZerosAndGatheredAgain) {
  const NetworkSpec spec{NetworkKind::mlp, Activation::tanh, 1, 0, 0, {1, 2}};
  const ParameterEmbedding embedding(spec);
  EXPECT_EQ(embedding.size(), static_cast<std::size_t>(math::parameter_count(spec.shape())));
  const std::vector<double> theta{1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<double> row = embedding.spread_copy(std::span<const double>(theta));
  // layer_in (2, 1) and bias, layer1 (2, 2) and bias, layer_out (1, 2) and bias
  EXPECT_EQ(row, (std::vector<double>{1, 0, 2, 0, 3, 0, 4, 0, 5, 6, 7, 8, 9}));
  embedding.gather(std::span(row));
  row.resize(theta.size());
  EXPECT_EQ(row, theta);
  for (const NetworkSpec& even : {NetworkSpec{}, NetworkSpec{NetworkKind::mlp, Activation::tanh, 2, 0, 0, {3, 3, 3}}}) {
    EXPECT_TRUE(ParameterEmbedding(even).is_identity()) << even.describe();
    EXPECT_EQ(ParameterEmbedding(even).size(), static_cast<std::size_t>(math::parameter_count(even.shape())));
  }
}

TEST(Numbers, WholeNumbersHoweverTheyAreWritten) {
  const std::vector<std::pair<const char*, std::int64_t>> whole{
      {"0", 0},      {"+7", 7},       {"007", 7},    {"-3", -3},
      {"1e3", 1000}, {"1E+3", 1000},  {"2.5e1", 25}, {"2.50e1", 25},
      {"100e-2", 1}, {"-1.2e1", -12}, {"0e9", 0},    {"9e18", 9'000'000'000'000'000'000}};
  for (const auto& [text, value] : whole)
    EXPECT_EQ((parse_whole<std::int64_t>(text, "--n", -100, std::numeric_limits<std::int64_t>::max())), value) << text;
  EXPECT_EQ(
      (parse_whole<std::uint64_t>("18446744073709551615", "--seed", 0, std::numeric_limits<std::uint64_t>::max())),
      std::numeric_limits<std::uint64_t>::max());
  const auto refusal = [](const char* text) -> std::string {
    try {
      parse_whole<int>(text, "--n", 1, 500);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  for (const char* text :
       {"", "x", "1.5e0", "1e-1", "1e", "e3", "1..0", "--1", "+-1", "1 ", " 1", "0x10", "nan", "1e1x", "1."})
    EXPECT_EQ(refusal(text), std::string("--n '") + text + "' is not a whole number: give one from 1 to 500.");
  for (const char* text : {"501", "1e3", "1e30", "1e999999999", "99999999999999999999999"})
    EXPECT_EQ(refusal(text), std::string("--n '") + text + "' is too large: give a whole number from 1 to 500.");
  for (const char* text : {"0", "-1", "-1e30"})
    EXPECT_EQ(refusal(text), std::string("--n '") + text + "' is too small: give a whole number from 1 to 500.");
}

TEST(Numbers, RealNumbersHaveSignsAndRanges) {
  EXPECT_EQ(parse_real("+0.9", "--x"), 0.9);
  EXPECT_EQ(parse_real("-.5", "--x"), -0.5);
  for (const char* text : {"", "+", "+-1", "inf", "nan", "1,5", "0.9x"})
    EXPECT_THROW(parse_real(text, "--x"), UsageError);
  EXPECT_EQ(parse_grid("+0.5:+1e0:1e1").num, 10);
  EXPECT_EQ(parse_quadrature("gauss:1e2").n, 100);
  EXPECT_EQ(real_text(-std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(NetworkSpec, ImpossibleSizesAreRefusedByOption) {
  for (const NetworkSpec& bad :
       {NetworkSpec{NetworkKind::resnet, Activation::swish, 0, 4, 1},
        NetworkSpec{NetworkKind::resnet, Activation::swish, 1, -1, 1},
        NetworkSpec{NetworkKind::fcnet, Activation::swish, 1, 4, 0},
        NetworkSpec{NetworkKind::fcnet, Activation::swish, 1, 4096, 100},
        NetworkSpec{NetworkKind::fcnet, Activation::swish, 1, 4, 1, {4, 4}},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 0, 0, {}},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 4, 0, {4}},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 0, 0, {4, -1}},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 0, 0, std::vector<int>(201, 1)},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 0, 0, {4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096}}}) {
    EXPECT_THROW(bad.validate(), UsageError) << bad.describe();
  }
  EXPECT_THROW(parse_network_kind("transformer"), UsageError);
}

TEST(NetworkSpec, AKindWithoutKernelsIsRefusedWhereItsShapeIsAskedFor) {
  const NetworkSpec unknown{static_cast<NetworkKind>(7), Activation::swish, 2, 4, 1};
  EXPECT_THROW(unknown.shape(), Error);
  EXPECT_TRUE(NetworkSpec{}.shape().skip());
  EXPECT_FALSE((NetworkSpec{NetworkKind::fcnet, Activation::swish, 2, 4, 1}.shape().skip()));
  EXPECT_TRUE((NetworkSpec{NetworkKind::mlp, Activation::swish, 2, 0, 0, {4}}.shape().ends_half()));
}

TEST(Activation, WordsReadBackAndAreListed) {
  for (const auto& [activation, word] : kActivations) {
    EXPECT_EQ(to_string(activation), word);
    EXPECT_EQ(parse_activation(word), activation);
    EXPECT_NE(activation_names().find(word), std::string::npos);
    math::with_activation(activation, [&](auto known) { EXPECT_EQ(decltype(known)::value, activation); });
  }
  EXPECT_EQ(activation_names(), "swish, tanh, sin or softplus");
  EXPECT_THROW(parse_activation("relu"), UsageError);
}

TEST(ProfileGrid, EvenGridHasBothEndsAndZero) {
  const auto s = parse_grid("-0.3:0.3:21").steps();
  ASSERT_EQ(s.size(), 21u);
  EXPECT_EQ(s.front(), -0.3);
  EXPECT_EQ(s[10], 0.0);
  EXPECT_EQ(s.back(), 0.3);
  for (std::size_t j = 0; j < s.size(); ++j) EXPECT_EQ(s[j], -s[20 - j]);
}

TEST(ProfileGrid, ArangeGainsAPointWhereThePublishedCodeDid) {
  ProfileGrid grid = parse_grid("-0.02:0.02:101");
  grid.rule = GridRule::arange;
  const auto s = grid.steps();
  EXPECT_EQ(s.size(), 102u);
  EXPECT_NEAR(s.back(), 0.0204, 1e-15);
}

TEST(ProfileGrid, LengthIsThatOfItsSteps) {
  for (const double l : {0.00025, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0}) {
    for (const int m : {5, 10, 20, 100}) {
      for (const GridRule rule : {GridRule::even, GridRule::arange}) {
        const ProfileGrid grid{-l, l, m + 1, rule};
        const std::vector<double> s = grid.steps();
        EXPECT_EQ(grid.length(), s.back() - s.front()) << l << " " << m;
        EXPECT_NEAR(grid.length(), 2 * l * static_cast<double>(s.size() - 1) / m, 1e-13 * l) << l << " " << m;
      }
    }
  }
}

TEST(ProfileGrid, MonotoneProfilesHaveThePublishedT) {
  LANDSCAPE_NEEDS_PUBLISHED("published_roughness_more.json");
  // |I| T >= 1: no printed T lies below 1/|I|, and where several are equal and smallest, those are monotone profiles.
  int n_gained = 0, n_monotone = 0;
  for (const char* file : {"published_roughness.json", "published_roughness_more.json"}) {
    for (const auto& run : reference::read_published(file)) {
      const double l = run["radius"].get<double>();
      const int m = run["intervals"].get<int>();
      const ProfileGrid grid{-l, l, m + 1, GridRule::arange};
      const auto t = run["normalized_total_variation"].get<std::vector<double>>();
      const double least = *std::min_element(t.begin(), t.end()), bound = 1.0 / grid.length();
      const bool gained = grid.steps().size() == static_cast<std::size_t>(m) + 2;
      n_gained += gained ? 1 : 0;
      EXPECT_GE(least, bound * (1.0 - 1e-12)) << l << " " << m;
      // The Ritz runs hold monotone profiles, except at l = 0.05 and 0.3.
      if (run["loss"] != "ritz" || !(gained || l == 0.001)) continue;
      EXPECT_NEAR(least, bound, 1e-12 * bound) << l << " " << m;
      ++n_monotone;
    }
  }
  EXPECT_EQ(n_gained, 6);
  EXPECT_EQ(n_monotone, 4);
}

TEST(ProfileGrid, ImpossibleGridsAreRefused) {
  for (const char* bad :
       {"", "1", "-1:1", "1:-1:0", "1:-1:5", "0:0:5", "-1:1:1", "-1:1:-5", "-1:1:2.5", "a:b:c", "-1:1:5:7", "nan:1:5",
        "-inf:inf:5", "-1:1:99999999", "1:1.0000000000000004:100", "-1e308:1e308:5"}) {
    EXPECT_THROW(parse_grid(bad), UsageError) << bad;
  }
  EXPECT_EQ(parse_grid(to_string(parse_grid("-0.00025:0.00025:101"))), parse_grid("-0.00025:0.00025:101"));
}

TEST(WorkPartition, RangesAreContiguousCompleteAndEven) {
  for (const std::int64_t n : {0, 1, 5, 100, 101, 2100}) {
    for (const int ranks : {1, 2, 3, 7, 16, 200}) {
      const WorkPartition partition(n, ranks);
      std::int64_t at = 0;
      for (int r = 0; r < ranks; ++r) {
        const WorkRange range = partition.of(r);
        EXPECT_EQ(range.begin, at);
        EXPECT_TRUE(range.size() == n / ranks || range.size() == n / ranks + 1);
        at = range.end;
      }
      EXPECT_EQ(at, n);
    }
  }
}

class Directions : public ::testing::Test {
 protected:
  Directions() {
    for (std::size_t i = 0; i < theta_.size(); ++i) theta_[i] = philox(i);
  }
  static double philox(std::size_t i) { return std::sin(1.0 + 3.7 * static_cast<double>(i)); }
  std::vector<double> direction(DirectionNorm norm, BiasMode bias, std::int64_t k = 2, std::uint64_t seed = 9) const {
    std::vector<double> d(theta_.size());
    DirectionSet(spec_, theta_, seed, norm, bias).generate(k, d);
    return d;
  }
  static double norm_of(const std::vector<double>& v, std::size_t begin, std::size_t n) {
    double sum = 0.0;
    for (std::size_t i = begin; i < begin + n; ++i) sum += v[i] * v[i];
    return std::sqrt(sum);
  }
  NetworkSpec spec_{NetworkKind::resnet, Activation::swish, 3, 5, 1};
  ParameterLayout layout_{spec_};
  std::vector<double> theta_ = std::vector<double>(layout_.size());
};

TEST_F(Directions, EveryNormScalesAsDefined) {
  const auto filter = direction(DirectionNorm::filter, BiasMode::random);
  const auto layer = direction(DirectionNorm::layer, BiasMode::random);
  const auto dfilter = direction(DirectionNorm::dfilter, BiasMode::random);
  const auto dlayer = direction(DirectionNorm::dlayer, BiasMode::random);
  const auto weight = direction(DirectionNorm::weight, BiasMode::random);
  const auto none = direction(DirectionNorm::none, BiasMode::random);
  for (const TensorInfo& t : layout_.tensors()) {
    if (t.is_bias) {
      for (const auto* d : {&filter, &layer, &dfilter, &dlayer, &weight, &none}) {
        EXPECT_NEAR(norm_of(*d, t.offset, t.size()), norm_of(theta_, t.offset, t.size()), 1e-8);
      }
      continue;
    }
    EXPECT_NEAR(norm_of(layer, t.offset, t.size()), norm_of(theta_, t.offset, t.size()), 1e-8);
    EXPECT_NEAR(norm_of(dlayer, t.offset, t.size()), 1.0, 1e-8);
    const auto columns = static_cast<std::size_t>(t.columns);
    for (std::size_t row = t.offset; row < t.offset + t.size(); row += columns) {
      EXPECT_NEAR(norm_of(filter, row, columns), norm_of(theta_, row, columns), 1e-8);
      EXPECT_NEAR(norm_of(dfilter, row, columns), 1.0, 1e-8);
    }
    for (std::size_t i = t.offset; i < t.offset + t.size(); ++i) EXPECT_EQ(weight[i], none[i] * theta_[i]);
  }
}

TEST_F(Directions, RowsHaveTheWeightsLengthHoweverShortTheyWereDrawn) {
  // One weight: the direction is +w or -w, whatever number was drawn.
  const NetworkSpec linear{NetworkKind::linear, Activation::swish, 1, 0, 0};
  const std::vector<double> theta{-2.0, -1.0};
  std::vector<double> d(2);
  for (const DirectionNorm norm : {DirectionNorm::filter, DirectionNorm::layer}) {
    const DirectionSet set(linear, theta, 1, norm, BiasMode::random);
    for (std::int64_t k = 0; k < 1000; ++k) {
      set.generate(k, d);
      EXPECT_NEAR(std::fabs(d[0]), 2.0, 1e-15) << k;
      EXPECT_NEAR(std::fabs(d[1]), 1.0, 1e-15) << k;
    }
  }
}

TEST_F(Directions, RowsOfNoLengthStayFinite) {
  theta_.assign(theta_.size(), 0.0);
  for (const double x : direction(DirectionNorm::filter, BiasMode::random)) EXPECT_EQ(x, 0.0);
  for (const double x : direction(DirectionNorm::dfilter, BiasMode::random)) EXPECT_TRUE(std::isfinite(x));
}

TEST_F(Directions, BiasModesDoWhatTheySay) {
  const auto zero = direction(DirectionNorm::filter, BiasMode::zero);
  const auto copy = direction(DirectionNorm::filter, BiasMode::copy);
  for (const TensorInfo& t : layout_.tensors()) {
    for (std::size_t i = t.offset; i < t.offset + t.size(); ++i) {
      if (t.is_bias) {
        EXPECT_EQ(zero[i], 0.0);
        EXPECT_EQ(copy[i], theta_[i]);
      } else {
        EXPECT_EQ(zero[i], copy[i]);
      }
    }
  }
}

TEST_F(Directions, AreNormalInAllParametersWhereNothingIsScaled) {
  std::vector<double> normal(theta_.size());
  DirectionSet(spec_, theta_, 9, DirectionNorm::none, BiasMode::gaussian).draw(2, normal);
  EXPECT_EQ(direction(DirectionNorm::none, BiasMode::gaussian), normal);
  const auto filter = direction(DirectionNorm::filter, BiasMode::gaussian);
  for (const TensorInfo& t : layout_.tensors()) {
    for (std::size_t i = t.offset; t.is_bias && i < t.offset + t.size(); ++i) EXPECT_EQ(filter[i], normal[i]);
  }
}

TEST_F(Directions, ArePureFunctionsOfSeedAndIndex) {
  const DirectionSet set(spec_, theta_, 9, DirectionNorm::filter, BiasMode::random);
  std::vector<double> a(theta_.size()), b(theta_.size());
  set.generate(1'000'000, a);
  set.generate(0, b);
  set.generate(1'000'000, b);
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(double)), 0);
  EXPECT_NE(direction(DirectionNorm::none, BiasMode::random, 1), direction(DirectionNorm::none, BiasMode::random, 2));
  EXPECT_NE(direction(DirectionNorm::none, BiasMode::random, 1, 1),
            direction(DirectionNorm::none, BiasMode::random, 1, 2));
}

TEST_F(Directions, GivenRowsAreUsedAsTheyAre) {
  std::vector<double> rows(2 * theta_.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<double>(i);
  const DirectionSet set(spec_, theta_, rows);
  std::vector<double> d(theta_.size());
  set.generate(1, d);
  EXPECT_EQ(d[0], static_cast<double>(theta_.size()));
  EXPECT_THROW(set.generate(2, d), Error);
  rows.pop_back();
  EXPECT_THROW(DirectionSet(spec_, theta_, rows), UsageError);
}

}  // namespace
}  // namespace landscape
