// Signals that ask the job to stop in an orderly way: the handler sets a flag, and the program looks at it between
// rounds.
#pragma once

#include <string>

namespace landscape {

/// While it lives, SIGTERM, SIGINT, SIGUSR1, SIGUSR2 (what batch systems send before the time is up) and SIGHUP (the
/// terminal is gone) set the flag; a second SIGINT ends the process at once with code 130. A SIGHUP that is ignored, as
/// under nohup, stays so. Restores the previous handlers; SIGXFSZ is ignored, so that a file size limit is an error
/// message.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
};

/// Of this rank alone: agree on it with Communicator::all_reduce before acting on it.
bool stop_requested() noexcept;
/// "SIGTERM", or "" while nothing was asked.
std::string stop_signal_name();
/// Clears the flag.
void reset_stop_request() noexcept;

}  // namespace landscape
