// A short form of coverage_simulation.cpp with a fixed seed: the interval of RI contains the population's index in
// 92-97 % of 1000 samples of 100 directions (within one standard error of the simulation, 0.5-0.9 %), and the paired
// test rejects equal indices in 3-7 %.
#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

#include "landscape/roughness/comparison.hpp"
#include "populations.hpp"

namespace {

using namespace landscape;
using populations::Population;

constexpr int kSamples = 1000, kDirections = 100;
constexpr std::uint64_t kSeed = 20;

BootstrapOptions options(int sample) {
  return {1000 + static_cast<std::uint64_t>(sample), 399, 0.95, IntervalMethod::automatic};
}

std::string test_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  }
  return name;
}

class IntervalCoverage : public testing::TestWithParam<Population> {};

TEST_P(IntervalCoverage, IsNominal) {
  int covered = 0;
  for (int r = 0; r < kSamples; ++r) {
    std::vector<double> t;
    for (std::uint64_t k = 0; k < kDirections; ++k) {
      t.push_back(GetParam().value(populations::scores(kSeed, static_cast<std::uint64_t>(r), k, 0.0).first));
    }
    const auto interval = index_interval(t, options(r));
    ASSERT_TRUE(interval);
    covered += interval->lower <= GetParam().index && GetParam().index <= interval->upper ? 1 : 0;
  }
  const double percent = 100.0 * covered / kSamples;
  RecordProperty("coverage", std::to_string(percent));
  EXPECT_GE(percent, 92.0) << GetParam().name;
  EXPECT_LE(percent, 97.5) << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(Families, IntervalCoverage,
                         testing::Values(populations::normal(0.1), populations::valley(0.02), populations::valley(0.2),
                                         populations::two_point(0.5), populations::two_point(0.2),
                                         populations::lognormal(0.3), populations::bound_and_even(0.3)),
                         [](const auto& family) { return test_name(family.param.name); });

class PairedTest : public testing::TestWithParam<double> {};

TEST_P(PairedTest, RejectsEqualIndicesAtItsLevel) {
  const Population a = populations::valley(0.2), b = populations::lognormal_of_index(a.index);
  int rejected = 0;
  for (int r = 0; r < kSamples; ++r) {
    std::vector<double> ta, tb;
    for (std::uint64_t k = 0; k < kDirections; ++k) {
      const auto z = populations::scores(kSeed + 1, static_cast<std::uint64_t>(r), k, GetParam());
      ta.push_back(a.value(z.first));
      tb.push_back(b.value(z.second));
    }
    const Comparison c = compare_indices({"A", ta, {}}, {"B", tb, {}}, options(r));
    rejected += c.verdict != ComparisonVerdict::not_distinguishable ? 1 : 0;
  }
  const double percent = 100.0 * rejected / kSamples;
  RecordProperty("rejected", std::to_string(percent));
  EXPECT_GE(percent, 3.0);
  EXPECT_LE(percent, 7.0);
}

INSTANTIATE_TEST_SUITE_P(Dependence, PairedTest, testing::Values(0.0, 0.8));

}  // namespace
