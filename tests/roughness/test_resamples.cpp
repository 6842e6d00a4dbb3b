// Intervals of many directions, whose values get weights, and of few, whose values are drawn: against plain writings,
// on any number of threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "landscape/roughness/comparison.hpp"
#include "landscape/roughness/convergence.hpp"
#include "landscape/roughness/index.hpp"
#include "landscape/roughness/mean_interval.hpp"
#include "landscape/roughness/pieces.hpp"
#include "populations.hpp"

namespace {

using namespace landscape;

constexpr std::size_t kFew = 300, kMany = 5000;  // around kManyValues; no multiples of a chunk

struct Drawn {
  std::vector<double> a, b;
};
Drawn draw(std::size_t n, std::uint64_t stream, double rho = 0.5) {
  static const populations::Population normal = populations::normal(0.2), valley = populations::valley(0.3);
  Drawn d;
  for (std::size_t k = 0; k < n; ++k) {
    const auto z = populations::scores(23, stream, k, rho);
    d.a.push_back(normal.value(z.first));
    d.b.push_back(valley.value(z.second));
  }
  return d;
}

/// How often resample b takes each of n values.
std::vector<int> times(std::size_t n, std::uint64_t seed, std::uint64_t b) {
  std::vector<int> result(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    if (n < static_cast<std::size_t>(kManyValues)) {
      ++result[resampled_position(seed, b, i, static_cast<std::uint32_t>(n))];
    } else {
      result[i] = resampled_weight(seed, b, i);
    }
  }
  return result;
}

std::vector<double> repeated(const std::vector<double>& values, const std::vector<int>& how_often) {
  std::vector<double> result;
  for (std::size_t i = 0; i < values.size(); ++i)
    result.insert(result.end(), static_cast<std::size_t>(how_often[i]), values[i]);
  return result;
}

double mean(const std::vector<double>& x) {
  double sum = 0.0;
  for (const double v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

struct PlainIndex {
  double index;                   // plug-in
  std::vector<double> influence;  // on its logarithm
};
PlainIndex plain_index(const std::vector<double>& t) {
  const double m = mean(t);
  double squares = 0.0;
  for (const double x : t) squares += (x - m) * (x - m);
  const double deviation = std::sqrt(squares / static_cast<double>(t.size()));
  PlainIndex result{deviation / m, {}};
  for (const double x : t) {
    const double z = (x - m) / deviation;
    result.influence.push_back(0.5 * (z * z - 1.0) - result.index * z);
  }
  return result;
}

double length(const std::vector<double>& x) {
  double squares = 0.0;
  for (const double v : x) squares += v * v;
  return std::sqrt(squares);
}

/// The |t*| that the symmetric interval reaches to, of B resamples, at 95 %.
double reach(std::vector<double> t) {
  std::ranges::sort(t);
  const double beyond = std::floor(0.05 * (static_cast<double>(t.size()) + 1.0) + 1e-9) - 1.0;
  return t[t.size() - 1 - static_cast<std::size_t>(beyond)];
}

TEST(Weights, HaveMeanAndVarianceOfOne) {
  std::map<int, int> counts;
  double squares = 0.0, cubes = 0.0;
  const int n = 400'000;
  for (std::uint64_t i = 0; i < n; ++i) {
    const int w = resampled_weight(5, 17, i);
    ++counts[w];
    squares += (w - 1) * (w - 1);
    cubes += (w - 1) * (w - 1) * (w - 1);
  }
  const double expected[] = {94, 95, 46, 16, 4, 1};
  for (int w = 0; w <= 5; ++w) {
    const double p = expected[w] / 256.0;
    EXPECT_NEAR(counts[w], n * p, 5.0 * std::sqrt(n * p)) << w;
  }
  EXPECT_EQ(counts.size(), 6u);
  EXPECT_NEAR(squares / n, 1.0, 0.02);
  EXPECT_NEAR(cubes / n, 0.984, 0.08);
}

class Resampled : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(FewAndMany, Resampled, testing::Values(kFew, kMany));

TEST_P(Resampled, IntervalOfAnIndexMatchesAPlainWriting) {
  const std::vector<double> t = draw(GetParam(), 1).a;
  const BootstrapOptions options{9, 199, 0.9, IntervalMethod::percentile};
  std::vector<double> indices;
  for (std::uint64_t b = 0; b < 199; ++b) {
    const std::vector<double> drawn = repeated(t, times(t.size(), 9, b));
    const auto n = static_cast<double>(drawn.size());
    indices.push_back(plain_index(drawn).index * std::sqrt(n / (n - 1.0)));
  }
  std::ranges::sort(indices);
  const auto interval = index_interval(t, options);
  EXPECT_NEAR(interval->lower, indices[9], 1e-12);  // rank 0.05 (B + 1) = 10
  EXPECT_NEAR(interval->upper, indices[189], 1e-12);
}

TEST_P(Resampled, IntervalOfAMeanMatchesAPlainWriting) {
  const std::vector<double> x = draw(GetParam(), 2).a;
  std::vector<double> t;
  const double m = mean(x);
  const auto error = [](const std::vector<double>& values) {
    std::vector<double> centred;
    const double middle = mean(values);
    for (const double v : values) centred.push_back(v - middle);
    return length(centred) / static_cast<double>(values.size());
  };
  for (std::uint64_t b = 0; b < 99; ++b) {
    const std::vector<double> drawn = repeated(x, times(x.size(), 4, b));
    t.push_back(std::fabs(mean(drawn) - m) / error(drawn));
  }
  const MeanEstimate estimate = estimate_mean(x, {4, 99, 0.95});
  EXPECT_NEAR(estimate.interval->upper - m, reach(t) * error(x), 1e-12);
  EXPECT_NEAR(m - estimate.interval->lower, reach(t) * error(x), 1e-12);
}

TEST_P(Resampled, PairedComparisonMatchesAPlainWriting) {
  for (const double rho : {0.0, 0.999999}) {  // nearly equal ranks: most of the influences cancels
    const Drawn d = draw(GetParam(), 3, rho);
    std::vector<double> a = d.a, b = d.b;
    if (rho > 0.5) {
      for (std::size_t i = 0; i < b.size(); ++i) b[i] = a[i] * (1.0 + 1e-6 * d.b[i]);
    }
    const auto errors = [](const PlainIndex& first, const PlainIndex& second) {
      std::vector<double> log_ratio, difference;
      for (std::size_t i = 0; i < first.influence.size(); ++i) {
        log_ratio.push_back(first.influence[i] - second.influence[i]);
        difference.push_back(first.index * first.influence[i] - second.index * second.influence[i]);
      }
      const auto n = static_cast<double>(log_ratio.size());
      return std::pair(length(log_ratio) / n, length(difference) / n);
    };
    const PlainIndex own_a = plain_index(a), own_b = plain_index(b);
    const auto own = errors(own_a, own_b);
    std::vector<double> ratio, difference;
    for (std::uint64_t r = 0; r < 99; ++r) {
      const std::vector<int> how_often = times(a.size(), 6, r);
      const PlainIndex of_a = plain_index(repeated(a, how_often)), of_b = plain_index(repeated(b, how_often));
      const auto error = errors(of_a, of_b);
      ratio.push_back(std::fabs(std::log(of_a.index / of_b.index) - std::log(own_a.index / own_b.index)) / error.first);
      difference.push_back(std::fabs(of_a.index - of_b.index - (own_a.index - own_b.index)) / error.second);
    }
    const Comparison c = compare_indices({"A", a, {}}, {"B", b, {}}, {6, 99, 0.95});
    const double log_reach = reach(ratio) * own.first, tolerance = rho > 0.5 ? 1e-6 : 1e-10;
    EXPECT_NEAR(std::log(c.ratio_interval->upper / *c.ratio), log_reach, tolerance * log_reach) << rho;
    const auto n = static_cast<double>(a.size());
    const double half = reach(difference) * own.second * std::sqrt(n / (n - 1.0));
    EXPECT_NEAR(c.difference_interval->upper - *c.difference, half, tolerance * half) << rho;
  }
}

TEST_P(Resampled, UnpairedComparisonMatchesAPlainWriting) {
  const std::vector<double> a = draw(GetParam(), 4).a, b = draw(kFew + 7, 5).b;
  const auto log_error = [](const PlainIndex& of) {
    return length(of.influence) / static_cast<double>(of.influence.size());
  };
  const PlainIndex own_a = plain_index(a), own_b = plain_index(b);
  std::vector<double> ratio;
  for (std::uint64_t r = 0; r < 99; ++r) {
    const PlainIndex of_a = plain_index(repeated(a, times(a.size(), 8, 2 * r)));
    const PlainIndex of_b = plain_index(repeated(b, times(b.size(), 8, 2 * r + 1)));
    ratio.push_back(std::fabs(std::log(of_a.index / of_b.index) - std::log(own_a.index / own_b.index)) /
                    std::hypot(log_error(of_a), log_error(of_b)));
  }
  const Comparison c = compare_unpaired({"A", a, {}}, {"B", b, {}}, {8, 99, 0.95});
  EXPECT_NEAR(std::log(c.ratio_interval->upper / *c.ratio),
              reach(ratio) * std::hypot(log_error(own_a), log_error(own_b)), 1e-10);
}

TEST(Threads, ChangeNoBit) {
  for (const std::size_t n : {kFew, kMany, std::size_t{20'000}}) {
    const Drawn d = draw(n, 6);
    const auto numbers = [&](int threads) {
      const BootstrapOptions options{3, 500, 0.95, IntervalMethod::automatic, threads};
      std::vector<double> all;
      for (const CurvePoint& point : index_curve(d.a, {}, options)) {
        all.push_back(point.interval->lower);
        all.push_back(point.interval->upper);
      }
      const Comparison paired = compare_indices({"A", d.a, {}}, {"B", d.b, {}}, options);
      const Comparison apart = compare_unpaired({"A", d.a, {}}, {"B", d.b, {}}, options);
      for (const Comparison* c : {&paired, &apart}) {
        all.insert(all.end(), {c->ratio_interval->lower, c->ratio_interval->upper, c->difference_interval->lower,
                               c->difference_interval->upper, *c->p_value});
      }
      const MeanEstimate estimate = estimate_mean(d.b, options);
      all.insert(all.end(), {estimate.interval->lower, estimate.interval->upper, *estimate.p_value});
      return all;
    };
    const std::vector<double> one = numbers(1);
    for (const int threads : {2, 3, 7}) EXPECT_EQ(numbers(threads), one) << n << " values, " << threads << " threads";
  }
}

TEST(ManyValues, OnePassServesEveryCount) {
  const std::vector<double> t = draw(20'000, 7).a;
  const BootstrapOptions options{3, 400, 0.95};
  const std::vector<std::size_t> counts{3, 100, 4095, 4096, 4608, 5000, 10'000, 20'000};
  const auto together = index_intervals(t, counts, options);
  ASSERT_EQ(together.size(), counts.size());
  EXPECT_FALSE(together[0]);
  for (std::size_t i = 1; i < counts.size(); ++i) {
    const auto alone = index_interval(std::span(t).first(counts[i]), options);
    EXPECT_NEAR(together[i]->lower, alone->lower, 1e-12 * alone->lower) << counts[i];
    EXPECT_NEAR(together[i]->upper, alone->upper, 1e-12 * alone->upper) << counts[i];
  }
  const auto all = index_interval(t, options);
  EXPECT_EQ(together.back()->lower, all->lower);
  EXPECT_EQ(together.back()->upper, all->upper);
}

// Of weights as of draws: a nominal 95 %.
TEST(ManyValues, IntervalsCover) {
  constexpr std::size_t kSamples = 400;
  for (const auto& population : {populations::normal(0.1), populations::valley(0.2), populations::lognormal(0.3)}) {
    int covered = 0;
    for (std::size_t r = 0; r < kSamples; ++r) {
      std::vector<double> t;
      for (std::size_t k = 0; k < 4096; ++k) t.push_back(population.value(populations::scores(31, r, k, 0.0).first));
      const auto interval = index_interval(t, {100 + r, 199, 0.95});
      covered += interval->lower <= population.index && population.index <= interval->upper ? 1 : 0;
    }
    const double percent = 100.0 * covered / static_cast<double>(kSamples);
    RecordProperty(population.name, std::to_string(percent));
    EXPECT_GE(percent, 92.0) << population.name;
    EXPECT_LE(percent, 98.0) << population.name;
  }
}

TEST(Pieces, AreEachDoneOnceAndTheFirstFailureGoesOn) {
  for (const int threads : {1, 2, 5}) {
    std::vector<int> done(103, 0);
    in_pieces(103, 10, threads, [&](std::int64_t first, std::int64_t last) {
      EXPECT_EQ(first % 10, 0);
      for (std::int64_t i = first; i < last; ++i) ++done[static_cast<std::size_t>(i)];
    });
    EXPECT_EQ(std::ranges::count(done, 1), 103);
    try {
      in_pieces(103, 10, threads, [&](std::int64_t first, std::int64_t) {
        if (first >= 30) throw std::runtime_error(std::to_string(first));
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "30");
    }
  }
  in_pieces(0, 10, 4, [](std::int64_t, std::int64_t) { ADD_FAILURE(); });
}

}  // namespace
