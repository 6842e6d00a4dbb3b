// The report's places in the file.
#pragma once

#include <string>
#include <vector>

#include "landscape/analysis/roughness_report.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/io/results.hpp"

namespace landscape {

/// What is stored per direction: columns of /profiles/<loss>.
std::vector<RowValues> direction_results(const LossReport& report);

/// "roughness/ritz/histogram"
std::string histogram_group(LossKind loss);
/// Every result group of a job that measures the roughness: below /roughness/<loss>, the comparison, --until-ci.
/// Without a report, undefined.
std::vector<ResultGroup> roughness_results(const RunConfig& config, const Report* report = nullptr);

}  // namespace landscape
