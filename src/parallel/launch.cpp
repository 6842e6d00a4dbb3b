// What launchers put into the environment, compared with what MPI knows.
#include "landscape/parallel/launch.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "landscape/model/environment.hpp"
#include "landscape/model/error.hpp"
#include "landscape/parallel/native.hpp"

namespace landscape {
namespace {

int number_of(const char* variable) {
  const char* text = environment(variable);
  return text == nullptr ? 0 : std::atoi(text);
}

// How launchers number the processes that they start together: both variables, or nothing is said. The nearest first:
// mpirun runs inside a step of Flux, JSM or Slurm. PMI also stands for PALS, which gives its ranks PMI_SIZE beside
// PALS_RANKID and no size of its own. MPICH's Hydra, asked for a PMI port, counts only those on each host.
struct Numbering {
  const char* size;
  const char* rank;
};
constexpr std::array kNumberings{Numbering{"OMPI_COMM_WORLD_SIZE", nullptr}, Numbering{"PMI_SIZE", nullptr},
                                 Numbering{"MPI_LOCALNRANKS", "MPI_LOCALRANKID"},
                                 Numbering{"FLUX_JOB_SIZE", "FLUX_TASK_RANK"},
                                 Numbering{"JSM_NAMESPACE_SIZE", "JSM_NAMESPACE_RANK"}};

// srun gives the tasks of a step SLURM_STEP_NUM_TASKS and numbers them; the shell of a batch script is SLURM_PROCID 0
// and has no step, however many tasks the job has.
LaunchedSize size_of_slurm_step() {
  if (environment("SLURM_PROCID") == nullptr) return {};
  if (const int size = number_of("SLURM_STEP_NUM_TASKS"); size > 0) return {size, "SLURM_STEP_NUM_TASKS"};
  const bool in_step = environment("SLURM_STEP_ID") != nullptr || number_of("SLURM_PROCID") > 0;
  for (const char* variable : {"SLURM_NTASKS", "SLURM_NPROCS"}) {  // the second is its old name
    if (const int size = number_of(variable); in_step && size > 0) return {size, variable};
  }
  return {};
}

/// "Open MPI v4.1.4"; needs no session.
std::string mpi_library_name() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  if (MPI_Get_library_version(text.data(), &length) != MPI_SUCCESS) return "MPI";
  const std::string name(text.data(), static_cast<std::size_t>(length));
  return name.substr(0, name.find_first_of(",\n"));  // "Open MPI v4.1.4, package: ..."
}

}  // namespace

LaunchedSize launched_size() {
  for (const auto& [size_variable, rank_variable] : kNumberings) {
    const int size = rank_variable == nullptr || environment(rank_variable) != nullptr ? number_of(size_variable) : 0;
    if (size > 0) return {size, size_variable};
  }
  return size_of_slurm_step();
}

bool is_launched_by_mpi() {
  const LaunchedSize launched = launched_size();
  const bool by_mpi = launched.variable.starts_with("OMPI") || launched.variable.starts_with("PMI");
  return launched.size > 1 && (by_mpi || environment("PMIX_RANK") != nullptr);
}

void require_whole_launch(const Communicator& world) {
  const LaunchedSize launched = launched_size();
  if (world.size() > 1 || launched.size <= 1) return;
  const bool by_slurm = environment("SLURM_PROCID") != nullptr && !launched.variable.starts_with("OMPI");
  std::string unset;
  if (!launched.variable.starts_with("SLURM")) unset = " -u " + launched.variable;
  if (by_slurm) unset += " -u SLURM_PROCID";
  throw Error(fmt::format(
      "{} says that {} processes were started together, but {} knows this one alone, and each would do the whole job: "
      "start them with {}; where separate jobs are meant, put `env{}` before each.",
      launched.variable, launched.size, mpi_library_name(),
      by_slurm ? "srun --mpi=pmix or mpirun" : "the mpirun of this MPI library", unset));
}

StartWatch::StartWatch() {
  const bool in_step = environment("SLURM_PROCID") != nullptr && environment("SLURM_STEP_ID") != nullptr;
  if (!in_step || environment("PMIX_RANK") != nullptr || environment("OMPI_COMM_WORLD_SIZE") != nullptr) return;
  const std::string advice = fmt::format(
      "{} did not start in this step of Slurm, which does not speak PMIx: start the program with srun --mpi=pmix or "
      "mpirun.\n",
      mpi_library_name());
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
  child_ = fork();
  if (child_ == 0) {
    close(ends[0]);
    char word = 0;
    const bool ended = read(ends[1], &word, 1) == 0;
    _exit(ended && write(STDERR_FILENO, advice.data(), advice.size()) > 0 ? 1 : 0);
  }
  close(ends[1]);
  line_ = ends[0];
}

StartWatch::~StartWatch() {
  if (line_ < 0) return;
  send(line_, "", 1, MSG_NOSIGNAL);
  close(line_);
  if (child_ > 0) waitpid(child_, nullptr, 0);
}

}  // namespace landscape
