// The roughness index over M random directions (Wu, Du, Chen, Zhou, arXiv 2103.11069):
//
//   RI = std(T; ddof = 1) / mean(T),
//
// summed in direction order with a fixed association, so the same T give the same bits anywhere. Directions without a T
// (flat, at rounding level, non-finite, incomplete) are left out and counted by reason, never replaced by a number.
// With fewer than two usable directions the index does not exist.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "landscape/roughness/diagnostics.hpp"

namespace landscape {

struct RoughnessIndex {
  std::optional<double> index;               // dimensionless; needs two usable directions
  std::optional<double> mean;                // of T, 1/unit of s; needs one
  std::optional<double> standard_deviation;  // of T, ddof = 1; needs two
  std::optional<double> jackknife_error;     // standard error of the index; needs three
  std::int64_t n_directions = 0;
  std::int64_t n_used = 0;
  std::int64_t n_flat = 0, n_unresolved = 0, n_non_finite = 0, n_incomplete = 0;
};

/// total_variation (M), status (M) or empty (all usable). Values of unusable directions are not read.
/// Throws Error where shapes differ or a usable T is not positive and finite.
RoughnessIndex roughness_index(std::span<const double> total_variation, std::span<const DirectionStatus> status = {});
RoughnessIndex roughness_index(std::span<const ProfileDiagnostics> profiles);

/// The T of the usable directions, in direction order. Same errors.
std::vector<double> usable_values(std::span<const double> total_variation,
                                  std::span<const DirectionStatus> status = {});

/// Where the variance of T comes from: var(T) = cov(T, T_tilt) + cov(T, T_oscillation), hence RI^2 = RI^2 (tilt_share +
/// oscillation_share). The shares add up to one; either may be negative or above one where the parts move against each
/// other.
struct IndexSplit {
  double mean_tilt, mean_oscillation;  // of T_tilt and T_oscillation; their sum is mean(T)
  std::optional<double> tilt_share;    // cov(T, T_tilt) / var(T); absent where all T are equal
  std::optional<double> oscillation_share;
};
/// Absent with fewer than two usable directions.
std::optional<IndexSplit> split_index(std::span<const ProfileDiagnostics> profiles);

/// The index that rounded losses alone can make, over the usable directions: sqrt(sum_k rounding_k^2 / (M - 1)) /
/// mean(T). An index below it is zero as far as anyone can tell (the linear model's, for one). Absent with fewer than
/// two usable directions.
std::optional<double> index_resolution(std::span<const ProfileDiagnostics> profiles);

/// The index of the first n_directions directions, for n_directions in `counts`: does M suffice?
struct IndexAtCount {
  std::int64_t n_directions, n_used;
  std::optional<double> index, jackknife_error;
};
/// Throws Error where a count is outside [0, M].
std::vector<IndexAtCount> index_against_count(std::span<const double> total_variation,
                                              std::span<const DirectionStatus> status,
                                              std::span<const std::int64_t> counts);

}  // namespace landscape
