// From arguments and files to a RunConfig: defaults < --preset < --config < command line.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/config/command.hpp"
#include "landscape/config/settings.hpp"

namespace landscape {

/// What the arguments say, before any file is read.
struct Invocation {
  std::span<const Command> commands;
  const Command* command = nullptr;  // one of these
  bool names_command = false;        // else it is the first one
  std::string file;                  // of a command on files
  std::string second_file;           // of one on two
  std::vector<std::string> files;    // all of them
  bool help = false;
  bool version = false;
  std::string config_file;
  std::string preset;
  OptionTexts options;
  OptionTexts base;  // weaker than all of these: the settings of a file that is gone on with

  bool uses_mpi() const { return !help && !version && command->uses_mpi(); }
};

/// Whether the arguments name a command that does not use MPI, or --help or --version: also where they are wrong.
bool names_serial_command(std::span<const Command> commands, std::span<const std::string> arguments);

/// Throws UsageError with a sentence for everything that is wrong. Reads a config file where the arguments name no
/// command (its line `command =` may) or where something is wrong: what is wrong in the file is then said with it.
Invocation parse_command_line(std::span<const Command> commands, std::span<const std::string> arguments);

/// All option texts of an invocation: reads --config, then --preset, then its base, and lets the stronger source win.
/// Throws UsageError that names the file.
OptionTexts gather_options(const Invocation& invocation);

/// Option texts in the format of settings_text.hpp; `name` stands in messages.
OptionTexts parse_config_text(std::string_view text, const std::string& name);

/// Where a preset is looked for: $LANDSCAPE_PRESETS, <executable>/../share/landscape_mpi/jobs of an installed program,
/// <executable>/share/landscape_mpi/jobs, which in a build folder is a link to the source tree's jobs/.
std::vector<std::string> preset_folders();

/// All commands and options.
std::string help_text(std::span<const Command> commands);
/// One command: an example, and the options that mean something to it.
std::string help_text(const Command& command);
}  // namespace landscape
