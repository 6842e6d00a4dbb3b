// The only header that includes mpi.h: for the rooms `parallel` and `io`.
#pragma once

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX  // the C interface alone
#endif
#include <mpi.h>

#include <source_location>

namespace landscape {

class Communicator;
MPI_Comm native(const Communicator& comm);

/// Throws MpiError "MPI_Bcast failed (message) at file:line." unless code is MPI_SUCCESS.
void check_mpi(int code, const char* call, std::source_location place = std::source_location::current());

/// Completes a request with MPI_Test and growing naps, then checks it.
void wait_patiently(MPI_Request& request, const char* call,
                    std::source_location place = std::source_location::current());

}  // namespace landscape
