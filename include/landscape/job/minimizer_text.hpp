// Minimizers in words.
#pragma once

#include <string>

#include "landscape/equation/equation.hpp"
#include "landscape/model/minimizer.hpp"

namespace landscape {

/// What speaks against theta* being a minimum of its loss, a sentence per line: a Ritz loss (the final one, one of the
/// training's or that of the profiles' points) below the least over all functions; a relative L2 error above 5 %;
/// |grad L| |theta*| above a tenth of the difference between the losses of u = 0 and u*. Empty where nothing does.
std::string minimizer_warnings(const Minimizer& minimizer, const Problem& problem);
/// Whether one of its losses lies below the least over all functions: such a quadrature is no bound any more.
bool is_below_minimum(const Minimizer& minimizer, const Problem& problem);
/// "Warning: ..." for each, wrapped; ends with a newline where there is one.
std::string warning_lines(const std::string& warnings);

/// "loss -2.467401 +- 3e-15 (gauss:64), relative L2 error 1.2e-05"
std::string loss_text(const Minimizer& minimizer);
/// "-2.19 with simpson:8; -2.51 with gauss:3": the losses with the training's and with the profiles' points, where they
/// are shown by other digits than the final one.
std::string other_losses_text(const Minimizer& minimizer);
/// Whether it is a minimum, wrapped and indented; empty where it was not asked.
std::string critical_point_lines(const Minimizer& minimizer);
/// By its name: "  ritz      loss ..., relative L2 error 1.2e-05, 1.3 s", a second line of other losses, if any, and
/// whether it is a minimum.
std::string describe_minimizer(const Minimizer& minimizer);

}  // namespace landscape
