// --precision single checks itself: a few steps of every direction are evaluated in double precision as well.
#pragma once

#include <span>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/job/setup.hpp"
#include "landscape/parallel/communicator.hpp"
#include "landscape/profile/line_set.hpp"

namespace landscape {

/// Steps at which single precision is checked, evenly spread over (P) with both ends and the middle: at most 9.
std::vector<double> checked_steps(std::span<const double> steps);

/// Collective. On rank 0 the rounding noise of the profiles of one loss (M), unit of f: standard deviation over the
/// checked ones of `steps` of the loss in single precision minus that in double (an offset common to all steps moves no
/// T). Empty on the other ranks.
std::vector<double> single_precision_noise(const Communicator& comm, const Setup& setup, LossKind loss,
                                           const LineSet& lines, std::span<const double> steps);

/// The part of a profile's total variation that independent noise of standard deviation sigma on every step adds, as a
/// share of it.
double noise_share_of_variation(std::span<const double> losses, double sigma);

/// A noise above this share of max - min, or a share of T above it made by noise, is warned of.
inline constexpr double kMostNoise = 0.01;

}  // namespace landscape
