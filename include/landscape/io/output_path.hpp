// Everything that can be known to be wrong with --output before hours of work are spent on it.
#pragma once

#include <string>

namespace landscape {

enum class OutputMode {
  claim,  // whether there can be an output of this name at all
  create,
  overwrite,
  resume
};

/// Throws UsageError where the folder is missing, `path` is no plain file, exists (mode create), is no output of this
/// program (mode overwrite) or does not exist (mode resume); Error where folder or file cannot be written. Messages
/// name the path and the remedy. Changes nothing.
void check_output(const std::string& path, OutputMode mode);

/// Throws UsageError where MPI cannot open a file of this path because it holds a ':'. Makes and removes a file beside
/// it: the lock must be held. Every rank may call it by itself.
void check_parallel_output(const std::string& path);

/// Whether an existing plain file is an output of this program, perhaps a damaged one.
bool is_output_file(const std::string& path);

}  // namespace landscape
