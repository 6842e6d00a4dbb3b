// The words and the one table on standard output.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "landscape/app/evaluation.hpp"
#include "landscape/app/output.hpp"
#include "landscape/app/reduction.hpp"
#include "landscape/app/setup.hpp"

namespace landscape {

/// Program, ranks, problem, network, profiles, output: what is about to be done. Ends with a newline.
std::string header_text(const Setup& setup, int n_ranks, const OutputClaim& claim);

/// The table and the paired comparison. Never wider than 100 columns; ends with a newline.
std::string report_text(const Report& report);

/// Of the same loss (`what`) in two files; why_unpaired is empty for a paired comparison. Ends with a newline.
std::string file_comparison_text(const Comparison& comparison, const std::string& what,
                                 const std::string& why_unpaired);

/// "sin(pi x)" problem in words: "-u'' = f on (0,1), u = 0 at the ends, u* = sin(pi x)"
std::string problem_text(const Problem& problem, int dimension);

}  // namespace landscape
