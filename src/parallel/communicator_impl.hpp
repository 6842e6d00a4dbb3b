// What a Communicator owns: its duplicate of MPI's communicator and the part of it that shares this node's memory.
#pragma once

#include <string>

#include "landscape/parallel/native.hpp"

namespace landscape {

struct Communicator::Impl {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm node = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;
  int node_rank = 0;
  int node_size = 1;
  std::string host;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();
};

}  // namespace landscape
