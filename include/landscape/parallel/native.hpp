// The only header that includes mpi.h: for the rooms `parallel` and `io`.
#pragma once

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX  // the C interface alone
#endif
#include <mpi.h>

namespace landscape {

class Communicator;
MPI_Comm native(const Communicator& comm);

/// Of a call in the source, as a default argument: std::source_location, which older clangs lack.
struct SourcePlace {
  const char* file;
  int line;
  static constexpr SourcePlace current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

/// Throws MpiError "MPI_Bcast failed (message) at file:line." unless code is MPI_SUCCESS.
void check_mpi(int code, const char* call, SourcePlace place = SourcePlace::current());

/// As below, but a while without naps before: for what is due at once.
void wait_eagerly(MPI_Request& request, const char* call, SourcePlace place = SourcePlace::current());

/// Completes a request with MPI_Test and growing naps, then checks it.
void wait_patiently(MPI_Request& request, const char* call, SourcePlace place = SourcePlace::current());

}  // namespace landscape
