// Do the directions suffice? The curve of RI against M and the outcome of --until-ci: their places in the file, their
// words in the report, and the decision whether a job goes on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "landscape/analysis/roughness_report.hpp"
#include "landscape/io/result_table.hpp"

namespace landscape {

/// "roughness/ritz/curve": directions (C), used (C), index (C), interval (C, 2) of the curve of M directions.
std::string curve_group(LossKind loss);
ResultTable<LossReport> curve_table(std::int64_t n_directions);

/// What was asked for with --until-ci, and how the job ended.
inline constexpr const char* kStoppingGroup = "roughness/stopping";
ResultTable<Report> stopping_table();

/// Of each loss's index.
std::vector<IndexWidth> widths(const Report& report);

/// The number of directions to go on with; 0 where the job is done: the bound is reached, or hopeless, or there are
/// --max-directions.
std::int64_t directions_to_go_on_with(const Report& report);

/// "Ritz 12.3 %, Galerkin 9.8 %": relative half-widths.
std::string half_widths_text(const Report& report);

/// A table of the curves as far as all first M directions are complete, nothing for fewer than two counts. Ends with a
/// newline.
std::string curve_text(const Report& report);
/// What became of --until-ci; empty where it was not asked for.
std::string stopping_text(const Report& report);

}  // namespace landscape
