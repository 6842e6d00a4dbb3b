// The median of a quantity of pairs of minimizers, and how far that of other minimizers may lie.
//
// Pairs that share a minimizer are not independent: K minimizers make up to K (K - 1) / 2 pairs, but only K independent
// draws. So minimizers are resampled, not pairs (the bootstrap of a U-statistic, Arcones and Gine 1992; of the vertices
// of a graph, Snijders and Borgatti 1999): where a resample has minimizer i m_i times, the pair (i, j) counts m_i m_j
// times, and the median* is the weighted one. A minimizer and its own copy are no pair. The interval has the
// percentiles of median* as its ends, moved away from the median by the factor that few minimizers ask for,
//
//   [ m - w (m - q_lower),  m + w (q_upper - m) ],   w = sqrt(K / (K - 1)) t-quantile (K - 1) / normal quantile >= 1.
//
// Its measured coverage stands in tests/roughness/test_pair_median.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "landscape/roughness/bootstrap.hpp"

namespace landscape {

struct MinimizerPair {
  std::size_t first = 0, second = 0;  // first < second
  friend bool operator==(const MinimizerPair&, const MinimizerPair&) = default;
};

struct PairMedian {
  std::int64_t n_pairs = 0;          // with a finite value
  std::int64_t n_minimizers = 0;     // in these pairs
  std::optional<double> median;      // unit of the values; needs a pair
  std::optional<TwoSided> interval;  // needs kFewestForInterval minimizers
};

/// values (N) of pairs (N) among n_minimizers; values that are not finite are left out. Throws Error where the shapes
/// differ, UsageError like `validate`; options.method plays no part.
PairMedian pair_median(std::span<const double> values, std::span<const MinimizerPair> pairs, std::size_t n_minimizers,
                       const BootstrapOptions& options = {});

}  // namespace landscape
