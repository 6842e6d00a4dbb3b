// A job over all ranks: the steps that every analysis has in common, numbered as in the design's data flow.
#pragma once

#include "landscape/app/command_line.hpp"
#include "landscape/parallel/communicator.hpp"

namespace landscape {

/// Exit codes of the program.
inline constexpr int kDone = 0, kError = 1, kUsage = 2, kStopped = 75;

/// Collective. Minimizers, blocks, findings of the invocation's analysis.
int run_analysis(const Communicator& comm, const Invocation& invocation);

/// Collective. The minimizers alone.
int train_only(const Communicator& comm, const Invocation& invocation);

}  // namespace landscape
