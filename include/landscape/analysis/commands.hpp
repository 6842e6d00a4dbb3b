// The table of commands: one line each.
#pragma once

#include <span>

#include "landscape/config/command.hpp"
#include "landscape/job/analysis.hpp"

namespace landscape {

/// The first one is meant where no command is named.
std::span<const Command> command_table();

/// The analyses of the table.
const Analysis& roughness_analysis();
const Analysis& sweep_analysis();
const Analysis& directions_analysis();
const Analysis& surface_analysis();
const Analysis& trajectory_analysis();
const Analysis& spectrum_analysis();
const Analysis& study_analysis();
const Analysis& connectivity_analysis();

}  // namespace landscape
