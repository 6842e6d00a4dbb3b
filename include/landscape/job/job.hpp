// A job over all ranks: the steps that every analysis has in common, numbered as in the design's data flow.
#pragma once

#include "landscape/config/command_line.hpp"
#include "landscape/parallel/communicator.hpp"

namespace landscape {

/// Collective. Minimizers, blocks, findings of the invocation's analysis.
int run_analysis(const Communicator& comm, const Invocation& invocation);

/// Collective. The minimizers alone.
int train_only(const Communicator& comm, const Invocation& invocation);

}  // namespace landscape
