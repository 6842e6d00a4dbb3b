// Found out by opening the file for reading, alone.
#include "landscape/parallel/mpi_file.hpp"

#include <mpi.h>

namespace landscape {

bool mpi_can_open(const std::string& path) {
  MPI_File file = MPI_FILE_NULL;
  if (MPI_File_open(MPI_COMM_SELF, path.c_str(), MPI_MODE_RDONLY, MPI_INFO_NULL, &file) != MPI_SUCCESS) return false;
  return MPI_File_close(&file) == MPI_SUCCESS;
}

}  // namespace landscape
