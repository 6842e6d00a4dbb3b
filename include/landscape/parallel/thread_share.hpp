// How many threads a rank may use so that the ranks of a node together use each core once, however the launcher bound
// them.
#pragma once

#include <string>

#include "landscape/parallel/communicator.hpp"

namespace landscape {

struct ThreadShare {
  int threads = 1;                // >= 1
  int cores_allowed = 1;          // in this rank's affinity mask
  int cores_online = 1;           // on this node
  bool from_environment = false;  // OMP_NUM_THREADS decided
  /// "2 threads (4 of 8 cores allowed, shared with other ranks)"
  std::string describe() const;
};

/// Collective. Sum over this rank's allowed cores of 1 / (ranks of this node allowed there), rounded down, at least 1;
/// OMP_NUM_THREADS, where set, is taken as it is. Call it before any thread is pinned.
ThreadShare thread_share(const Communicator& comm);

}  // namespace landscape
