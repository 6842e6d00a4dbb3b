// Paired resampling where directions are shared, resampling apart where not, then the sentence of the outcome.
#include "landscape/roughness/comparison.hpp"

#include <fmt/format.h>

#include <limits>

#include "index_statistic.hpp"
#include "landscape/math/elementary.hpp"
#include "landscape/model/error.hpp"
#include "landscape/roughness/index.hpp"
#include "pair_statistic.hpp"
#include "resamples.hpp"
#include "symmetric_test.hpp"

namespace landscape {
namespace {

using detail::PairStatistic;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Pairs {
  std::vector<double> first, second;
};

Pairs common_values(const LossSample& first, const LossSample& second, Comparison& result) {
  const std::size_t n = first.total_variation.size();
  if (second.total_variation.size() != n) {
    throw Error(fmt::format("{} has {} directions and {} has {}: only the same directions can be compared.", first.name,
                            n, second.name, second.total_variation.size()));
  }
  // Also checks shapes and values.
  result.n_directions = static_cast<std::int64_t>(n);
  result.n_excluded_first =
      result.n_directions - static_cast<std::int64_t>(usable_values(first.total_variation, first.status).size());
  result.n_excluded_second =
      result.n_directions - static_cast<std::int64_t>(usable_values(second.total_variation, second.status).size());
  const auto is_usable = [](const LossSample& s, std::size_t k) {
    return s.status.empty() || s.status[k] == DirectionStatus::usable;
  };
  Pairs pairs;
  for (std::size_t k = 0; k < n; ++k) {
    if (!is_usable(first, k) || !is_usable(second, k)) continue;
    pairs.first.push_back(first.total_variation[k]);
    pairs.second.push_back(second.total_variation[k]);
  }
  result.n_used = static_cast<std::int64_t>(pairs.first.size());
  return pairs;
}

/// Fills intervals and p-value from the sample's statistic and those of the resamples; `result` holds indices,
/// difference and, where it means something, the ratio. to_sample: std with ddof 1 over std with ddof 0.
template <class Resample>
void test_statistic(const PairStatistic& own, Resample&& resample, double to_sample, const BootstrapOptions& options,
                    Comparison& result) {
  if (!(own.difference_error > 0.0)) {  // proportional T, or no spread in either: nothing to resample
    result.difference_interval = TwoSided{*result.difference, *result.difference};
    if (result.ratio) result.ratio_interval = TwoSided{*result.ratio, *result.ratio};
    result.p_value = 1.0;
    return;
  }

  detail::SymmetricTest ratio_test(own.log_ratio_error), difference_test(own.difference_error);
  for (std::size_t b = 0; b < static_cast<std::size_t>(options.resamples); ++b) {
    const PairStatistic s = resample(b);
    difference_test.add(s.difference - own.difference, s.difference_error);
    // A resample with equal values of one loss knows nothing of the ratio.
    if (result.ratio) ratio_test.add(s.has_ratio ? s.log_ratio - own.log_ratio : kInfinity, s.log_ratio_error);
  }

  difference_test.studentise();
  const double reach = difference_test.reach(options.confidence) * to_sample;
  result.difference_interval = TwoSided{*result.difference - reach, *result.difference + reach};
  if (!result.ratio) {
    result.p_value = difference_test.p_value(own.difference);
    return;
  }
  ratio_test.studentise();
  const double log_reach = ratio_test.reach(options.confidence);
  if (log_reach < 700.0) {
    const double factor = math::exp(log_reach);
    result.ratio_interval = TwoSided{*result.ratio / factor, *result.ratio * factor};
  }
  result.p_value = ratio_test.p_value(own.log_ratio);
}

double ddof_factor(std::size_t n) { return std::sqrt(static_cast<double>(n) / (static_cast<double>(n) - 1.0)); }

detail::Sums all_of(const std::vector<double>& sums) { return {sums[0], std::span(sums).subspan(1)}; }

void resample_pairs(const Pairs& pairs, const BootstrapOptions& options, Comparison& result) {
  const detail::Standardised first(pairs.first), second(pairs.second);
  const detail::Columns columns = detail::pair_products(first, second);
  const auto statistic = [&](const detail::Sums& sums) {
    return detail::PairMoments(sums, first.plug_in, second.plug_in).statistic();
  };
  const std::vector<double> own = detail::plain_sums(columns);
  std::optional<detail::ResampledSums> resamples;
  const auto resample = [&](std::size_t b) {
    if (!resamples) resamples = detail::resampled_sums(columns, {options.seed, options.resamples, options.threads});
    return statistic(resamples->at(b));
  };
  test_statistic(statistic(all_of(own)), resample, ddof_factor(pairs.first.size()), options, result);
}

void resample_apart(const Pairs& samples, const BootstrapOptions& options, Comparison& result) {
  const detail::Standardised first(samples.first), second(samples.second);
  const auto statistic = [&](const detail::Sums& of_first, const detail::Sums& of_second) {
    const detail::IndexStatistic a = detail::index_statistic(of_first, first.plug_in);
    const detail::IndexStatistic b = detail::index_statistic(of_second, second.plug_in);
    PairStatistic s(a.plug_in, b.plug_in);
    s.difference_error = std::hypot(a.plug_in * a.log_error, b.plug_in * b.log_error);
    s.log_ratio_error = std::hypot(a.log_error, b.log_error);
    return s;
  };
  const std::vector<double> own_first = detail::plain_sums(first.powers()),
                            own_second = detail::plain_sums(second.powers());
  detail::Resampling how{options.seed, options.resamples, options.threads};
  how.step = 2;
  const auto of_first = detail::resampled_sums(first.powers(), how);
  how.first_stream = 1;
  const auto of_second = detail::resampled_sums(second.powers(), how);
  const auto resample = [&](std::size_t b) { return statistic(of_first.at(b), of_second.at(b)); };
  const double to_sample = std::max(ddof_factor(samples.first.size()), ddof_factor(samples.second.size()));
  test_statistic(statistic(all_of(own_first), all_of(own_second)), resample, to_sample, options, result);
}

bool excludes(const std::optional<TwoSided>& interval, double value) {
  return interval && (value < interval->lower || value > interval->upper);
}

bool is_apart(const Comparison& c) { return c.p_value && *c.p_value <= 1.0 - c.confidence + 1e-12; }

/// By p, and so by the interval that the sentence quotes; indices that differ by less than rounding can tell nothing.
ComparisonVerdict verdict_of(const Comparison& c) {
  if (!is_apart(c)) return ComparisonVerdict::not_distinguishable;
  if (!(std::fabs(*c.difference) > c.resolution)) return ComparisonVerdict::within_rounding;
  return *c.difference > 0.0 ? ComparisonVerdict::first_rougher : ComparisonVerdict::second_rougher;
}

std::string percent(double confidence) { return fmt::format("{:g} %", 100.0 * confidence); }

/// Decimals that give the smallest number two digits, and more where an end would blur into 1 ("1.00–1.31").
int decimals_for(double smallest, const TwoSided& interval) {
  int decimals = 0;
  for (double x = smallest; x < 10.0 && decimals < 6; x *= 10.0) ++decimals;
  const auto reads_as_one = [&](double x) { return x != 1.0 && std::stod(fmt::format("{:.{}f}", x, decimals)) == 1.0; };
  while (decimals < 6 && (reads_as_one(interval.lower) || reads_as_one(interval.upper))) ++decimals;
  return decimals;
}

/// The ratio and its interval's ends: equal decimals, or three significant digits each where the ends lie far apart.
struct RatioTexts {
  std::string ratio, lower, upper;
};

RatioTexts ratio_texts(double ratio, const TwoSided& interval) {
  constexpr double kFarApart = 100.0;
  if (interval.upper < kFarApart * interval.lower) {
    const int decimals = decimals_for(interval.lower, interval);
    const auto text = [&](double x) { return fmt::format("{:.{}f}", x, decimals); };
    return {text(ratio), text(interval.lower), text(interval.upper)};
  }
  const auto text = [](double x) {
    if (x >= 999.5) return fmt::format("{:.0f}", x);
    for (int digits = 3;; ++digits) {
      std::string shown = fmt::format("{:.{}g}", x, digits);
      if (digits == 9 || x == 1.0 || std::stod(shown) != 1.0) return shown;
    }
  };
  return {text(ratio), text(interval.lower), text(interval.upper)};
}

std::string directions(const Comparison& c) {
  if (!c.paired) {
    const std::int64_t left_out = c.n_excluded_first + c.n_excluded_second;
    return fmt::format("{} and {} directions, unpaired{}", c.n_used, c.n_used_second,
                       left_out > 0 ? fmt::format(", {} left out", left_out) : "");
  }
  const std::int64_t left_out = c.n_directions - c.n_used;
  std::string text = fmt::format("{} direction{}", c.n_used, c.n_used == 1 ? "" : "s");
  if (left_out > 0) text += fmt::format(", {} left out", left_out);
  return text;
}

/// "ratio 4.1, 95 % interval 3.2–5.3" of rough over smooth, or the difference where there is no ratio.
std::string evidence(const Comparison& c, bool first_on_top) {
  if (c.ratio) {
    const double ratio = first_on_top ? *c.ratio : 1.0 / *c.ratio;
    if (!c.ratio_interval) return fmt::format("ratio {:#.2g}, its interval is unbounded", ratio);
    const TwoSided i = *c.ratio_interval;
    const TwoSided shown = first_on_top ? i : TwoSided{1.0 / i.upper, 1.0 / i.lower};
    const RatioTexts texts = ratio_texts(ratio, shown);
    return fmt::format("ratio {}, {} interval {}–{}", texts.ratio, percent(c.confidence), texts.lower, texts.upper);
  }
  const double sign = first_on_top ? 1.0 : -1.0;
  std::string text = fmt::format("difference {:.2g}", sign * *c.difference);
  if (!c.difference_interval) return text;
  const TwoSided i = *c.difference_interval;
  return text + fmt::format(", {} interval {:.2g} to {:.2g}", percent(c.confidence), first_on_top ? i.lower : -i.upper,
                            first_on_top ? i.upper : -i.lower);
}

/// A second sentence where the other interval says otherwise.
std::string disagreement(const Comparison& c) {
  if (!c.ratio || !c.difference_interval) return "";
  const bool difference_apart = excludes(c.difference_interval, 0.0) && std::fabs(*c.difference) > c.resolution;
  const bool apart = c.verdict != ComparisonVerdict::not_distinguishable;
  if (apart == difference_apart) return "";
  return fmt::format(" The ratio decides, as for the p-value; the interval of the difference {} 0.",
                     difference_apart ? "leaves out" : "holds");
}

}  // namespace

namespace {

/// Indices, difference, ratio, intervals and verdict of the samples' usable values.
void compare_values(const Pairs& values, const LossSample& first, const LossSample& second,
                    const BootstrapOptions& options, Comparison& result) {
  if (values.first.size() < 2 || values.second.size() < 2) return;
  const double a = *roughness_index(values.first).index, b = *roughness_index(values.second).index;
  result.index_first = a;
  result.index_second = b;
  result.difference = a - b;
  const bool zero_first = !(a > first.resolution), zero_second = !(b > second.resolution);
  if (!zero_first && !zero_second) result.ratio = a / b;
  const auto fewest = static_cast<std::int64_t>(std::min(values.first.size(), values.second.size()));
  if (fewest >= kFewestForInterval) {
    result.paired ? resample_pairs(values, options, result) : resample_apart(values, options, result);
  }
  result.resolution = first.resolution + second.resolution;
  result.verdict = zero_first && zero_second ? ComparisonVerdict::both_zero : verdict_of(result);
  if (result.verdict != ComparisonVerdict::within_rounding) return;
  result.difference_interval.reset();
  result.ratio_interval.reset();
  result.p_value.reset();
}

Comparison blank_comparison(const LossSample& first, const LossSample& second, const BootstrapOptions& options) {
  validate(options);
  Comparison result;
  result.first = first.name;
  result.second = second.name;
  result.confidence = options.confidence;
  result.resamples = options.resamples;
  return result;
}

}  // namespace

Comparison compare_indices(const LossSample& first, const LossSample& second, const BootstrapOptions& options) {
  Comparison result = blank_comparison(first, second, options);
  const Pairs pairs = common_values(first, second, result);
  compare_values(pairs, first, second, options, result);
  return result;
}

Comparison compare_unpaired(const LossSample& first, const LossSample& second, const BootstrapOptions& options) {
  Comparison result = blank_comparison(first, second, options);
  result.paired = false;
  const Pairs samples{usable_values(first.total_variation, first.status),
                      usable_values(second.total_variation, second.status)};
  result.n_directions = static_cast<std::int64_t>(first.total_variation.size());
  result.n_used = static_cast<std::int64_t>(samples.first.size());
  result.n_used_second = static_cast<std::int64_t>(samples.second.size());
  result.n_excluded_first = result.n_directions - result.n_used;
  result.n_excluded_second = static_cast<std::int64_t>(second.total_variation.size()) - result.n_used_second;
  compare_values(samples, first, second, options, result);
  return result;
}

std::string Comparison::decided_by() const {
  if (!p_value) return "none";
  return ratio ? "ratio" : "difference";
}

std::string describe(const Comparison& c) {
  switch (c.verdict) {
    case ComparisonVerdict::not_comparable:
      if (!c.paired) {
        return fmt::format("{} and {} cannot be compared: {} and {} directions are usable, at least two are needed.",
                           c.first, c.second, c.n_used, c.n_used_second);
      }
      return fmt::format("{} and {} cannot be compared: {} usable for both.", c.first, c.second,
                         c.n_used == 0 ? "no direction is" : "only one direction is");
    case ComparisonVerdict::both_zero:
      return fmt::format("{} and {} both have index zero at rounding level ({}).", c.first, c.second, directions(c));
    case ComparisonVerdict::within_rounding:
      return fmt::format("{} and {} differ by {:.2g} in their index, and rounding alone can make {:.1g} ({}).", c.first,
                         c.second, std::fabs(*c.difference), c.resolution, directions(c));
    case ComparisonVerdict::not_distinguishable:
      if (!c.difference_interval) {
        return fmt::format("{} and {} are not distinguishable with {}: an interval needs at least {}.", c.first,
                           c.second, directions(c), kFewestForInterval);
      }
      return fmt::format("{} and {} are not distinguishable with {}: {}.{}", c.first, c.second, directions(c),
                         evidence(c, true), disagreement(c));
    case ComparisonVerdict::first_rougher:
    case ComparisonVerdict::second_rougher:
      break;
  }
  const bool first_on_top = c.verdict == ComparisonVerdict::first_rougher;
  const std::string& rough = first_on_top ? c.first : c.second;
  const std::string& smooth = first_on_top ? c.second : c.first;
  const std::string zero = c.ratio ? "" : ", whose index is zero at rounding level";
  return fmt::format("{} is rougher than {}{}: {} ({}).{}", rough, smooth, zero, evidence(c, first_on_top),
                     directions(c), disagreement(c));
}

}  // namespace landscape
