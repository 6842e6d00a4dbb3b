// The topology of a profile, or of a loss on a grid: numbers of its basins (basins.hpp), and how they hang together
// with the variation of a profile.
//
// A basin that meets a lower one is a finite persistence pair (birth at its minimum, death at the saddle); the lowest
// one never dies. On a profile f_0 ... f_m without walls,
//
//   |I| (max f - min f) T_oscillation = 2 sum over the finite pairs of (death - birth)
//
// exactly, with T_oscillation as in diagnostics.hpp. Proof: let the profile, its plateaus drawn together, have k
// minima, ends among them; between any two neighbours lies one highest point, so there are k - 1 interior maxima. Each
// is the saddle of exactly one pair, and each minimum but the lowest is the birth of exactly one:
//
//   sum (death - birth) = sum of the interior maxima - sum of the minima + min f.
//
// In the variation an interior maximum counts +2 f, an interior minimum -2 f, an end +f where it is a maximum and -f
// where it is a minimum. Taking away (f_0 - min f) + (f_m - min f) leaves 0 f of an end that is a maximum and -2 f of
// one that is a minimum, and + 2 min f: twice the sum above. A plateau is one point; of equal minima any may be called
// the lowest. What is not usable has no T: a constant profile has 0 = 0, and losses that are not finite part a profile.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "landscape/roughness/basins.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/diagnostics.hpp"
#include "landscape/roughness/mean_interval.hpp"

namespace landscape {

/// A basin counts as deep above this share of max f - min f.
inline constexpr double kDeepBasin = 0.01;

struct Topology {
  double range = 0.0;              // max f - min f, unit of f
  double total_persistence = 0.0;  // sum of saddle - minimum over all finite pairs, unit of f
  double rounding = 0.0;           // bound on its error from rounded losses, over the pairs that there are, unit of f
  std::int64_t n_pairs = 0;        // finite ones that are deeper than rounding can make
  std::optional<double> mean_gap;  // SMAD: mean of saddle - minimum over these, unit of f; absent where there is none
  std::int64_t n_basins = 0;       // deeper than rounding and than kDeepBasin of the range, the ones that never die too

  double persistence() const { return total_persistence / range; }
  double persistence_rounding() const { return rounding / range; }
};

/// A pair's depth is its saddle minus its minimum, each wrong by at most error.of() of it: what is no deeper than both
/// errors together may be rounding's.
bool is_above_rounding(const Basin& basin, const math::LossError<double>& error);

/// range: max f - min f, unit of f.
Topology topology_of(std::span<const Basin> basins, double range, const math::LossError<double>& error);

/// Of a profile's losses (P), whose diagnosis says usable. For any other: undefined, NaN and 0.
Topology profile_topology(std::span<const double> losses, const ProfileDiagnostics& profile,
                          const math::LossError<double>& error);

/// What the profiles of a loss have in common; only usable directions count.
struct TopologySummary {
  MeanEstimate persistence;                  // of total_persistence / range
  std::optional<double> resolution;          // mean share that rounded losses can make of it
  MeanEstimate gap, normalised_gap;          // of mean_gap and of mean_gap / range, over directions that have a pair
  std::optional<double> mean_basins;         // mean n_basins
  std::optional<double> identity_deviation;  // largest ||I| T_oscillation - 2 total_persistence / range|

  /// The persistence is no more than what rounded losses can make.
  bool is_zero() const { return persistence.mean && *persistence.mean <= *resolution; }
};

/// profiles (M) and topologies (M) of the same directions; length = |I|, unit of s. Throws Error where shapes differ.
TopologySummary summarise_topology(std::span<const ProfileDiagnostics> profiles, std::span<const Topology> topologies,
                                   double length, const BootstrapOptions& options = {});

/// Two losses along the same directions: is the persistence of one larger? Over the directions usable for both.
struct PersistenceComparison {
  std::optional<double> first, second;  // mean persistence over these
  MeanEstimate difference;  // of first - second, in pairs; without interval and p-value where it is rounding's
  double resolution = 0.0;  // a difference up to here is
};
/// Throws Error where shapes differ.
PersistenceComparison compare_persistence(std::span<const ProfileDiagnostics> first_profiles,
                                          std::span<const Topology> first,
                                          std::span<const ProfileDiagnostics> second_profiles,
                                          std::span<const Topology> second, const BootstrapOptions& options = {});

}  // namespace landscape
