// What a job says before it begins.
#pragma once

#include <string>

#include "landscape/job/output.hpp"
#include "landscape/job/setup.hpp"

namespace landscape {

/// Program, ranks, problem, network, profiles, output: what is about to be done. Ends with a newline.
std::string header_text(const Setup& setup, int n_ranks, const OutputClaim& claim);

/// "sin(pi x)" problem in words: "-u'' = f on (0,1), u = 0 at the ends, u* = sin(pi x)"
std::string problem_text(const Problem& problem, int dimension);

}  // namespace landscape
