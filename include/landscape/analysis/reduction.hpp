// From profiles to every number of the report. The job and `reduce FILE` both come through here, so they
// print the same digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/roughness_report.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/job/rows.hpp"

namespace landscape {

/// Directions that are not complete are left out and counted. `config` gives |I| and the bootstrap's settings.
Report reduce_profiles(const Rows& rows, const RunConfig& config);

}  // namespace landscape
