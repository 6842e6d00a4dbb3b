// The program around its commands: arguments, MPI where a command needs it, one sentence for whatever goes wrong.
#pragma once

#include <span>

#include "landscape/config/command.hpp"

namespace landscape {

/// main() with these commands; the exit code.
int run_program(std::span<const Command> commands, int argc, char** argv);

}  // namespace landscape
