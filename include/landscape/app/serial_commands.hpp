// The commands that read an output file in one process and never start MPI.
#pragma once

#include "landscape/app/command_line.hpp"

namespace landscape {

/// Prints what the file holds.
void show_info(const std::string& path);

/// Computes the report again from the stored profiles. --bootstrap, --confidence and --seed replace the file's
/// settings.
void reduce_again(const Invocation& invocation);

/// Evaluates a random subset (or, with --all, all) of the stored losses again: bit for bit on the device that wrote
/// them, within 1e-12 max|f| on another. Throws Error where one differs.
void verify_file(const Invocation& invocation);

}  // namespace landscape
