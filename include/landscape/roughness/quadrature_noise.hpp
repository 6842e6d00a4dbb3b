// Does the index measure the landscape or the integrator? T[k][i] is the normalised total variation along direction i
// with quadrature point set k (K independent sets, the same M directions). The two-way layout without replication
//
//   T_ki = mu + points_k + direction_i + interaction_ki
//
// has the mean squares (Searle, Casella, McCulloch, Variance Components, ch. 4)
//
//   MS_d = K sum_i (T_.i - T)^2 / (M-1),      MS_p = M sum_k (T_k. - T)^2 / (K-1),
//   MS_e = sum_ki (T_ki - T_k. - T_.i + T)^2 / ((K-1)(M-1)),
//
// and var(direction) = (MS_d - MS_e)/K, var(points) = (MS_p - MS_e)/M, var(interaction) = MS_e; a negative estimate
// counts as zero. Points + interaction is the variance of T along one fixed direction when only the points are redrawn.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "landscape/roughness/diagnostics.hpp"

namespace landscape {

struct QuadratureNoise {
  std::int64_t n_sets = 0, n_directions = 0;
  std::int64_t n_used = 0;                           // directions usable with every set; all numbers below rest on them
  std::vector<std::optional<double>> index_per_set;  // (K) RI with set k; absent with fewer than two such directions
  std::vector<double> mean_per_set;                  // (K) mean T with set k; empty without a usable direction
  std::optional<double> index_mean;                  // over sets
  std::optional<double> index_spread;                // std over sets, ddof = 1: what redrawing the points does to RI
  std::optional<double> index_sampling_error;  // mean jackknife error over sets: what redrawing the directions does
  std::optional<double> variance_directions;   // var(direction), unit of T^2
  std::optional<double> variance_points;       // var(points) + var(interaction)
  bool points_dominate_profiles = false;       // variance_points > variance_directions: T is mostly the integrator
  bool points_dominate_index = false;          // index_spread > index_sampling_error: RI is mostly the integrator
};

/// total_variation (K, M) row-major, status (K, M) or empty (all usable). Throws Error where shapes differ or n_sets
/// < 1. Spreads and variances need K >= 2 and two common directions.
QuadratureNoise split_quadrature_noise(std::span<const double> total_variation, std::int64_t n_sets,
                                       std::span<const DirectionStatus> status = {});

}  // namespace landscape
