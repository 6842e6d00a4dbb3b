// What a Communicator owns: its duplicate of MPI's communicator and the part of it that shares this node's memory.
#pragma once

#include <string>

#include "landscape/parallel/native.hpp"

namespace landscape {

struct NativeCommunicator {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm node = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;
  int node_rank = 0;
  int node_size = 1;
  std::string host;

  NativeCommunicator() = default;
  NativeCommunicator(const NativeCommunicator&) = delete;
  NativeCommunicator& operator=(const NativeCommunicator&) = delete;
  ~NativeCommunicator();
};

}  // namespace landscape
