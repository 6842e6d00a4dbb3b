// How far the mean of another set of M directions may lie, of values that may be zero or negative: of the persistence
// and the curvature of profiles, and of the difference of two losses along the same directions
// (resampled in pairs by taking differences first). With m the mean and se^2 = sum (x_i - m)^2 / n^2,
//
//   |t*| = |m* - m| / se*,   interval = m -+ q se,   p of a zero mean = (1 + #{|t*| >= |m|/se}) / (B + 1),
//
// the symmetric studentised bootstrap with the floors of bootstrap.hpp under se and se*, as in comparison.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/diagnostics.hpp"

namespace landscape {

struct MeanEstimate {
  std::int64_t n = 0;                // values
  std::optional<double> mean;        // unit of the values; needs one
  std::optional<TwoSided> interval;  // needs kFewestForInterval values; no wider than a point where all are equal
  std::optional<double> p_value;     // of a zero mean, two-sided; absent where all values are equal and not zero
};

/// Of finite values (n). Throws Error where one is not finite, UsageError like `validate`; options.method plays no
/// part.
MeanEstimate estimate_mean(std::span<const double> values, const BootstrapOptions& options = {});

/// The same of values that cannot be negative: nor is the interval.
MeanEstimate estimate_positive_mean(std::span<const double> values, const BootstrapOptions& options = {});

/// Of f'' at s = 0 over the usable profiles that have one. Along d ~ N(0, 1) in all parameters its expectation is that
/// of d'Hd, the trace of the Hessian H (Hutchinson 1990), but for the profiles' step h: h^2 f'''' / 12.
MeanEstimate mean_curvature(std::span<const ProfileDiagnostics> profiles, const BootstrapOptions& options = {});

}  // namespace landscape
