// Do the directions suffice? The index of the first directions, as a curve with its intervals, and a rule that says
// when enough were measured: relative half-width (upper - lower) / (2 RI) of every loss's interval at most a given
// bound.
//
// A bound that is looked at after every batch stops, now and then, on an interval that is short by chance. Coverage of
// the 95 % interval that the rule stops on, measured over 500 populations with a bound of 15 %, from 20 and from 100
// directions (tests/roughness/test_stopping.cpp): normal 93.6 and 94.8 %, valleys 94-97 %, two-valued 99.8 %; of skewed
// T it is below nominal, lognormal (sigma 0.3) 91.4 and 93.0 %, exponential 88 %. Batches that grow by half keep the
// number of looks small.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/diagnostics.hpp"

namespace landscape {

/// The index of the first n_directions directions; absent as in RoughnessIndex and index_interval().
struct CurvePoint {
  std::int64_t n_directions = 0, n_used = 0;
  std::optional<double> index;
  std::optional<IndexInterval> interval;
};

/// 10, 20, 50, 100, 200, 500, ... below n_directions, then n_directions itself (>= 1).
std::vector<std::int64_t> curve_counts(std::int64_t n_directions);

/// At curve_counts(M); total_variation (M), status (M) or empty. The last interval is index_interval()'s of all. Errors
/// as of roughness_index() and validate().
std::vector<CurvePoint> index_curve(std::span<const double> total_variation, std::span<const DirectionStatus> status,
                                    const BootstrapOptions& options = {});

/// How well one loss's index is known: the width of its interval.
struct IndexWidth {
  std::optional<double> index;
  std::optional<IndexInterval> interval;
  double resolution = 0.0;  // an index up to here is zero at rounding level
  std::int64_t n_directions = 0, n_used = 0;

  /// (upper - lower) / (2 index); absent without a bounded interval, or where the index is zero at rounding level.
  std::optional<double> half_width() const;
  /// More directions cannot give it a half-width: the index is zero at rounding level, or of kFewestForInterval
  /// directions or more none is usable.
  bool is_hopeless() const;
};

enum class WidthVerdict : std::uint8_t {
  reached = 0,  // by every loss that can have a half-width
  wanting = 1,
  hopeless = 2  // no loss can have one
};
WidthVerdict judge_widths(std::span<const IndexWidth> losses, double bound);

/// The number of directions after n, of at most `most`: half as many again, at least 16 more. n itself where n >= most.
std::int64_t next_count(std::int64_t n, std::int64_t most);

}  // namespace landscape
