// MPI from its initialisation to its end, and the one place where an error ends the job: together where all ranks
// failed together, by MPI_Abort where one rank failed alone, because the others would wait for it for ever.
#pragma once

#include <functional>
#include <string>

#include "landscape/parallel/communicator.hpp"

namespace landscape {

/// One per process, in main.
class MpiSession {
 public:
  /// MPI_Init_thread (funneled). Throws MpiError.
  MpiSession(int& argc, char**& argv);
  /// MPI_Finalize; MPI_Abort while unwinding from an error that the other ranks do not share.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  /// f(world)'s result, or the exit code of its error after printing "program: message" to stderr: 2 for a UsageError,
  /// else 1. An error that all ranks share is printed once; one that a rank met alone is printed by it and aborts the
  /// job.
  int run(const std::string& program, const std::function<int(const Communicator&)>& f);

 private:
  int exceptions_at_start_ = 0;
};

/// Prints "message" to stderr, headed "rank N on HOST: " where there are several ranks, and ends all ranks.
[[noreturn]] void abort_job(const Communicator& comm, int exit_code, const std::string& message);

}  // namespace landscape
