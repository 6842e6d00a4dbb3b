// What launchers say of a process, and that a launch which MPI does not see is an error.
#include "landscape/parallel/launch.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>

#include "landscape/model/error.hpp"

namespace landscape {
namespace {

using Variables = std::map<std::string, std::string>;

constexpr std::array kVariables{
    "OMPI_COMM_WORLD_SIZE", "PMI_SIZE",        "PMIX_RANK",      "SLURM_PROCID",  "SLURM_NTASKS",
    "SLURM_STEP_ID",        "SLURM_NPROCS",    "PMI_RANK",       "PALS_RANKID",   "SLURM_STEP_NUM_TASKS",
    "MPI_LOCALNRANKS",      "MPI_LOCALRANKID", "FLUX_TASK_RANK", "FLUX_JOB_SIZE", "JSM_NAMESPACE_SIZE",
    "JSM_NAMESPACE_RANK"};

/// The environment has these variables and no other of a launcher, for as long as it lives.
class Environment {
 public:
  explicit Environment(const Variables& variables) {
    for (const char* name : kVariables) {
      if (const char* text = std::getenv(name)) before_[name] = text;
      unsetenv(name);
    }
    for (const auto& [name, text] : variables) setenv(name.c_str(), text.c_str(), 1);
  }
  ~Environment() {
    for (const char* name : kVariables) unsetenv(name);
    for (const auto& [name, text] : before_) setenv(name.c_str(), text.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  Variables before_;
};

const Variables kStep{
    {"SLURM_PROCID", "2"}, {"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_NTASKS", "8"}};
const Variables kBatchShell{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}};

Variables with(Variables variables, const Variables& more) {
  for (const auto& [name, text] : more) variables[name] = text;
  return variables;
}

TEST(Launch, TheNearestLauncherTellsTheSize) {
  const std::array<std::pair<Variables, int>, 10> cases{{{{}, 1},
                                                         {kStep, 4},
                                                         {kBatchShell, 1},
                                                         {{{"SLURM_NTASKS", "4"}}, 1},
                                                         {{{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "3"}}, 4},
                                                         {{{"PMI_SIZE", "3"}}, 3},
                                                         {with(kStep, {{"OMPI_COMM_WORLD_SIZE", "1"}}), 1},
                                                         {with(kBatchShell, {{"OMPI_COMM_WORLD_SIZE", "6"}}), 6},
                                                         {{{"PMI_SIZE", ""}, {"OMPI_COMM_WORLD_SIZE", ""}}, 1},
                                                         {{{"PMI_SIZE", "many"}}, 1}}};
  for (const auto& [variables, size] : cases) {
    const Environment environment(variables);
    EXPECT_EQ(launched_size().size, size) << launched_size().variable;
  }
}

TEST(Launch, EveryLauncherIsKnownByItsOwnVariables) {
  const Variables pals{{"PALS_RANKID", "1"}, {"PMI_RANK", "1"}, {"PMI_SIZE", "4"}};
  const Variables hydra{{"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "4"}};
  const Variables flux{{"FLUX_TASK_RANK", "1"}, {"FLUX_JOB_SIZE", "4"}};
  const Variables jsm{{"JSM_NAMESPACE_RANK", "1"}, {"JSM_NAMESPACE_SIZE", "4"}};
  const Variables old_slurm{{"SLURM_PROCID", "1"}, {"SLURM_NPROCS", "4"}};
  const Communicator world = Communicator::world();
  for (const Variables& variables : {pals, hydra, flux, jsm, old_slurm}) {
    const Environment environment(variables);
    EXPECT_EQ(launched_size().size, 4) << variables.begin()->first;
    if (world.size() > 1) {
      EXPECT_NO_THROW(require_whole_launch(world));
      continue;
    }
    try {
      require_whole_launch(world);
      ADD_FAILURE() << variables.begin()->first;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find(launched_size().variable + " says that 4 processes"), 0U)
          << error.what();
    }
  }
  // One of a pair alone, as scripts set it, says nothing.
  for (const Variables& variables : {hydra, flux, jsm, old_slurm}) {
    for (const auto& one : variables) {
      const Variables alone{one};
      const Environment environment(alone);
      EXPECT_EQ(launched_size().size, 1) << one.first;
    }
  }
  for (const Variables& variables : {hydra, flux, jsm, old_slurm}) {
    const Environment inside(with(variables, {{"OMPI_COMM_WORLD_SIZE", "1"}}));
    EXPECT_EQ(launched_size().size, 1) << variables.begin()->first;
  }
  const Environment flux_in_slurm(with(kStep, {{"FLUX_TASK_RANK", "0"}, {"FLUX_JOB_SIZE", "1"}}));
  EXPECT_EQ(launched_size().size, 1);
}

TEST(Launch, SlurmAloneDoesNotMakeRanksOfMpi) {
  const Variables flux{{"FLUX_TASK_RANK", "1"}, {"FLUX_JOB_SIZE", "4"}};
  const std::array<std::pair<Variables, bool>, 8> cases{{{{}, false},
                                                         {flux, false},
                                                         {with(flux, {{"PMIX_RANK", "1"}}), true},
                                                         {kStep, false},
                                                         {with(kStep, {{"PMIX_RANK", "2"}}), true},
                                                         {{{"PMIX_RANK", "2"}}, false},
                                                         {{{"OMPI_COMM_WORLD_SIZE", "2"}}, true},
                                                         {{{"OMPI_COMM_WORLD_SIZE", "1"}}, false}}};
  for (const auto& [variables, expected] : cases) {
    const Environment environment(variables);
    EXPECT_EQ(is_launched_by_mpi(), expected) << launched_size().variable;
  }
}

TEST(Launch, ALoneRankOfALargerLaunchIsAnError) {
  const Communicator world = Communicator::world();
  require_whole_launch(world);  // this very launch
  const Environment environment(kStep);
  if (world.size() == 1) {
    EXPECT_THROW(require_whole_launch(world), Error);
  } else {
    EXPECT_NO_THROW(require_whole_launch(world));
  }
}

/// What a process says on standard error that ends while, or after, it was watched.
std::string said_by_a_process_that_ends(bool while_watched) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    {
      const StartWatch watch;
      if (while_watched) _exit(1);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  std::array<char, 512> part{};
  for (ssize_t n; (n = read(ends[0], part.data(), part.size())) > 0;)
    said.append(part.data(), static_cast<std::size_t>(n));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return said;
}

TEST(Launch, AProcessThatMpiEndsInAStepWithoutPmixSaysWhatHelps) {
  {
    const Environment environment(kStep);
    EXPECT_NE(said_by_a_process_that_ends(true).find("srun --mpi=pmix"), std::string::npos);
    EXPECT_EQ(said_by_a_process_that_ends(false), "");
  }
  for (const Variables& variables :
       {kBatchShell, with(kStep, {{"PMIX_RANK", "2"}}), with(kStep, {{"OMPI_COMM_WORLD_SIZE", "1"}})}) {
    const Environment environment(variables);
    EXPECT_EQ(said_by_a_process_that_ends(true), "");
  }
}

}  // namespace
}  // namespace landscape
