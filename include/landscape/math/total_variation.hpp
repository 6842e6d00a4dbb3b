// Normalised total variation of one loss profile f_0 ... f_m on an interval of length |I| (Wu, Du, Chen, Zhou,
// arXiv 2103.11069):
//
//   T = sum_j |f_{j+1} - f_j| / ( |I| (max f - min f) ).
//
// The sum telescopes over every run of equal slope sign, so only the turning points and the two ends are subtracted:
// the same number, but rounded once per run instead of once per step, and a monotone profile gives |I| T = 1 exactly.
//
// What rounding can do. Let e(f) = r |f| + c sqrt|f| + a bound the error of one computed loss: r, by default 32 eps,
// for the sum (Q terms err by about sqrt(Q) eps/2, 16 eps at Q = 1000); c and a for terms that cancel inside the
// integrand (backend/loss_rounding.hpp: near its minimum a least-squares loss of 1e-12 is known to 1e-9 of itself
// only). With e at max|f|, a truly constant loss shows a range of up to 2e, hence
//
//   flat  <=>  max f - min f <= tolerance = 2 e          (1.4e-14 max|f| in double where nothing cancels).
//
// Of n_runs runs, each end is wrong by at most e, and the range by 2e:
//
//   |error of |I| T|  <=  ( n_runs + |I| T ) tolerance / (max f - min f),
//
// which `rounding` reports (divided by |I|), so that a small range is visible as a wide bound instead of a wrong T.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "landscape/math/config.hpp"

LANDSCAPE_MATH_BEGIN

/// Why a profile has no T. The values are those stored in files.
enum class ProfileStatus : unsigned char { usable = 0, flat = 1, non_finite = 2 };

template <class Real>
struct TotalVariation {
  Real value;     // T, 1 / (unit of s); NaN unless usable: read `status` first
  Real tilt;      // the part of T made by the ends, ((f_0 - min) + (f_m - min)) / (|I| (max - min)); NaN unless usable
  Real rounding;  // bound on |error of T| from rounded losses, unit of T; NaN unless usable
  Real minimum, maximum;  // of f, unit of f; NaN where non-finite
  Real tolerance;         // differences of f up to here may be rounding, unit of f; NaN where non-finite
  std::ptrdiff_t n_runs;  // maximal runs of equal slope sign, rounding wiggles included; 0 for a constant profile
  ProfileStatus status;
};

// As variables, since device code may read constants but not call the library's functions.
template <class Real>
inline constexpr Real kDefaultLossError = Real(32) * std::numeric_limits<Real>::epsilon();
template <class Real>
inline constexpr Real kQuietNan = std::numeric_limits<Real>::quiet_NaN();

/// Bound on the error of one computed loss f: e(f) = relative |f| + root sqrt|f| + absolute.
template <class Real>
struct LossError {
  Real relative = kDefaultLossError<Real>;
  Real root = Real(0);      // unit of sqrt(f)
  Real absolute = Real(0);  // unit of f

  LANDSCAPE_HD Real of(Real f) const {
    const Real size = f < Real(0) ? -f : f;
    return relative * size + root * std::sqrt(size) + absolute;
  }
};

/// T of `losses` (n_steps values, `stride` apart) on an interval of length `length` > 0 (unit of s). One pass, nothing
/// allocated. A NaN, an infinity, or a range that overflows gives `non_finite`; fewer than two steps give `flat`.
template <class Real>
LANDSCAPE_HD inline TotalVariation<Real> normalised_total_variation(const Real* losses, std::ptrdiff_t n_steps,
                                                                    Real length, const LossError<Real>& error = {},
                                                                    std::ptrdiff_t stride = 1) {
  constexpr Real nan = kQuietNan<Real>;
  TotalVariation<Real> result{nan, nan, nan, nan, nan, nan, 0, ProfileStatus::flat};
  if (n_steps < 1) return result;

  const Real first = losses[0];
  Real low = first, high = first;
  Real run_start = first, previous = first;
  Real variation = Real(0);
  int slope = 0;
  bool finite = first - first == Real(0);
  for (std::ptrdiff_t j = 1; j < n_steps; ++j) {
    const Real f = losses[j * stride];
    finite = finite && f - f == Real(0);
    const int sign = f > previous ? 1 : (f < previous ? -1 : 0);
    if (sign != 0 && sign != slope) {
      variation += previous > run_start ? previous - run_start : run_start - previous;
      run_start = previous;
      slope = sign;
      ++result.n_runs;
    }
    low = f < low ? f : low;
    high = f > high ? f : high;
    previous = f;
  }
  variation += previous > run_start ? previous - run_start : run_start - previous;

  const Real range = high - low;
  if (!finite || !(variation - variation == Real(0)) || !(range - range == Real(0))) {
    result.n_runs = 0;
    result.status = ProfileStatus::non_finite;
    return result;
  }
  const Real largest = high > -low ? high : -low;
  result.minimum = low;
  result.maximum = high;
  result.tolerance = Real(2) * error.of(largest);
  if (!(range > result.tolerance)) return result;

  const Real scaled = variation / range;  // |I| T
  result.value = scaled / length;
  result.tilt = ((first - low) + (previous - low)) / range / length;
  result.rounding = (static_cast<Real>(result.n_runs) + scaled) * (result.tolerance / range) / length;
  result.status = ProfileStatus::usable;
  return result;
}

LANDSCAPE_MATH_END
