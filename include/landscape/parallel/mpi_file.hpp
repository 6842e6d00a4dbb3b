// What MPI-IO makes of a file's name.
#pragma once

#include <string>

namespace landscape {

/// Whether this process can open an existing file through MPI-IO under this name. Rank-local.
bool mpi_can_open(const std::string& path);

}  // namespace landscape
