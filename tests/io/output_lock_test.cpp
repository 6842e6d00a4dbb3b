// One job per output, and no lock outlives its job.
#include "landscape/io/output_lock.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "../../src/io/durable_file.hpp"
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

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(OutputLock, ADeadJobsLockIsTakenOver) {
  const TestFolder folder;
  const std::string output = folder / "a.h5";
  const pid_t first = holder_process(output);
  ASSERT_GT(first, 0);
  kill(first, SIGKILL);
  waitpid(first, nullptr, 0);
  EXPECT_EQ(OutputLock::holder(output), "");
  const std::string dead =
      read(output + ".lock").substr(0, read(output + ".lock").find(' ')) + "-" + std::to_string(first);  // "host-pid"
  write(output + ".part-" + dead, "");
  write(output + ".training-galerkin.h5.part-" + dead, "");
  write(output + ".part-node3-77", "");
  {
    const OutputLock lock(output);
    EXPECT_NE(OutputLock::holder(output).find(std::to_string(getpid())), std::string::npos);
    EXPECT_EQ(folder.names().size(), 4U) << "nothing goes before the job is sure to run";
    lock.remove_leftovers();
    EXPECT_EQ(folder.names(), (std::vector<std::string>{"a.h5.lock", "a.h5.part-node3-77"}));
  }
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"a.h5.part-node3-77"}));
}

TEST(OutputLock, OnlyMarkedTemporaryFilesOfTheOutputAreLeftovers) {
  namespace fs = std::filesystem;
  const TestFolder folder;
  const std::string output = folder / "a.h5";
  LandscapeFile::create(output, test::sample_layout(2, 3));
  const auto leave = [&](const std::string& name) {  // what a job that dies before its renaming leaves
    fs::copy_file(output, folder / name);
    mark_temporary(folder / name, 4096);
  };
  const std::vector<std::string> ours{"a.h5.part-host-1", "a.h5.part-my-host.org-12",
                                      "a.h5.training-ritz.h5.part-host-1", "a.h5.training-galerkin.h5.part-host-1"};
  const std::vector<std::string> not_ours{"a.h5.part-host",       "a.h5.part--1",
                                          "a.h5.part-host-1.bak", "a.h5.training-x.part-host-1",
                                          "aa.h5.part-host-1",    "a.h5.part-host-01"};
  for (const auto& names : {ours, not_ours}) {
    for (const std::string& name : names) leave(name);
  }
  fs::copy_file(output, folder / "a.h5.part-copy-1");  // a published file bears no mark
  write(folder / "a.h5.part-text-1", "landscape_mpi temporary file\n");
  write(folder / "a.h5.part-empty-1", "");
  fs::create_directory(folder / "a.h5.part-folder-1");
  fs::create_symlink(folder / "a.h5.part-host-1.bak", folder / "a.h5.part-link-1");
  ASSERT_EQ(mkfifo((folder / "a.h5.part-fifo-1").c_str(), 0600), 0);
  const std::size_t n_before = folder.names().size();
  const OutputLock lock(output);
  lock.remove_leftovers();
  for (const std::string& name : ours) EXPECT_FALSE(fs::exists(folder / name)) << name;
  EXPECT_EQ(folder.names().size(), n_before + 1 - ours.size());
}

TEST(OutputLock, WhatIsNoLockIsNeitherTakenNorTouched) {
  const TestFolder folder;
  const std::string output = folder / "a.h5", path = output + ".lock";
  const std::string sound = "node3 4711 2026-01-01T00:00:00Z\n";
  for (const std::string& text : {std::string("rubbish without sense"), std::string("two words\n"), sound + "more\n",
                                  sound.substr(0, sound.size() - 1), "node3 0" + sound.substr(10), std::string()}) {
    write(path, text);
    EXPECT_NE(refusal(output).find("move it away"), std::string::npos) << text;
    EXPECT_EQ(read(path), text);
  }
  EXPECT_EQ(OutputLock::holder(output), "");
  write(path, sound);
  EXPECT_EQ(refusal(output), "") << "of a job that died";
  EXPECT_TRUE(folder.names().empty());
}

TEST(OutputLock, AFileThatTookItsPlaceStays) {
  const TestFolder folder;
  const std::string output = folder / "a.h5", path = output + ".lock";
  {
    const OutputLock lock(output);
    std::filesystem::remove(path);
    write(path, "mine");
  }
  EXPECT_EQ(read(path), "mine");
  std::filesystem::remove(path);
  {
    const OutputLock lock(output);
    std::ofstream(path, std::ios::app) << "mine";
  }
  EXPECT_NE(read(path).find("mine"), std::string::npos);
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
