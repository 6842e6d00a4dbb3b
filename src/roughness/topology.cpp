// Sums over basins, then means over directions.
#include "landscape/roughness/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "landscape/model/error.hpp"
#include "moments.hpp"

namespace landscape {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double error_of_depth(const Basin& basin, const math::LossError<double>& error) {
  return error.of(basin.value) + error.of(basin.value + basin.depth);
}

void require_equal(std::size_t a, std::size_t b) {
  if (a != b) throw Error(fmt::format("{} and {} directions were given: only the same can be set side by side.", a, b));
}

bool is_usable(const ProfileDiagnostics& profile) { return profile.status == DirectionStatus::usable; }

double mean_of(const std::vector<double>& values) { return detail::moments_of(values).mean; }

}  // namespace

bool is_above_rounding(const Basin& basin, const math::LossError<double>& error) {
  return !basin.dies() || basin.depth > error_of_depth(basin, error);
}

Topology topology_of(std::span<const Basin> basins, double range, const math::LossError<double>& error) {
  Topology result;
  result.range = range;
  double sum = 0.0;
  for (const Basin& basin : basins) {
    if (basin.dies()) {
      result.total_persistence += basin.depth;
      result.rounding += error_of_depth(basin, error);
    }
    if (!is_above_rounding(basin, error)) continue;
    if (basin.dies()) {
      sum += basin.depth;
      ++result.n_pairs;
    }
    if (!basin.dies() || basin.depth > kDeepBasin * range) ++result.n_basins;
  }
  if (result.n_pairs > 0) result.mean_gap = sum / static_cast<double>(result.n_pairs);
  return result;
}

Topology profile_topology(std::span<const double> losses, const ProfileDiagnostics& profile,
                          const math::LossError<double>& error) {
  if (!is_usable(profile)) return {kNan, kNan, kNan, 0, std::nullopt, 0};
  const auto n_steps = static_cast<std::int64_t>(losses.size());
  return topology_of(find_basins(losses, 1, n_steps), profile.maximum - profile.minimum, error);
}

TopologySummary summarise_topology(std::span<const ProfileDiagnostics> profiles, std::span<const Topology> topologies,
                                   double length, const BootstrapOptions& options) {
  require_equal(profiles.size(), topologies.size());
  TopologySummary summary;
  std::vector<double> persistence, rounding, gap, normalised_gap, basins;
  for (std::size_t k = 0; k < profiles.size(); ++k) {
    if (!is_usable(profiles[k])) continue;
    const Topology& topology = topologies[k];
    persistence.push_back(topology.persistence());
    rounding.push_back(topology.persistence_rounding());
    basins.push_back(static_cast<double>(topology.n_basins));
    const double deviation = std::fabs(length * profiles[k].oscillation - 2.0 * topology.persistence());
    summary.identity_deviation = std::max(summary.identity_deviation.value_or(0.0), deviation);
    if (!topology.mean_gap) continue;
    gap.push_back(*topology.mean_gap);
    normalised_gap.push_back(*topology.mean_gap / topology.range);
  }
  summary.persistence = estimate_positive_mean(persistence, options);
  if (!persistence.empty()) {
    summary.resolution = mean_of(rounding);
    summary.mean_basins = mean_of(basins);
  }
  summary.gap = estimate_positive_mean(gap, options);
  summary.normalised_gap = estimate_positive_mean(normalised_gap, options);
  return summary;
}

PersistenceComparison compare_persistence(std::span<const ProfileDiagnostics> first_profiles,
                                          std::span<const Topology> first,
                                          std::span<const ProfileDiagnostics> second_profiles,
                                          std::span<const Topology> second, const BootstrapOptions& options) {
  require_equal(first_profiles.size(), first.size());
  require_equal(first_profiles.size(), second_profiles.size());
  require_equal(second_profiles.size(), second.size());
  std::vector<double> a, b, difference, rounding;
  for (std::size_t k = 0; k < first.size(); ++k) {
    if (!is_usable(first_profiles[k]) || !is_usable(second_profiles[k])) continue;
    a.push_back(first[k].persistence());
    b.push_back(second[k].persistence());
    difference.push_back(a.back() - b.back());
    rounding.push_back(first[k].persistence_rounding() + second[k].persistence_rounding());
  }
  PersistenceComparison result;
  result.difference = estimate_mean(difference, options);
  if (difference.empty()) return result;
  result.first = mean_of(a);
  result.second = mean_of(b);
  result.resolution = mean_of(rounding);
  if (!(std::fabs(*result.difference.mean) > result.resolution)) {
    result.difference.interval.reset();
    result.difference.p_value.reset();
  }
  return result;
}

}  // namespace landscape
