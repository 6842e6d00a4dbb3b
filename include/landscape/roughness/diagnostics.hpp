// What one loss profile f(s) = L(theta* + s d) looks like, beside its normalised total variation T.
//
// |I| T >= 1, with equality for a monotone profile, and a valley with equal ends gives 2. T therefore mixes two things,
// which are told apart exactly. Among all profiles with the same ends f_0, f_m and the same minimum, the least
// variation belongs to the one that falls to the minimum and rises again (triangle inequality through the minimum):
//
//   |I| T_tilt = ((f_0 - min) + (f_m - min)) / (max - min),      T_oscillation = T - T_tilt >= 0.
//
// T_oscillation = 0 exactly for monotone and single-valley profiles; every further turning point adds to it.
//
// Turning points are counted with a dead band: a turn counts once the profile has come back from an extreme by more
// than `tolerance` (math/total_variation.hpp), so that rounding wiggles are no turns and no choice of smoothing is
// involved. Lows and highs alternate, so their numbers tell the shape:
//
//   interior lows   interior highs   shape
//         0               0          monotone
//         0               1          one peak
//         1               0          one valley
//         1             1 or 2       one valley with a peak beside it: falls again towards one end or both
//     2 or more          any         several valleys, with a peak between any two
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "landscape/math/total_variation.hpp"

namespace landscape {

/// Whether a direction enters the index, and if not, why. unresolved: not flat, but rounding may make more than
/// kMostRounding of T, so that T is not known.
enum class DirectionStatus : std::uint8_t { usable = 0, flat = 1, non_finite = 2, incomplete = 3, unresolved = 4 };
inline constexpr double kMostRounding = 0.1;

/// By interior turning points, see above. The values are those stored in files (`shape_class`).
enum class ProfileShape : std::uint8_t {
  monotone = 0,
  single_valley = 1,   // every sublevel set {f <= c} is one interval
  multi_valley = 2,    // at least two interior lows
  single_peak = 3,     // the lows are the two ends
  undefined = 4,       // left out of the index
  valley_and_peak = 5  // one interior low; an end beyond a peak is the other
};
inline constexpr int kProfileShapes = 6;

std::string to_string(DirectionStatus status);
std::string to_string(ProfileShape shape);

struct ProfileDiagnostics {
  DirectionStatus status = DirectionStatus::incomplete;
  ProfileShape shape = ProfileShape::undefined;
  // Everything below has meaning only where status is usable, and is NaN or 0 elsewhere.
  double total_variation;        // T, 1/unit of s
  double tilt, oscillation;      // T_tilt and T_oscillation = T - T_tilt
  double rounding;               // bound on |error of T| from rounded losses
  double minimum, maximum;       // of f
  std::int64_t n_slope_changes;  // turning points beyond the dead band
  std::int64_t n_valleys;        // those that are lows
  double end_asymmetry;          // (f_m - f_0) / (max - min), in [-1, 1]: of the two ends, wherever s = 0 lies
  double minimum_offset;         // s of the lowest step: its distance from s = 0, where theta* is; of equal lows the
                                 // nearest one, of two equally near the left one
  std::optional<double>
      curvature;              // f'' at the step nearest s = 0 from three steps, unit of f / s^2; needs three steps
  double curvature_rounding;  // bound on its error from rounded losses; NaN without a curvature
};

struct DiagnosticsOptions {
  std::optional<double> interval_length;  // |I|; without it the last step minus the first
  math::LossError<double> loss_error;     // bound on the error of one loss
  double most_rounding = kMostRounding;   // of T; infinity where something better than the bound will judge
};

/// One without numbers, for a direction that is left out.
ProfileDiagnostics left_out_profile(DirectionStatus status);

/// losses (P), steps (P) ascending, complete (P) of 0 and 1 or empty (all complete); P >= 2.
/// Throws Error where shapes differ, steps do not ascend or |I| is not positive.
ProfileDiagnostics diagnose_profile(std::span<const double> losses, std::span<const double> steps,
                                    std::span<const std::uint8_t> complete = {},
                                    const DiagnosticsOptions& options = {});

/// All rows of losses (M, P), row-major; complete (M, P) or empty. Result: (M), in direction order.
std::vector<ProfileDiagnostics> diagnose_profiles(std::span<const double> losses, std::span<const double> steps,
                                                  std::span<const std::uint8_t> complete = {},
                                                  const DiagnosticsOptions& options = {});

/// How the usable profiles divide over the shapes, and what is typical of them. Numbers of no usable profile are empty.
struct ShapeSummary {
  std::int64_t n_usable = 0;
  std::int64_t count[kProfileShapes] = {};  // by ProfileShape
  std::optional<double> mean_slope_changes, mean_absolute_asymmetry, mean_absolute_minimum_offset;
  std::optional<double> median_slope_changes, median_absolute_minimum_offset;
  std::optional<double> median_curvature;  // of the profiles that have one
  double share(ProfileShape shape) const;  // of the usable ones, in [0, 1]; 0 if there are none
};
/// Of an even number of values the mean of the middle two; nothing of no values.
std::optional<double> median(std::vector<double> values);

ShapeSummary summarise_shapes(std::span<const ProfileDiagnostics> profiles);

/// Counts in even bins: edges (B + 1) ascending, counts (B); bin b holds edges[b] <= x < edges[b + 1], the last one its
/// upper edge too.
struct Histogram {
  std::vector<double> edges;
  std::vector<std::int64_t> counts;
};

/// Even edges (n_bins + 1) over [low, high], a little widened where the two are equal to rounding.
std::vector<double> histogram_edges(double low, double high, int n_bins);
/// Values outside the edges are not counted.
Histogram histogram_of(std::span<const double> values, std::vector<double> edges);

}  // namespace landscape
