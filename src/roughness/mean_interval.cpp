// A resample needs only the sums of the drawn values and of their squares, about the mean.
#include "landscape/roughness/mean_interval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "landscape/model/error.hpp"
#include "moments.hpp"
#include "resamples.hpp"
#include "symmetric_test.hpp"

namespace landscape {
namespace {

void resample(std::span<const double> values, const detail::Moments& all, const BootstrapOptions& options,
              MeanEstimate& result) {
  const detail::Columns columns{values.size(), 2, [&](std::size_t first, std::size_t count, double* numbers) {
                                  for (std::size_t i = 0; i < count; ++i) {
                                    const double x = values[first + i] - all.mean;
                                    numbers[i] = x;
                                    numbers[detail::kChunk + i] = x * x;
                                  }
                                }};
  const detail::ResampledSums resamples =
      detail::resampled_sums(columns, {options.seed, options.resamples, options.threads});
  detail::SymmetricTest test(std::sqrt(all.sum_squares) / all.n);
  for (std::size_t b = 0; b < static_cast<std::size_t>(options.resamples); ++b) {
    const detail::Sums sums = resamples.at(b);
    const double shift = sums.mean(0), squares = sums.total[1];
    const double left = squares - sums.total[0] * shift;  // sum (x* - m*)^2; below rounding: equal values
    test.add(shift, left > 1e-12 * squares ? std::sqrt(left) / sums.n : 0.0);
  }
  test.studentise();
  const double reach = test.reach(options.confidence);
  result.interval = TwoSided{all.mean - reach, all.mean + reach};
  result.p_value = test.p_value(all.mean);
}

}  // namespace

MeanEstimate estimate_mean(std::span<const double> values, const BootstrapOptions& options) {
  validate(options);
  MeanEstimate result;
  result.n = static_cast<std::int64_t>(values.size());
  if (values.empty()) return result;
  for (const double x : values) {
    if (!std::isfinite(x)) throw Error(fmt::format("A value of {} cannot enter a mean.", x));
  }
  const detail::Moments all = detail::moments_of(values);
  result.mean = all.mean;
  if (result.n < kFewestForInterval) return result;
  if (all.sum_squares > 0.0) {
    resample(values, all, options, result);
  } else {
    result.interval = TwoSided{all.mean, all.mean};
    if (all.mean == 0.0) result.p_value = 1.0;
  }
  return result;
}

MeanEstimate estimate_positive_mean(std::span<const double> values, const BootstrapOptions& options) {
  MeanEstimate result = estimate_mean(values, options);
  if (result.interval) result.interval->lower = std::max(0.0, result.interval->lower);
  return result;
}

MeanEstimate mean_curvature(std::span<const ProfileDiagnostics> profiles, const BootstrapOptions& options) {
  std::vector<double> curvatures;
  for (const ProfileDiagnostics& profile : profiles) {
    if (profile.status == DirectionStatus::usable && profile.curvature) curvatures.push_back(*profile.curvature);
  }
  return estimate_mean(curvatures, options);
}

}  // namespace landscape
