// MPI_Init and MPI_Finalize as one object's life, with errors returned instead of fatal.
#include "landscape/parallel/mpi_session.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/job_end.hpp"
#include "landscape/parallel/launch.hpp"
#include "landscape/parallel/native.hpp"

namespace landscape {
namespace {

int exit_code_of(const std::exception& error) { return dynamic_cast<const UsageError*>(&error) != nullptr ? 2 : 1; }

}  // namespace

MpiSession::MpiSession(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions()) {
  // Where a blocking collective cannot be avoided (parallel HDF5), waiting ranks should at least offer their core to
  // others.
  setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  // A process that was started alone starts a daemon, which would insist on ssh without ever using it.
  setenv("OMPI_MCA_plm_rsh_agent", "", 0);
  setenv("HWLOC_HIDE_ERRORS", "2", 0);  // a container without /sys is no error
  int provided = 0;
  {
    const StartWatch watch;
    check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  }
  // With the default handler a failure ends the job inside MPI and no return code ever arrives.
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  if (provided < MPI_THREAD_FUNNELED) {
    throw MpiError("This MPI library does not allow threads beside it: use one built with MPI_THREAD_FUNNELED.");
  }
}

MpiSession::~MpiSession() {
  int size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size > 1 && std::uncaught_exceptions() > exceptions_at_start_ && !unwinding_together()) {
    fmt::print(stderr, "One rank failed alone; the job is aborted.\n");
    if (end_all_ranks(1)) std::_Exit(1);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
}

int MpiSession::run(const std::string& program, const std::function<int(const Communicator&)>& f) {
  const Communicator world = Communicator::world();
  const auto fail = [&](int code, bool together, const char* message) {
    if (!together && world.size() > 1) abort_job(world, code, message);
    if (world.is_root()) fmt::print(stderr, "{}: {}\n", program, message);
    return code;
  };
  try {
    return f(world);
  } catch (const std::exception& error) {
    return fail(exit_code_of(error), dynamic_cast<const CollectiveFailure*>(&error) != nullptr, error.what());
  } catch (...) {
    return fail(1, false, "An unknown exception was thrown.");
  }
}

void abort_job(const Communicator& comm, int exit_code, const std::string& message) {
  if (comm.size() > 1) {
    fmt::print(stderr, "rank {} on {}: {}\n", comm.rank(), comm.host(), message);
  } else {
    fmt::print(stderr, "{}\n", message);
  }
  if (!end_all_ranks(exit_code)) MPI_Abort(native(comm), exit_code);
  std::_Exit(exit_code);
}

}  // namespace landscape
