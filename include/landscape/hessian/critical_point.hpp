// Whether theta is a minimum of its loss: the gradient g, the ends of the Hessian's spectrum, the number of its falling
// directions, and Newton's step (newton_step.hpp). A landscape is often drawn around a point that is none.
//
// Hessians of up to kLargestWhole parameters are taken apart by LAPACK. Of larger ones two Lanczos runs tell what is
// needed: one from a random probe the ends of the spectrum, within the residuals of its Ritz values, and by Cauchy's
// interlacing no more falling directions than there are; one from g itself Newton's step, as sums over its Gauss
// quadrature of g' f(H) g (lanczos.hpp). Where H is indefinite a Ritz value may come to lie beside zero and make such a
// sum as large as it likes: of two lengths of the run the one with the lesser decrease counts.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/model/minimizer.hpp"

namespace landscape {

/// Steps of each of the check's two Lanczos runs.
inline constexpr std::size_t kCheckSteps = 60;

/// Products with the Hessian that the check of n parameters makes.
std::size_t n_check_products(std::size_t n);

/// By which a decrease of the loss is judged, in its unit.
struct LossHeight {
  double above_least = 0.0;  // the loss minus its least value; NaN where that is not known
  double scale = 0.0;        // natural size of a loss (loss_scale)
  double rounding = 0.0;     // bound on the loss's error from rounding
};

/// At theta (n), on the points of the backend, which must have products with the Hessian; `seed` draws the random probe
/// of Lanczos. The verdict is "unknown" where gradient or Hessian is not finite, else it and the sentence call theta
///   not critical   where Newton's step would take away more than kNotCritical of the loss above its least value (where
///                  that is unknown, kNotCriticalOfScale of its natural size), and more than anybody could notice,
///   a saddle       where it has falling directions that could be noticed, and else
///   a minimum.
/// Noticed could be a curvature of kNoticeable times the largest, and what it does to the loss over a unit step; more
/// than rounding makes it has to be in any case.
CriticalPoint examine_critical_point(LossBackend& backend, LossKind loss, std::span<const double> theta,
                                     const LossHeight& height, std::uint64_t seed);
inline constexpr double kNotCritical = 0.01, kNotCriticalOfScale = 1e-6, kNoticeable = 1e-8;

}  // namespace landscape
