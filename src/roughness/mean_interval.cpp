// A resample needs only the sums of the drawn values and of their squares, about the mean.
#include "landscape/roughness/mean_interval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "landscape/model/error.hpp"
#include "moments.hpp"
#include "resampling.hpp"
#include "symmetric_test.hpp"

namespace landscape {
namespace {

void resample(std::span<const double> values, const detail::Moments& all, const BootstrapOptions& options,
              MeanEstimate& result) {
  const double n = all.n;
  std::vector<double> centred;
  for (const double x : values) centred.push_back(x - all.mean);
  std::vector<std::uint32_t> positions(values.size());
  detail::SymmetricTest test(std::sqrt(all.sum_squares) / n);
  for (std::int64_t b = 0; b < options.resamples; ++b) {
    detail::draw_positions(options.seed, static_cast<std::uint64_t>(b), positions);
    double sum = 0.0, squares = 0.0;
    for (const std::uint32_t i : positions) {
      sum += centred[i];
      squares += centred[i] * centred[i];
    }
    const double shift = sum / n;
    const double left = squares - sum * shift;  // sum (x* - m*)^2; below rounding: equal values
    test.add(shift, left > 1e-12 * squares ? std::sqrt(left) / n : 0.0);
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
