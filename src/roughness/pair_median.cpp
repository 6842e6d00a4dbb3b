// The values are sorted once; a resample only weighs them anew.
#include "landscape/roughness/pair_median.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <vector>

#include "landscape/model/error.hpp"
#include "resampling.hpp"

namespace landscape {
namespace {

struct PairValue {
  double value = 0.0;
  std::size_t first = 0, second = 0;  // among the minimizers that occur
};

// Of the pairs with a finite value, ascending; minimizers are numbered anew. Returns how many these are.
std::size_t sort_finite(std::span<const double> values, std::span<const MinimizerPair> pairs, std::size_t n_minimizers,
                        std::vector<PairValue>& sorted) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> number(n_minimizers, kNone);
  std::size_t n_found = 0;
  const auto number_of = [&](std::size_t minimizer) {
    std::size_t& known = number.at(minimizer);
    if (known == kNone) known = n_found++;
    return known;
  };
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    if (!std::isfinite(values[p])) continue;
    const std::size_t first = number_of(pairs[p].first), second = number_of(pairs[p].second);
    sorted.push_back({values[p], first, second});
  }
  std::ranges::stable_sort(sorted, {}, &PairValue::value);
  return n_found;
}

// With half of the weight on either side; between two values their mean. Nothing without weight.
std::optional<double> weighted_median(std::span<const PairValue> sorted, std::span<const std::uint64_t> times) {
  const auto weight = [&](const PairValue& pair) { return times[pair.first] * times[pair.second]; };
  std::uint64_t all = 0;
  for (const PairValue& pair : sorted) all += weight(pair);
  if (all == 0) return std::nullopt;
  std::uint64_t below = 0;
  std::optional<double> lower;
  for (const PairValue& pair : sorted) {
    if (weight(pair) == 0) continue;
    if (lower) return *lower + 0.5 * (pair.value - *lower);
    below += weight(pair);
    if (2 * below == all) lower = pair.value;
    if (2 * below > all) return pair.value;
  }
  return lower;
}

// Of n minimizers: the bootstrap's spread is too small by sqrt((n - 1) / n), and its ends are those of a known spread.
double widening(std::size_t n, double confidence) {
  const auto count = static_cast<double>(n);
  const double level = 0.5 * (1.0 + confidence);
  const double t = boost::math::quantile(boost::math::students_t(count - 1.0), level);
  return detail::settled(std::sqrt(count / (count - 1.0)) * t / detail::normal_quantile(level));
}

}  // namespace

PairMedian pair_median(std::span<const double> values, std::span<const MinimizerPair> pairs, std::size_t n_minimizers,
                       const BootstrapOptions& options) {
  validate(options);
  if (values.size() != pairs.size()) throw Error("Pairs and their values differ in number.");
  std::vector<PairValue> sorted;
  const std::size_t n = sort_finite(values, pairs, n_minimizers, sorted);
  PairMedian result;
  result.n_pairs = static_cast<std::int64_t>(sorted.size());
  result.n_minimizers = static_cast<std::int64_t>(n);
  std::vector<std::uint64_t> times(n, 1);
  result.median = weighted_median(sorted, times);
  if (result.n_minimizers < kFewestForInterval) return result;

  std::vector<double> medians;
  std::vector<std::uint32_t> positions(n);
  for (std::int64_t b = 0; b < options.resamples; ++b) {
    detail::draw_positions(options.seed, static_cast<std::uint64_t>(b), positions);
    std::ranges::fill(times, 0);
    for (const std::uint32_t position : positions) ++times[position];
    if (const auto median = weighted_median(sorted, times)) medians.push_back(*median);
  }
  if (medians.empty()) return result;
  std::ranges::sort(medians);
  const double beyond = 0.5 * (1.0 - options.confidence), wider = widening(n, options.confidence), m = *result.median;
  result.interval = TwoSided{m - wider * (m - std::min(m, detail::quantile_of_sorted(medians, beyond))),
                             m + wider * (std::max(m, detail::quantile_of_sorted(medians, 1.0 - beyond)) - m)};
  return result;
}

}  // namespace landscape
