// How far a computed loss may be from the exact one. Near its minimum the least-squares loss is a sum of squares of
// residuals r, each a difference of terms that are orders of magnitude larger: with delta the rounding error of one
// residual and D^2 = integral of delta^2, the Cauchy-Schwarz inequality gives
//
//   Galerkin  |error| <= integral of |2 r delta + delta^2|  <=  2 sqrt(f) D + D^2,
//   Ritz      |error| <= integral of the integrand's rounding error,
//
// beside the relative error that summing brings. An error of u is the norm of such residuals: it is wrong by at most D.
// One evaluation at theta* in numbers that carry their rounding (math/rounded.hpp) gives D; along a profile the terms
// change by factors near one wherever rounding can matter.
#pragma once

#include <span>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/math/total_variation.hpp"
#include "landscape/model/network_spec.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

/// Of losses evaluated near theta (n) on `points` in the given precision. Many points are represented by evenly chosen
/// ones, so that the cost stays below about 0.1 s for the study's networks.
math::LossError<double> loss_rounding(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                      std::span<const double> theta, const PointSet& points,
                                      Precision precision = Precision::double_precision);

/// The same of any quantity, in double precision. Of a gradient's norm the bound is measured: the largest change of the
/// gradient over a few random changes of every parameter by one rounding, as if that made all rounding there is, times
/// a safety factor.
math::LossError<double> quantity_rounding(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                          Quantity quantity, std::span<const double> theta, const PointSet& points);

}  // namespace landscape
