// What the rule of --until-ci is worth: it stops where the interval is short, now and then by chance, so the coverage
// of the interval that it stops on is measured here and not taken for nominal.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

#include "landscape/roughness/convergence.hpp"
#include "landscape/roughness/index.hpp"
#include "populations.hpp"

namespace {

using namespace landscape;

constexpr int kSamples = 500;
constexpr double kBound = 0.15;
constexpr std::int64_t kMost = 2000;

struct Stopped {
  double coverage = 0.0, mean_directions = 0.0;
  int n_not_reached = 0;
};

Stopped run_rule(const populations::Population& population, std::int64_t first, std::uint64_t seed) {
  Stopped result;
  for (int r = 0; r < kSamples; ++r) {
    std::vector<double> t;
    const auto draw_up_to = [&](std::int64_t n) {
      for (auto k = static_cast<std::uint64_t>(t.size()); k < static_cast<std::uint64_t>(n); ++k)
        t.push_back(population.value(populations::scores(seed, static_cast<std::uint64_t>(r), k, 0.0).first));
    };
    std::int64_t n = first;
    IndexWidth width;
    while (true) {
      draw_up_to(n);
      const BootstrapOptions options{1000 + static_cast<std::uint64_t>(r), 399, 0.95, IntervalMethod::automatic};
      width = {roughness_index(t).index, index_interval(t, options), 0.0, n, n};
      if (judge_widths(std::vector{width}, kBound) != WidthVerdict::wanting || n >= kMost) break;
      n = next_count(n, kMost);
    }
    if (n >= kMost) ++result.n_not_reached;
    const bool covers = width.interval->lower <= population.index && population.index <= width.interval->upper;
    result.coverage += (covers ? 1.0 : 0.0) / kSamples;
    result.mean_directions += static_cast<double>(n) / kSamples;
  }
  return result;
}

struct Case {
  populations::Population population;
  double least, most;  // of the coverage, at either first number of directions
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.population.name; }

class StoppingCoverage : public testing::TestWithParam<Case> {};

TEST_P(StoppingCoverage, IsAsStated) {
  const auto& [population, least, most] = GetParam();
  for (const std::int64_t first : {20, 100}) {
    const Stopped stopped = run_rule(population, first, 31);
    fmt::print("{}, from {}: coverage {:.1f} % with {:.0f} directions on average\n", population.name, first,
               100.0 * stopped.coverage, stopped.mean_directions);
    EXPECT_GE(stopped.coverage, least);
    EXPECT_LE(stopped.coverage, most);
    EXPECT_EQ(stopped.n_not_reached, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Populations, StoppingCoverage,
    testing::Values(Case{populations::normal(0.1), 0.92, 0.97}, Case{populations::valley(0.1), 0.92, 0.97},
                    Case{populations::valley(0.5), 0.92, 0.98}, Case{populations::two_point(0.3), 0.94, 1.0},
                    Case{populations::lognormal(0.3), 0.90, 0.97}, Case{populations::exponential(1.0), 0.86, 0.97}));

}  // namespace
