// The commands that are given an output file. All but resume read it in one process and never start MPI.
#pragma once

#include "landscape/config/command_line.hpp"
#include "landscape/parallel/communicator.hpp"

namespace landscape {

/// Collective: the command that made the file once more, with the file's own settings and the invocation's options in
/// their place. Minimizers come from the file. Throws UsageError where an option would lead elsewhere.
int resume_file(const Communicator& comm, const Invocation& invocation);

/// Prints what the file holds; with --settings only its settings, as a config file.
void show_info(const Invocation& invocation);

/// Computes the report again from the stored profiles. --bootstrap, --confidence and --seed replace the file's
/// settings.
void reduce_again(const Invocation& invocation);

/// Compares the indices of two files, loss by loss: paired where their directions are common, else each resampled by
/// itself, and why. --bootstrap, --confidence and --seed as in reduce_again; --losses chooses.
void compare_files(const Invocation& invocation);

/// Prints distances between the minimizers of files, and each loss at each of them (distance.hpp).
void measure_distances(const Invocation& invocation);

/// Evaluates a random subset (or, with --all, all) of the stored losses again: bit for bit on the device that wrote
/// them, within 1e-12 max|f| on another. Throws Error where one differs.
void verify_file(const Invocation& invocation);

}  // namespace landscape
