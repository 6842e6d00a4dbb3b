// Is one loss rougher than the other? Both are measured along the same directions, so they are resampled together.
//
// With influences a_i, b_i of direction i on log RI_A and log RI_B (bootstrap.hpp), the error of D = log(RI_A/RI_B) is
// se^2 = sum (a_i - b_i)^2 / n^2: what both losses share cancels. Over B resamples of pairs,
//
//   |t*| = |D* - D| / se*,   ratio interval = exp(D -+ q se),   p = (1 + #{|t*| >= |D|/se})/(B + 1),
//
// with q the |t*| that lets the interval exclude 1 exactly where p <= 1 - confidence (all but (1 - confidence)(B + 1)
// of the |t*| are smaller or equal), and with the floors of bootstrap.hpp under se and se*. The interval of RI_A - RI_B
// is made the same way from the influences c_A a_i - c_B b_i. The symmetric studentised form was chosen by its measured
// rejection rate of equal indices: 4.0-5.9 % at nominal 5 % and M = 100 (tests/roughness/coverage_simulation.cpp, which
// also says where it does not hold), while BCa and percentiles of the log ratio reach 7-13 % for skewed T.
//
// The verdict and p are the ratio's: apart exactly where its interval excludes 1; without a ratio the difference's. The
// two intervals are made on different scales and disagree now and then near the border: the sentence then says so.
// Where indices that are told apart differ by no more than rounded losses can make, the verdict says that instead.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/diagnostics.hpp"

namespace landscape {

/// One loss's directions. resolution: an index up to here is zero at rounding level (index_resolution()).
struct LossSample {
  std::string name;                         // as the sentence shall say it: "Ritz"
  std::span<const double> total_variation;  // (M); values of unusable directions are not read
  std::span<const DirectionStatus> status;  // (M), or empty: all usable
  double resolution = 1.4e-14;
};

enum class ComparisonVerdict : std::uint8_t {
  not_distinguishable = 0,
  first_rougher = 1,
  second_rougher = 2,
  both_zero = 3,       // both indices are zero at rounding level
  not_comparable = 4,  // fewer than two directions usable for both
  within_rounding = 5  // apart, but by no more than rounding can make
};

struct Comparison {
  std::string first, second;  // names
  ComparisonVerdict verdict = ComparisonVerdict::not_comparable;
  std::int64_t n_directions = 0;
  bool paired = true;
  std::int64_t n_used = 0;            // usable for both; unpaired: usable for the first
  std::int64_t n_used_second = 0;     // unpaired only: usable for the second
  std::int64_t n_excluded_first = 0;  // unusable for the first (and maybe the second)
  std::int64_t n_excluded_second = 0;
  std::optional<double> index_first, index_second;  // over the n_used common directions
  std::optional<double> difference;                 // RI_first - RI_second
  std::optional<TwoSided> difference_interval;      // needs kFewestForInterval common directions
  std::optional<double> ratio;             // RI_first / RI_second; absent where either is zero at rounding level
  std::optional<TwoSided> ratio_interval;  // absent also where the resamples leave it unbounded
  std::optional<double> p_value;  // of equal indices, two-sided; from the ratio, without one from the difference
  double confidence = 0.95;
  std::int64_t resamples = 0;
  double resolution = 0.0;  // a difference up to here is rounding's

  /// Which interval the verdict and p rest on: "ratio", "difference", or "none" where there is no such interval.
  std::string decided_by() const;
};

/// Throws Error where the samples differ in length or hold an impossible T, UsageError like `validate`.
/// options.method plays no part: there is one method, see above.
Comparison compare_indices(const LossSample& first, const LossSample& second, const BootstrapOptions& options = {});

/// The same for samples whose directions have nothing to do with each other (or are not known to be common): each is
/// resampled by itself, so se^2 = sum a_i^2 / n_A^2 + sum b_i^2 / n_B^2. They may differ in length. Rejection rate of
/// equal indices: see the test of that name.
Comparison compare_unpaired(const LossSample& first, const LossSample& second, const BootstrapOptions& options = {});

/// One sentence in plain words, e.g. "Ritz is rougher than Galerkin: ratio 4.1, 95 % interval 3.2–5.3 (100
/// directions)."
std::string describe(const Comparison& comparison);

}  // namespace landscape
