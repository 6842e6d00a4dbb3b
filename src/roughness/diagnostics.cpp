// Turning points by one scan with a dead band, the curvature by the parabola through the step nearest 0 and its
// neighbours.
#include "landscape/roughness/diagnostics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "landscape/model/choices.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

constexpr Choices<DirectionStatus, 5> kStatuses{{{DirectionStatus::usable, "usable"},
                                                 {DirectionStatus::flat, "flat"},
                                                 {DirectionStatus::non_finite, "non-finite"},
                                                 {DirectionStatus::incomplete, "incomplete"},
                                                 {DirectionStatus::unresolved, "unresolved"}}};
constexpr Choices<ProfileShape, kProfileShapes> kShapes{{{ProfileShape::monotone, "monotone"},
                                                         {ProfileShape::single_valley, "single-valley"},
                                                         {ProfileShape::multi_valley, "multi-valley"},
                                                         {ProfileShape::single_peak, "single-peak"},
                                                         {ProfileShape::undefined, "undefined"},
                                                         {ProfileShape::valley_and_peak, "valley-and-peak"}}};

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct TurningPoints {
  std::int64_t n_lows = 0, n_highs = 0;
};

/// Walks from extreme to extreme; a turn counts once f has come back from the last extreme by more than `dead_band`.
TurningPoints count_turning_points(std::span<const double> f, double dead_band) {
  TurningPoints turns;
  double low = f[0], high = f[0];
  int slope = 0;  // of the walk so far: unknown until f has moved by more than the dead band
  for (const double value : f) {
    if (value > high) high = value;
    if (value < low) low = value;
    if (slope >= 0 && high - value > dead_band) {
      turns.n_highs += slope > 0 ? 1 : 0;
      slope = -1;
      low = value;
    } else if (slope <= 0 && value - low > dead_band) {
      turns.n_lows += slope < 0 ? 1 : 0;
      slope = 1;
      high = value;
    }
  }
  return turns;
}

ProfileShape classify(const TurningPoints& turns) {
  if (turns.n_lows > 1) return ProfileShape::multi_valley;
  if (turns.n_lows == 1) return turns.n_highs == 0 ? ProfileShape::single_valley : ProfileShape::valley_and_peak;
  return turns.n_highs == 0 ? ProfileShape::monotone : ProfileShape::single_peak;
}

double step_of_minimum(std::span<const double> f, std::span<const double> s) {
  std::size_t lowest = 0;
  for (std::size_t j = 1; j < f.size(); ++j) {
    if (f[j] < f[lowest] || (f[j] == f[lowest] && std::fabs(s[j]) < std::fabs(s[lowest]))) lowest = j;
  }
  return s[lowest];
}

/// Twice the divided difference f[s_{c-1}, s_c, s_{c+1}], exact for a parabola on any steps; c is the step nearest s =
/// 0.
void set_curvature(std::span<const double> f, std::span<const double> s, double tolerance, ProfileDiagnostics& d) {
  if (f.size() < 3) return;
  std::size_t c = 1;
  for (std::size_t j = 2; j + 1 < s.size(); ++j) {
    if (std::fabs(s[j]) < std::fabs(s[c])) c = j;
  }
  const double left = s[c] - s[c - 1], right = s[c + 1] - s[c];
  const double rise = (f[c + 1] - f[c]) / right, fall = (f[c] - f[c - 1]) / left;
  d.curvature = 2.0 * (rise - fall) / (left + right);
  d.curvature_rounding = 2.0 * tolerance * (1.0 / left + 1.0 / right) / (left + right);
}

void check_shapes(std::span<const double> losses, std::span<const double> steps,
                  std::span<const std::uint8_t> complete) {
  if (steps.size() < 2) throw Error(fmt::format("A profile needs at least 2 steps, {} given.", steps.size()));
  if (losses.size() % steps.size() != 0) {
    throw Error(fmt::format("{} losses are no whole number of profiles of {} steps.", losses.size(), steps.size()));
  }
  if (!complete.empty() && complete.size() != losses.size()) {
    throw Error(fmt::format("The completion mask has {} entries for {} losses.", complete.size(), losses.size()));
  }
  for (std::size_t j = 1; j < steps.size(); ++j) {
    if (!(steps[j - 1] < steps[j])) throw Error(fmt::format("The profile's steps do not ascend at entry {}.", j));
  }
}

double interval_length(std::span<const double> steps, const DiagnosticsOptions& options) {
  const double length = options.interval_length.value_or(steps.back() - steps.front());
  if (!(length > 0.0) || !std::isfinite(length))
    throw Error(fmt::format("The interval length {} is not positive.", length));
  return length;
}

bool all_complete(std::span<const std::uint8_t> complete) {
  for (const std::uint8_t entry : complete) {
    if (entry == 0) return false;
  }
  return true;
}

ProfileDiagnostics diagnose(std::span<const double> f, std::span<const double> s,
                            std::span<const std::uint8_t> complete, double length, const DiagnosticsOptions& options) {
  if (!all_complete(complete)) return left_out_profile(DirectionStatus::incomplete);
  const auto variation =
      math::normalised_total_variation(f.data(), static_cast<std::ptrdiff_t>(f.size()), length, options.loss_error);
  if (variation.status == math::ProfileStatus::non_finite) return left_out_profile(DirectionStatus::non_finite);
  if (variation.status == math::ProfileStatus::flat) return left_out_profile(DirectionStatus::flat);
  if (!(variation.rounding <= options.most_rounding * variation.value)) {
    return left_out_profile(DirectionStatus::unresolved);
  }

  ProfileDiagnostics d = left_out_profile(DirectionStatus::usable);
  d.total_variation = variation.value;
  d.tilt = variation.tilt;
  const double rest = variation.value - variation.tilt;
  d.oscillation = rest > 0.0 ? rest : 0.0;  // the triangle inequality, up to the last rounding
  d.rounding = variation.rounding;
  d.minimum = variation.minimum;
  d.maximum = variation.maximum;
  d.end_asymmetry = (f.back() - f.front()) / (variation.maximum - variation.minimum);
  d.minimum_offset = step_of_minimum(f, s);
  const TurningPoints turns = count_turning_points(f, variation.tolerance);
  d.n_slope_changes = turns.n_lows + turns.n_highs;
  d.n_valleys = turns.n_lows;
  d.shape = classify(turns);
  set_curvature(f, s, variation.tolerance, d);
  return d;
}

}  // namespace

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

std::string to_string(DirectionStatus status) { return choice_name(kStatuses, status); }
std::string to_string(ProfileShape shape) { return choice_name(kShapes, shape); }

ProfileDiagnostics left_out_profile(DirectionStatus status) {
  ProfileDiagnostics d{};
  d.status = status;
  d.shape = ProfileShape::undefined;
  for (double* value : {&d.total_variation, &d.tilt, &d.oscillation, &d.rounding, &d.minimum, &d.maximum,
                        &d.end_asymmetry, &d.minimum_offset, &d.curvature_rounding}) {
    *value = kNan;
  }
  return d;
}

ProfileDiagnostics diagnose_profile(std::span<const double> losses, std::span<const double> steps,
                                    std::span<const std::uint8_t> complete, const DiagnosticsOptions& options) {
  check_shapes(losses, steps, complete);
  if (losses.size() != steps.size()) {
    throw Error(fmt::format("A profile of {} losses does not fit {} steps.", losses.size(), steps.size()));
  }
  return diagnose(losses, steps, complete, interval_length(steps, options), options);
}

std::vector<ProfileDiagnostics> diagnose_profiles(std::span<const double> losses, std::span<const double> steps,
                                                  std::span<const std::uint8_t> complete,
                                                  const DiagnosticsOptions& options) {
  check_shapes(losses, steps, complete);
  const double length = interval_length(steps, options);
  const std::size_t n_steps = steps.size();
  std::vector<ProfileDiagnostics> profiles;
  profiles.reserve(losses.size() / n_steps);
  for (std::size_t at = 0; at < losses.size(); at += n_steps) {
    const auto mask = complete.empty() ? complete : complete.subspan(at, n_steps);
    profiles.push_back(diagnose(losses.subspan(at, n_steps), steps, mask, length, options));
  }
  return profiles;
}

double ShapeSummary::share(ProfileShape shape) const {
  if (n_usable == 0) return 0.0;
  return static_cast<double>(count[static_cast<std::size_t>(shape)]) / static_cast<double>(n_usable);
}

ShapeSummary summarise_shapes(std::span<const ProfileDiagnostics> profiles) {
  ShapeSummary summary;
  std::vector<double> changes, asymmetries, offsets, curvatures;
  for (const ProfileDiagnostics& d : profiles) {
    ++summary.count[static_cast<std::size_t>(d.shape)];
    if (d.status != DirectionStatus::usable) continue;
    ++summary.n_usable;
    changes.push_back(static_cast<double>(d.n_slope_changes));
    asymmetries.push_back(std::fabs(d.end_asymmetry));
    offsets.push_back(std::fabs(d.minimum_offset));
    if (d.curvature) curvatures.push_back(*d.curvature);
  }
  if (summary.n_usable > 0) {
    const auto mean = [](const std::vector<double>& values) {
      return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    };
    summary.mean_slope_changes = mean(changes);
    summary.mean_absolute_asymmetry = mean(asymmetries);
    summary.mean_absolute_minimum_offset = mean(offsets);
  }
  summary.median_slope_changes = median(changes);
  summary.median_absolute_minimum_offset = median(offsets);
  summary.median_curvature = median(curvatures);
  return summary;
}

std::vector<double> histogram_edges(double low, double high, int n_bins) {
  const double middle = 0.5 * (low + high);
  const double half = std::max(0.5 * (high - low), 1e-6 * std::fabs(middle));
  std::vector<double> edges;
  for (int b = 0; b <= n_bins; ++b) edges.push_back(middle + half * (2.0 * b - n_bins) / n_bins);
  edges.front() = std::min(edges.front(), low);
  edges.back() = std::max(edges.back(), high);
  return edges;
}

Histogram histogram_of(std::span<const double> values, std::vector<double> edges) {
  Histogram histogram{std::move(edges), {}};
  const std::vector<double>& e = histogram.edges;
  histogram.counts.assign(e.size() - 1, 0);
  for (const double x : values) {
    if (!(x >= e.front() && x <= e.back())) continue;
    const auto above = static_cast<std::size_t>(std::upper_bound(e.begin(), e.end(), x) - e.begin());
    ++histogram.counts[std::min(above, histogram.counts.size()) - 1];
  }
  return histogram;
}

}  // namespace landscape
