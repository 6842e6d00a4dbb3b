// Resamples need only power sums of the drawn values, so a resample costs one pass and keeps no copy.
#include "landscape/roughness/bootstrap.hpp"

#include <fmt/format.h>

#include <boost/math/distributions/students_t.hpp>
#include <limits>
#include <vector>

#include "landscape/math/elementary.hpp"
#include "landscape/model/choices.hpp"
#include "landscape/model/error.hpp"
#include "moments.hpp"
#include "resampling.hpp"

namespace landscape {
namespace {

constexpr Choices<IntervalMethod, 4> kMethods{{{IntervalMethod::automatic, "automatic"},
                                               {IntervalMethod::studentised, "studentised"},
                                               {IntervalMethod::bca, "bca"},
                                               {IntervalMethod::percentile, "percentile"}}};

constexpr double kFewEffective = 10.0;         // below, the interval is said to rest on few directions
constexpr double kHeavyKurtosis = 5.0;         // above, too: values that matter may be missing from the sample
constexpr double kUselessUpperFactor = 100.0;  // an upper bound beyond this multiple of RI bounds nothing
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The standardised sample: z_i = (T_i - m) / std(ddof 0) has mean 0 and mean square 1.
struct Standardised {
  std::vector<double> z;
  double plug_in;  // c0, the index of the empirical distribution
  double index;    // c1 = RI
};

Standardised standardise(std::span<const double> values) {
  const detail::Moments all = detail::moments_of(values);
  const double deviation = all.standard_deviation(0.0);
  Standardised s{{}, deviation / all.mean, all.standard_deviation(1.0) / all.mean};
  s.z.reserve(values.size());
  for (const double x : values) s.z.push_back(deviation > 0.0 ? (x - all.mean) / deviation : 0.0);
  return s;
}

/// Index (ddof 1) and standard error of log RI of n standardised values, from the sums of their first four powers.
struct Statistic {
  double index;  // 0 where the values are equal
  double log_error;
};

struct PowerSums {
  double first = 0.0, second = 0.0, third = 0.0, fourth = 0.0;
  void add(double z) {
    const double square = z * z;
    first += z;
    second += square;
    third += square * z;
    fourth += square * square;
  }
};

/// Central moments from raw ones; then se^2 = ((kurtosis - 1)/4 - c skewness + c^2)/n.
Statistic statistic(const PowerSums& sums, double n, double plug_in) {
  const double d = sums.first / n, a = sums.second / n, b = sums.third / n, c = sums.fourth / n;
  const double variance = a - d * d;
  if (!(variance > 1e-12 * a)) return {0.0, 0.0};  // the difference is rounding: equal values
  const double third = b - 3.0 * a * d + 2.0 * d * d * d;
  const double fourth = c - 4.0 * b * d + 6.0 * a * d * d - 3.0 * d * d * d * d;
  const double deviation = std::sqrt(variance);
  const double relative_mean = 1.0 + plug_in * d;  // mean of the values over mean of the sample
  const double c0 = plug_in * deviation / relative_mean;
  const double skewness = third / (variance * deviation), kurtosis = fourth / (variance * variance);
  const double influence = (kurtosis - 1.0) / 4.0 - c0 * skewness + c0 * c0;
  return {c0 * std::sqrt(n / (n - 1.0)), influence > 0.0 ? std::sqrt(influence / n) : 0.0};
}

struct Resamples {
  std::vector<double> index;        // c1*, ascending
  std::vector<double> studentised;  // t*, ascending; -infinity for collapsed resamples
  double log_error = 0.0;           // the sample's own, with its floor
  double share_below = 0.0;         // of c1* below RI, ties counted half
  std::int64_t n_collapsed = 0;
};

Resamples resample(const Standardised& sample, double log_error, const BootstrapOptions& options) {
  const auto n_resamples = static_cast<std::size_t>(options.resamples);
  std::vector<Statistic> statistics;
  statistics.reserve(n_resamples);
  std::vector<std::uint32_t> positions(sample.z.size());
  const auto n = static_cast<double>(sample.z.size());
  for (std::size_t b = 0; b < n_resamples; ++b) {
    detail::draw_positions(options.seed, b, positions);
    PowerSums sums;
    for (const std::uint32_t i : positions) sums.add(sample.z[i]);
    statistics.push_back(statistic(sums, n, sample.plug_in));
  }

  Resamples r;
  std::vector<double> deviations;  // of log c1* from log c0
  double below = 0.0;
  for (const Statistic& s : statistics) {
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

std::uint32_t resampled_position(std::uint64_t seed, std::uint64_t resample, std::uint64_t draw, std::uint32_t n) {
  const auto words = philox_words(seed, subsequence(RandomUse::bootstrap, resample), draw / 4);
  return static_cast<std::uint32_t>((static_cast<std::uint64_t>(words[draw % 4]) * n) >> 32);
}

std::optional<IndexInterval> index_interval(std::span<const double> values, const BootstrapOptions& options) {
  validate(options);
  for (const double x : values) {
    if (!(x > 0.0) || !std::isfinite(x))
      throw Error(fmt::format("A total variation of {} cannot enter an interval.", x));
  }
  if (static_cast<std::int64_t>(values.size()) < kFewestForInterval) return std::nullopt;

  const auto method = options.method == IntervalMethod::automatic ? IntervalMethod::studentised : options.method;
  const Standardised sample = standardise(values);
  IndexInterval interval{0.0, 0.0, options.confidence, method, method, options.resamples, 0, 0.0, true};
  if (!(sample.plug_in > 0.0)) {
    interval.n_collapsed = options.resamples;
    return interval;
  }

  const auto n = static_cast<double>(values.size());
  PowerSums sums;
  for (const double z : sample.z) sums.add(z);
  interval.n_effective = sums.second * sums.second / sums.fourth;
  interval.rests_on_few = interval.n_effective < kFewEffective || n > kHeavyKurtosis * interval.n_effective;

  const double log_error = statistic(sums, n, sample.plug_in).log_error;
  const Resamples r = resample(sample, log_error, options);
  interval.n_collapsed = r.n_collapsed;

  const double lower_level = 0.5 * (1.0 - options.confidence), upper_level = 1.0 - lower_level;
  const double accelerated =
      method == IntervalMethod::bca || options.method == IntervalMethod::automatic ? acceleration(values) : 0.0;
  if (method == IntervalMethod::bca) {
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
    interval.upper = bca_bound(r, accelerated, upper_level);
    interval.upper_method = IntervalMethod::bca;
  }
  return interval;
}

}  // namespace landscape
