// A job in which rank 1 (or the only rank) fails, in the way that the argument names, while the others wait for it.
#include <string>

#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/job_end.hpp"
#include "landscape/parallel/mpi_session.hpp"

namespace {

using namespace landscape;

int job(const Communicator& world, const std::string& mode) {
  const bool chosen = world.rank() == 1 || world.size() == 1;
  const auto fail = [&] {
    if (mode.ends_with("usage")) throw UsageError("no such option");
    throw Error("the disk is gone");
  };
  if (mode == "together") {
    collectively(world, [&] {
      if (chosen) fail();
    });
  } else if (mode == "together_usage") {
    collectively(world, fail);
  } else if (mode == "mpi") {
    int value = 0;
    collectively(world, [&] { world.broadcast(value, world.size() + 5); });
  } else if (chosen) {
    fail();
  }
  world.barrier();
  return 0;
}

/// The session itself is unwound: nobody called run().
int job_without_run(int& argc, char**& argv, const std::string& mode) {
  try {
    const MpiSession session(argc, argv);
    return job(Communicator::world(), mode);
  } catch (const Error&) {
    return 3;
  }
}

int run(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "unwinding") return job_without_run(argc, argv, mode);
  MpiSession session(argc, argv);
  return session.run("failing_job", [&](const Communicator& world) { return job(world, mode); });
}

}  // namespace

int main(int argc, char** argv) { return leave_job(run(argc, argv)); }
