// --dry-run: what the job would do, need and take, from a short measurement; nothing is written.
#pragma once

#include <string>

#include "landscape/job/setup.hpp"

namespace landscape {

/// Collective; the text is rank 0's. Measures for well under a second per loss.
std::string dry_run_text(const Communicator& comm, const Setup& setup);

}  // namespace landscape
