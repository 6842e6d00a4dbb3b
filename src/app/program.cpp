// Which process speaks, and which exit code it ends with.
#include "landscape/app/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "landscape/config/command_line.hpp"
#include "landscape/config/version.hpp"
#include "landscape/model/error.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/job_end.hpp"
#include "landscape/parallel/launch.hpp"
#include "landscape/parallel/mpi_session.hpp"
#include "landscape/parallel/stop_signals.hpp"

namespace landscape {
namespace {

constexpr const char* kProgram = "landscape_mpi";
constexpr const char* kLostOutput =
    "Standard output cannot be written: point it elsewhere; `reduce` prints a file's report again.";

// Help, version and the commands that read a file: no MPI, and no part in a launch; every process speaks for itself
// (but see let_first_rank_speak()).
int run_serial(const Invocation& invocation) {
  if (invocation.help) {
    fmt::print("{}", invocation.names_command ? help_text(*invocation.command) : help_text(invocation.commands));
  } else if (invocation.version) {
    fmt::print("{}\n", version_text());
  } else {
    invocation.command->run_on_files(invocation);
  }
  return kDone;
}

int fail(const std::exception& error, int code) {
  let_first_rank_speak();
  const char* message = std::ferror(stdout) != 0 ? kLostOutput : error.what();
  fmt::print(stderr, "{}: {}\n", kProgram, message);
  return code;
}

// What the arguments say, or what is wrong with them.
struct CommandLine {
  Invocation invocation;
  std::optional<UsageError> error;

  CommandLine(std::span<const Command> commands, const std::vector<std::string>& arguments) {
    try {
      invocation = parse_command_line(commands, arguments);
    } catch (const UsageError& wrong) {
      error = wrong;
      is_serial_ = names_serial_command(commands, arguments);
    }
  }
  // Ranks of one launch say what is wrong once: to know that they all mean the same, they need MPI.
  bool uses_mpi() const { return error ? !is_serial_ && is_launched_by_mpi() : invocation.uses_mpi(); }

 private:
  bool is_serial_ = false;
};

// A report that went nowhere is no success.
void require_written_report() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw Error(kLostOutput);
}

int run(std::span<const Command> commands, int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    const CommandLine line(commands, arguments);
    if (!line.uses_mpi()) {
      if (line.error) throw UsageError(*line.error);
      const int code = run_serial(line.invocation);
      require_written_report();
      return code;
    }
    const StopSignals signals;  // before MPI and beyond it: a signal must never end one rank by itself
    MpiSession session(argc, argv);
    return session.run(kProgram, [&](const Communicator& comm) {
      collectively(comm, [&] {
        if (line.error) throw UsageError(*line.error);
      });
      require_whole_launch(comm);
      const int code = line.invocation.command->run(comm, line.invocation);
      root_only(comm, require_written_report);
      return code;
    });
  } catch (const UsageError& error) {
    return fail(error, kUsage);
  } catch (const std::exception& error) {
    return fail(error, kError);
  }
}

}  // namespace

int run_program(std::span<const Command> commands, int argc, char** argv) {
  return leave_job(run(commands, argc, argv));
}

}  // namespace landscape
