// What the commands on files take from a file before they read its numbers.
#pragma once

#include <span>
#include <string>

#include "landscape/config/command_line.hpp"
#include "landscape/equation/equation.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/job/analysis.hpp"

namespace landscape {

/// The invocation's options before any output file is read. Throws UsageError that names all that are wrong or have no
/// meaning for its command.
RunConfig own_options(const Invocation& invocation);

/// The settings stored in the file, with the invocation's options in their place. Throws as own_options() does, and
/// Error where the file's settings cannot be read.
RunConfig stored_config(const LandscapeReader& reader, const Invocation& invocation);

/// Those asked for, else one per core of the machine.
int threads_without_mpi(const RunConfig& config);

/// Settings for a reduction on the threads of the invocation, not on those of the job that made the file. Throws Error
/// where they cannot be had.
void take_threads(RunConfig& config, const Invocation& invocation);

/// Throws Error where the checksum of a result group does not match.
void require_sound_results(const LandscapeReader& reader);

/// The equation of a file. Throws Error where it is none of this program's.
Problem problem_of(const LandscapeReader& reader);

/// The command that made the file. Throws Error where it is none of these, or makes no files.
const Command& command_of(const LandscapeReader& reader, std::span<const Command> commands);

/// The analysis that made the file. Throws UsageError where it holds minimizers only.
const Analysis& analysis_of(const LandscapeReader& reader, const Invocation& invocation);

/// "complete", or how to go on with it, or who writes it.
std::string file_state(const LandscapeReader& reader);

}  // namespace landscape
