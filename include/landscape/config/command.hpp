// A command: how it is called, and what runs it. One that fills blocks is an Analysis; the job does the rest. Others
// are a function of their own: train, and the commands that read files in one process and never start MPI.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace landscape {

/// Exit codes of the program.
inline constexpr int kDone = 0, kError = 1, kUsage = 2, kStopped = 75;

class Analysis;
class Communicator;
struct Invocation;

struct Command {
  std::string_view name;
  std::string_view arguments;  // in the help: "[options]", "FILE"
  std::string_view summary;
  std::string_view example;  // arguments that work, on files that the examples before it made
  const Analysis* analysis = nullptr;
  int (*run)(const Communicator&, const Invocation&) = nullptr;  // over MPI; the exit code
  void (*run_on_files)(const Invocation&) = nullptr;
  int n_files = 0;
  std::vector<std::string_view> options{};  // of a command on files: those that mean something to it
  bool takes_more_files = false;            // than n_files

  bool uses_mpi() const { return run != nullptr; }
};

/// nullptr where there is none of this name.
const Command* find_command(std::span<const Command> commands, std::string_view name);

}  // namespace landscape
