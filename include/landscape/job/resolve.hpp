// From arguments to the state that a job begins with, the same on all ranks.
#pragma once

#include "landscape/config/command_line.hpp"
#include "landscape/job/setup.hpp"

namespace landscape {

/// Reads files that options name, in so far as they settle options: a loaded minimizer settles the network, given
/// directions their number. Throws UsageError where explicit options contradict the files.
RunConfig resolve_config(const Invocation& invocation);

/// Collective. Rank 0 reads options and files, all ranks parse the text that it broadcasts. Throws on all ranks alike.
Setup set_up(const Communicator& comm, const Invocation& invocation);

}  // namespace landscape
