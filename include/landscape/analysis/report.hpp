// The words and the one table on standard output.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "landscape/analysis/roughness_report.hpp"

namespace landscape {

/// The table and the paired comparison. Never wider than 100 columns; ends with a newline.
std::string report_text(const Report& report);

/// Of the same loss (`what`) in two files; why_unpaired is empty for a paired comparison. Ends with a newline.
std::string file_comparison_text(const Comparison& comparison, const std::string& what,
                                 const std::string& why_unpaired);

}  // namespace landscape
