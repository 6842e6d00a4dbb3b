// The words and the one table on standard output.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "landscape/analysis/roughness_report.hpp"

namespace landscape {

/// brief: a dozen rows, what is to be warned of, verdicts, and how to see the rest; all these lines but the last are in
/// the full one too.
enum class ReportLength { brief, full };

/// The table and the paired comparison. Never wider than 100 columns; ends with a newline.
std::string report_text(const Report& report, ReportLength length);

/// Of the same loss (`what`) in two files; why_unpaired is empty for a paired comparison. Ends with a newline.
std::string file_comparison_text(const Comparison& comparison, const std::string& what,
                                 const std::string& why_unpaired);

}  // namespace landscape
