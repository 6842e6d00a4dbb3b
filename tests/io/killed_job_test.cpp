// Jobs killed with SIGKILL at random moments: before the output exists, within a round, while results are written; all
// ranks at once or one of them. Afterwards the file opens, everything a finished round promised is there bit for bit,
// and the next job completes it.
#include <Random123/philox.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "../../src/io/metadata_seal.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/output_lock.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kDirections = 40, kSteps = 50;

std::uint32_t random_word(std::uint32_t trial, std::uint32_t index) {
  return r123::Philox4x32()({{trial, index, 0, 0}}, {{2103, 11069}})[0];
}

/// mpirun -np n killed_writer FILE M P, with its output in FILE.log.
pid_t launch(int n_ranks, const std::string& path) {
  const std::string count = std::to_string(n_ranks), m = std::to_string(kDirections), p = std::to_string(kSteps);
  std::vector<std::string> words{
      LANDSCAPE_MPIEXEC, LANDSCAPE_MPIEXEC_NUMPROC_FLAG, count, LANDSCAPE_KILLED_WRITER, path, m, p};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, stream, (path + ".log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
  }
  pid_t child = -1;
  if (posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ) != 0) child = -1;
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

/// The ranks' process numbers, once they all have written them; empty if the job ends before.
std::vector<pid_t> rank_processes(int n_ranks, const std::string& path, pid_t job) {
  std::vector<pid_t> found;
  while (static_cast<int>(found.size()) < n_ranks) {
    pid_t pid = 0;
    if (std::ifstream(path + ".pid." + std::to_string(found.size())) >> pid) {
      found.push_back(pid);
      continue;
    }
    siginfo_t ended = {};
    if (waitid(P_PID, static_cast<id_t>(job), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != 0) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return found;
}

int wait_for(pid_t job) {
  int status = 0;
  if (waitpid(job, &status, 0) != job) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

std::string log_of(const std::string& path) {
  std::ifstream file(path + ".log");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Everything that a finished round noted as safe is marked and has its bits.
std::int64_t expect_promises_kept(const std::string& path, int n_ranks) {
  const LandscapeReader reader(path);
  EXPECT_EQ(check_seal(path), Seal::intact);
  std::array<std::vector<double>, 2> losses;
  std::array<std::vector<RowState>, 2> states;
  for (const LossKind loss : test::kBothLosses) {
    const auto i = static_cast<std::size_t>(loss);
    losses[i] = reader.rows(test::block(loss), 0, kDirections);
    states[i] = reader.row_states(test::block(loss));
    for (std::int64_t row = 0; row < kDirections; ++row) {
      if (states[i][static_cast<std::size_t>(row)] != RowState::intact) continue;
      const auto begin = losses[i].begin() + row * kSteps;
      EXPECT_EQ(test::bits({begin, begin + kSteps}), test::bits(test::sample_losses(loss, row * kSteps, kSteps)))
          << "row " << row;
    }
  }
  std::int64_t n_safe = 0;
  for (int rank = 0; rank < n_ranks; ++rank) {
    std::ifstream notes(path + ".safe." + std::to_string(rank), std::ios::binary);
    std::array<std::int64_t, 3> note{};
    while (notes.read(reinterpret_cast<char*>(note.data()), sizeof note)) {
      const auto i = static_cast<std::size_t>(note[0]);
      const LossKind loss = test::kBothLosses[i];
      const auto begin = losses[i].begin() + note[1];
      EXPECT_EQ(test::bits({begin, begin + note[2]}), test::bits(test::sample_losses(loss, note[1], note[2])));
      EXPECT_NE(states[i][static_cast<std::size_t>(note[1] / kSteps)], RowState::missing);
      n_safe += note[2];
    }
  }
  return n_safe;
}

TEST(KilledJob, LosesNothingThatAFinishedRoundHadWritten) {
  const char* text = std::getenv("LANDSCAPE_KILL_TRIALS");
  const int n_trials = text != nullptr ? std::atoi(text) : 10;
  int n_without_file = 0, n_killed = 0, n_finished = 0;
  std::int64_t n_safe = 0;
  for (int trial = 0; trial < n_trials; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    const auto t = static_cast<std::uint32_t>(trial);
    const test::TestFolder folder;
    const std::string path = folder / "a.h5";
    const int n_ranks = 1 + static_cast<int>(random_word(t, 0) % 3);
    const pid_t job = launch(n_ranks, path);
    ASSERT_GT(job, 0);
    const std::vector<pid_t> ranks = rank_processes(n_ranks, path, job);
    ASSERT_EQ(static_cast<int>(ranks.size()), n_ranks) << log_of(path);
    std::this_thread::sleep_for(std::chrono::microseconds(random_word(t, 1) % 400'000));
    if (random_word(t, 2) % 3 == 0) {
      kill(ranks[random_word(t, 3) % ranks.size()], SIGKILL);  // the launcher ends the others
    } else {
      for (const pid_t rank : ranks) kill(rank, SIGKILL);
    }
    const int code = wait_for(job);
    ++(code == 0 ? n_finished : n_killed);
    if (!std::filesystem::exists(path)) {
      ++n_without_file;
    } else {
      n_safe += expect_promises_kept(path, n_ranks);
    }
    EXPECT_EQ(OutputLock::holder(path), "");

    for (int rank = 0; rank < n_ranks; ++rank) std::filesystem::remove(path + ".safe." + std::to_string(rank));
    const pid_t second = launch(1 + static_cast<int>(random_word(t, 4) % 3), path);
    ASSERT_GT(second, 0);
    ASSERT_EQ(wait_for(second), 0) << log_of(path);
    const LandscapeReader reader(path);
    EXPECT_EQ(check_seal(path), Seal::intact);
    EXPECT_EQ(reader.state(), RunState::complete);
    for (const LossKind loss : test::kBothLosses) {
      EXPECT_EQ(reader.row_states(test::block(loss)), std::vector<RowState>(kDirections, RowState::intact));
      EXPECT_EQ(test::bits(reader.rows(test::block(loss), 0, kDirections)),
                test::bits(test::sample_losses(loss, 0, kDirections * kSteps)));
      EXPECT_TRUE(reader.has_results("roughness/" + to_string(loss)));
    }
    for (const std::string& name : folder.names()) {
      EXPECT_TRUE(name.find(".part-") == std::string::npos && !name.ends_with(".lock")) << name << " was left behind";
    }
  }
  std::printf("%d jobs: %d killed (%d before the output existed), %d finished first; %lld items had been promised\n",
              n_trials, n_killed, n_without_file, n_finished, static_cast<long long>(n_safe));
  if (n_trials >= 10) {
    EXPECT_GT(n_safe, 0) << "no job was killed after a round: the test tested nothing";
  }
}

}  // namespace
}  // namespace landscape
