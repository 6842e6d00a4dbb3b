// From the profiles in a file to every number of the report. The job and `reduce FILE` both come through here, so they
// print the same digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/roughness_report.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/math/total_variation.hpp"

namespace landscape {

/// Whether the file's noise of single precision is there: as the results' own state says, or it was just written.
enum class NoiseState { as_stated, written };

/// Reads the profiles in blocks; directions that are not complete are left out and counted. `config` gives |I| and the
/// bootstrap's settings.
Report reduce_profiles(const LandscapeReader& reader, const RunConfig& config,
                       NoiseState noise = NoiseState::as_stated);

/// What rounding can do to the losses of these profiles.
math::LossError<double> loss_error(const LandscapeReader& reader, const RunConfig& config, ProfileKey key);

}  // namespace landscape
