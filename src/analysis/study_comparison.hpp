// Which of two losses is the rougher one: the trainings of a group in pairs of equal seeds. A pair shares its seeds, so
// its first parameters and its directions; another pair shares nothing with it where `seed` itself varies.
#pragma once

#include <string>
#include <vector>

#include "landscape/analysis/study_report.hpp"
#include "study_design.hpp"

namespace landscape {

/// Of both losses, where seeds vary.
bool has_comparison(const RunConfig& config, const StudyDesign& design);

/// "study/comparison" (G): of every compared quantity difference, ratio, their intervals, and which loss has more;
/// without reports, undefined. What rounding alone can make counts as zero.
ResultGroup comparison_results(const RunConfig& config, const StudyDesign& design,
                               const std::vector<StudyReport>* reports);

/// "Is Ritz rougher than Galerkin?", a line per group and quantity. Ends with a newline.
std::string comparison_text(const std::vector<StudyReport>& reports, const RunConfig& config,
                            const StudyDesign& design);

}  // namespace landscape
