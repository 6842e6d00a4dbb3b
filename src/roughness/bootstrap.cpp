// Resamples need only power sums of the values (resamples.hpp).
#include "landscape/roughness/bootstrap.hpp"

#include <fmt/format.h>

#include <boost/math/distributions/students_t.hpp>
#include <limits>
#include <vector>

#include "index_statistic.hpp"
#include "landscape/math/elementary.hpp"
#include "landscape/model/choices.hpp"
#include "landscape/model/error.hpp"
#include "moments.hpp"
#include "resamples.hpp"
#include "resampling.hpp"

namespace landscape {
namespace {

using detail::IndexStatistic;
using detail::Standardised;

constexpr Choices<IntervalMethod, 4> kMethods{{{IntervalMethod::automatic, "automatic"},
                                               {IntervalMethod::studentised, "studentised"},
                                               {IntervalMethod::bca, "bca"},
                                               {IntervalMethod::percentile, "percentile"}}};

constexpr double kFewEffective = 10.0;         // below, the interval is said to rest on few directions
constexpr double kHeavyKurtosis = 5.0;         // above, too: values that matter may be missing from the sample
constexpr double kUselessUpperFactor = 100.0;  // an upper bound beyond this multiple of RI bounds nothing
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Resamples {
  std::vector<double> index;        // c1*, ascending
  std::vector<double> studentised;  // t*, ascending; -infinity for collapsed resamples
  double log_error = 0.0;           // the sample's own, with its floor
  double share_below = 0.0;         // of c1* below RI, ties counted half
  std::int64_t n_collapsed = 0;
};

Resamples judge(const Standardised& sample, double log_error, std::span<const IndexStatistic> statistics) {
  const std::size_t n_resamples = statistics.size();
  Resamples r;
  std::vector<double> deviations;  // of log c1* from log c0
  double below = 0.0;
  for (const IndexStatistic& s : statistics) {
    r.index.push_back(s.index);
    // The same draws in another order round differently: a tie is what agrees to rounding.
    const double excess = s.index - sample.index;
    below += std::fabs(excess) <= 1e-12 * sample.index ? 0.5 : (excess < 0.0 ? 1.0 : 0.0);
    r.n_collapsed += s.index > 0.0 ? 0 : 1;
    deviations.push_back(s.index > 0.0 ? math::log(s.index / sample.plug_in) : -kInfinity);
  }
  std::sort(r.index.begin(), r.index.end());
  r.share_below = below / static_cast<double>(n_resamples);

  std::vector<double> sorted = deviations;
  std::sort(sorted.begin(), sorted.end());
  const double spread = detail::spread_of_sorted(sorted);
  r.log_error = detail::with_floor(log_error, spread < kInfinity ? spread : 0.0);
  for (std::size_t b = 0; b < n_resamples; ++b) {
    const double error = detail::with_floor(statistics[b].log_error, r.log_error);
    r.studentised.push_back(error > 0.0 ? deviations[b] / error : -kInfinity);
  }
  std::sort(r.studentised.begin(), r.studentised.end());
  return r;
}

/// Jackknife acceleration sum (mean - RI_(i))^3 / (6 (sum (mean - RI_(i))^2)^(3/2)).
double acceleration(std::span<const double> values) {
  const detail::Moments all = detail::moments_of(values);
  std::vector<double> without;
  without.reserve(values.size());
  for (const double x : values) without.push_back(detail::index_without(all, x));
  const detail::Moments m = detail::moments_of(without);
  double cubes = 0.0;
  for (const double x : without) {
    const double d = m.mean - x;
    cubes += d * d * d;
  }
  return m.sum_squares > 0.0 ? cubes / (6.0 * m.sum_squares * std::sqrt(m.sum_squares)) : 0.0;
}

/// The BCa bound at level p: the percentile at level Phi(z0 + (z0 + z_p)/(1 - a (z0 + z_p))).
double bca_bound(const Resamples& r, double accelerated, double p) {
  const double edge = 0.5 / static_cast<double>(r.index.size());
  const double bias = detail::normal_quantile(std::clamp(r.share_below, edge, 1.0 - edge));
  const double z = bias + detail::normal_quantile(p);
  const double denominator = 1.0 - accelerated * z;
  const double level = denominator > 0.0 ? detail::normal_cdf(bias + z / denominator) : (z > 0.0 ? 1.0 : 0.0);
  return detail::quantile_of_sorted(r.index, detail::settled(level));
}

/// w = t-quantile(nu)/normal quantile with nu = max(10, n_effective).
double widening(double n_effective, double upper_level) {
  const boost::math::students_t t(std::max(kFewEffective, n_effective));
  const double normal = detail::normal_quantile(upper_level);
  // Both quantiles vanish together as the confidence goes to 0; the ratio then is that of the densities, close to one.
  return normal > 1e-6 ? detail::settled(boost::math::quantile(t, upper_level) / normal) : 1.0;
}

double scaled_exp(double index, double exponent) {
  if (exponent > 700.0) return kInfinity;
  return index * math::exp(exponent);
}

/// The interval of the values, whose resamples have these indices.
IndexInterval interval_of(std::span<const double> values, const Standardised& sample,
                          std::span<const IndexStatistic> statistics, const BootstrapOptions& options) {
  const auto method = options.method == IntervalMethod::automatic ? IntervalMethod::studentised : options.method;
  IndexInterval interval{0.0, 0.0, options.confidence, method, method, options.resamples, 0, 0.0, true};
  const std::vector<double> powers = detail::plain_sums(sample.powers());
  const detail::Sums sums{powers[0], std::span(powers).subspan(1)};
  interval.n_effective = sums.total[1] * sums.total[1] / sums.total[3];
  interval.rests_on_few = interval.n_effective < kFewEffective || sums.n > kHeavyKurtosis * interval.n_effective;

  const Resamples r = judge(sample, detail::index_statistic(sums, sample.plug_in).log_error, statistics);
  interval.n_collapsed = r.n_collapsed;

  const double lower_level = 0.5 * (1.0 - options.confidence), upper_level = 1.0 - lower_level;
  if (method == IntervalMethod::bca) {
    const double accelerated = acceleration(values);
    interval.lower = bca_bound(r, accelerated, lower_level);
    interval.upper = bca_bound(r, accelerated, upper_level);
    return interval;
  }
  if (method == IntervalMethod::percentile) {
    interval.lower = detail::quantile_of_sorted(r.index, lower_level);
    interval.upper = detail::quantile_of_sorted(r.index, upper_level);
    return interval;
  }
  const double reach = widening(interval.n_effective, upper_level) * r.log_error;
  interval.lower = scaled_exp(sample.index, -detail::quantile_of_sorted(r.studentised, upper_level) * reach);
  interval.upper = scaled_exp(sample.index, -detail::quantile_of_sorted(r.studentised, lower_level) * reach);
  if (options.method == IntervalMethod::automatic && !(interval.upper <= kUselessUpperFactor * sample.index)) {
    interval.upper = bca_bound(r, acceleration(values), upper_level);
    interval.upper_method = IntervalMethod::bca;
  }
  return interval;
}

/// Of values that are all equal: it cannot know of others.
IndexInterval point_interval(const BootstrapOptions& options) {
  const auto method = options.method == IntervalMethod::automatic ? IntervalMethod::studentised : options.method;
  return {0.0, 0.0, options.confidence, method, method, options.resamples, options.resamples, 0.0, true};
}

/// Of the first counts[i] values, from resamples of all of them.
std::vector<std::optional<IndexInterval>> intervals_together(std::span<const double> values,
                                                             std::span<const std::size_t> counts,
                                                             const BootstrapOptions& options) {
  const Standardised whole(values);
  if (!(whole.plug_in > 0.0)) return std::vector<std::optional<IndexInterval>>(counts.size(), point_interval(options));
  const detail::ResampledSums sums =
      detail::resampled_sums(whole.powers(), {options.seed, options.resamples, options.threads}, counts);
  std::vector<std::optional<IndexInterval>> intervals;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::span<const double> first = values.first(counts[i]);
    const Standardised sample(first);
    if (!(sample.plug_in > 0.0)) {
      intervals.emplace_back(point_interval(options));
      continue;
    }
    std::vector<IndexStatistic> statistics;
    for (std::size_t b = 0; b < static_cast<std::size_t>(options.resamples); ++b)
      statistics.push_back(detail::index_statistic(sums.at(b, i), whole.plug_in));
    intervals.emplace_back(interval_of(first, sample, statistics, options));
  }
  return intervals;
}

}  // namespace

IntervalMethod parse_interval_method(std::string_view text, std::string_view option) {
  return parse_choice(kMethods, text, option);
}
std::string to_string(IntervalMethod method) { return choice_name(kMethods, method); }

void validate(const BootstrapOptions& options) {
  if (!(options.confidence > 0.0 && options.confidence < 1.0)) {
    throw UsageError(
        fmt::format("--confidence {} is not between 0 and 1: write for example 0.95.", options.confidence));
  }
  if (options.confidence > 0.99999)
    throw UsageError(
        fmt::format("--confidence {} is more than resampling can tell: use at most 0.99999.", options.confidence));
  const double fewest = std::ceil(2.0 / (1.0 - options.confidence) - 1e-9);
  if (!(static_cast<double>(options.resamples) >= fewest)) {
    throw UsageError(fmt::format("--bootstrap {} is too few for --confidence {}: it takes {:.0f}, better {:.0f}.",
                                 options.resamples, options.confidence, fewest, std::max(50.0 * fewest, 2000.0)));
  }
}

std::optional<IndexInterval> index_interval(std::span<const double> values, const BootstrapOptions& options) {
  const std::size_t all[] = {values.size()};
  return index_intervals(values, all, options).front();
}

std::vector<std::optional<IndexInterval>> index_intervals(std::span<const double> values,
                                                          std::span<const std::size_t> counts,
                                                          const BootstrapOptions& options) {
  validate(options);
  for (const double x : values) {
    if (!(x > 0.0) || !std::isfinite(x))
      throw Error(fmt::format("A total variation of {} cannot enter an interval.", x));
  }
  std::vector<std::optional<IndexInterval>> intervals;
  std::size_t n_few = 0;
  for (; n_few < counts.size() && counts[n_few] < static_cast<std::size_t>(kManyValues); ++n_few) {
    const std::size_t alone[] = {counts[n_few]};
    if (alone[0] < static_cast<std::size_t>(kFewestForInterval)) {
      intervals.emplace_back();
    } else {
      intervals.push_back(intervals_together(values.first(alone[0]), alone, options).front());
    }
  }
  const std::span<const std::size_t> many = counts.subspan(n_few);
  if (many.empty()) return intervals;
  for (auto& interval : intervals_together(values.first(many.back()), many, options)) intervals.push_back(interval);
  return intervals;
}

}  // namespace landscape
