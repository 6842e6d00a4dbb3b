// One job per output, and no lock outlives its job.
#include "landscape/io/output_lock.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "landscape/io/landscape_file.hpp"
#include "landscape/io/output_path.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

using test::TestFolder;

std::string refusal(const std::string& output) {
  try {
    const OutputLock lock(output);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// A process that holds the lock until it is killed.
pid_t holder_process(const std::string& output) {
  int ready[2];
  if (pipe(ready) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) {
    const OutputLock lock(output);
    const char yes = 'y';
    if (write(ready[1], &yes, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  const bool ok = read(ready[0], &answer, 1) == 1;
  close(ready[0]);
  close(ready[1]);
  return ok ? child : -1;
}

TEST(OutputLock, RefusesASecondJobAndNamesTheFirst) {
  const TestFolder folder;
  const std::string output = folder / "a.h5";
  const pid_t first = holder_process(output);
  ASSERT_GT(first, 0);
  const std::string message = refusal(output);
  EXPECT_NE(message.find("process " + std::to_string(first) + " on "), std::string::npos) << message;
  EXPECT_NE(message.find(" since 20"), std::string::npos) << message;
  EXPECT_NE(OutputLock::holder(output).find(std::to_string(first)), std::string::npos);
  std::filesystem::create_symlink(output, folder / "link.h5");
  EXPECT_NE(refusal(folder / "link.h5"), "") << "another name of the same file";
  kill(first, SIGKILL);
  waitpid(first, nullptr, 0);
}

TEST(OutputLock, ADeadJobsLockIsTakenOverWithItsLeftovers) {
  const TestFolder folder;
  const std::string output = folder / "a.h5";
  const pid_t first = holder_process(output);
  ASSERT_GT(first, 0);
  kill(first, SIGKILL);
  waitpid(first, nullptr, 0);
  for (const char* name :
       {"a.h5.part-host-1", "a.h5.training-ritz.h5.part-host-1", "a.h5.training-ritz.h5", "b.h5.part-host-1"}) {
    std::ofstream(folder / name) << "x";
  }
  EXPECT_EQ(OutputLock::holder(output), "");
  {
    const OutputLock lock(output);
    EXPECT_EQ(folder.names(), (std::vector<std::string>{"a.h5.lock", "a.h5.training-ritz.h5", "b.h5.part-host-1"}));
    EXPECT_NE(OutputLock::holder(output).find(std::to_string(getpid())), std::string::npos);
  }
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"a.h5.training-ritz.h5", "b.h5.part-host-1"}));
}

TEST(OutputLock, IsGivenBackAndMoved) {
  const TestFolder folder;
  const std::string output = folder / "a.h5";
  for (int i = 0; i < 3; ++i) {
    OutputLock lock(output);
    EXPECT_NE(refusal(output), "");  // also within one process
    OutputLock moved(std::move(lock));
    EXPECT_NE(refusal(output), "");
  }
  EXPECT_TRUE(folder.names().empty());
  std::ofstream(folder / "a.h5.lock") << "rubbish without sense";
  EXPECT_EQ(refusal(output), "");
}

TEST(OutputLock, ManyAtOnceGiveItToOne) {
  const TestFolder folder;
  const std::string output = folder / "a.h5";
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      // Inside the lock, a file that must not exist is made and removed again.
      int n_taken = 0, n_wrong = 0;
      for (int round = 0; round < 200; ++round) {
        try {
          const OutputLock lock(output);
          ++n_taken;
          const std::string probe = folder / "inside";
          if (std::filesystem::exists(probe)) ++n_wrong;
          std::ofstream(probe) << i;
          std::error_code error;
          if (!std::filesystem::remove(probe, error)) ++n_wrong;
        } catch (const Error&) {
          usleep(100);
        }
      }
      _exit(n_wrong > 0 ? 2 : n_taken > 0 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_NE(WEXITSTATUS(status), 2) << "two held the lock at once";
  }
}

TEST(OutputLock, AFolderThatIsNotThereIsAnError) {
  const TestFolder folder;
  EXPECT_NE(refusal(folder / "no/a.h5").find("cannot be opened"), std::string::npos);
}

}  // namespace
}  // namespace landscape
