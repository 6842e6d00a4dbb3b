// What a minimizer is measured by, one number each, under the names of its attributes in a file and of its members in
// JSON.
#pragma once

#include <utility>

#include "landscape/model/minimizer.hpp"

namespace landscape {

inline constexpr std::pair<const char*, double Minimizer::*> kMinimizerMeasures[] = {
    {"final_loss", &Minimizer::final_loss},
    {"final_loss_error", &Minimizer::final_loss_error},
    {"relative_l2_error", &Minimizer::relative_l2_error},
    {"relative_l2_uncertainty", &Minimizer::relative_l2_uncertainty},
    {"relative_h1_error", &Minimizer::relative_h1_error},
    {"relative_h1_uncertainty", &Minimizer::relative_h1_uncertainty},
    {"gradient_norm", &Minimizer::gradient_norm},
    {"training_loss", &Minimizer::training_loss},
    {"profile_loss", &Minimizer::profile_loss}};

inline constexpr std::pair<const char*, double CriticalPoint::*> kCriticalMeasures[] = {
    {"profile_gradient_norm", &CriticalPoint::gradient_norm},
    {"smallest_eigenvalue", &CriticalPoint::smallest_eigenvalue},
    {"largest_eigenvalue", &CriticalPoint::largest_eigenvalue},
    {"eigenvalue_error", &CriticalPoint::eigenvalue_error},
    {"hessian_trace", &CriticalPoint::trace},
    {"negative_eigenvalues", &CriticalPoint::n_negative},
    {"newton_step", &CriticalPoint::newton_step},
    {"newton_step_error", &CriticalPoint::newton_step_error},
    {"predicted_decrease", &CriticalPoint::predicted_decrease},
    {"decrease_of_positive", &CriticalPoint::decrease_of_positive}};

}  // namespace landscape
