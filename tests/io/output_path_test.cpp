// Whether an output may be written, before any work.
#include "landscape/io/output_path.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "messages.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

using test::contains;
using test::message_of;
using test::TestFolder;

TEST(OutputPath, IsCheckedBeforeAnyWork) {
  const TestFolder folder;
  EXPECT_NO_THROW(check_output(folder / "new.h5", OutputMode::create));
  EXPECT_NO_THROW(check_output(folder / "new.h5", OutputMode::overwrite));
  EXPECT_TRUE(contains(message_of([&] { check_output(folder / "new.h5", OutputMode::resume); }), "--resume"));
  EXPECT_TRUE(contains(message_of([&] { check_output(folder / "no/new.h5", OutputMode::create); }), "does not exist"));
  EXPECT_TRUE(contains(message_of([&] { check_output(folder.path(), OutputMode::overwrite); }), "no plain file"));
  EXPECT_THROW(check_output("", OutputMode::create), UsageError);
  LandscapeFile::create(folder / "old.h5", test::sample_layout(2, 3));
  EXPECT_THROW(check_output(folder / "old.h5", OutputMode::create), UsageError);
  EXPECT_TRUE(contains(message_of([&] { check_output(folder / "old.h5/x.h5", OutputMode::create); }), "no folder"));
  EXPECT_NO_THROW(check_output(folder / "old.h5", OutputMode::overwrite));
  EXPECT_NO_THROW(check_output(folder / "old.h5", OutputMode::resume));
  EXPECT_EQ(folder.names(), std::vector<std::string>{"old.h5"});
  std::ofstream(folder / "text.h5") << "x";
  for (const OutputMode mode : {OutputMode::create, OutputMode::overwrite}) {
    EXPECT_TRUE(contains(message_of([&] { check_output(folder / "text.h5", mode); }), "no output file"));
  }
  EXPECT_TRUE(contains(message_of([&] { check_output(folder / "text.h5", OutputMode::resume); }), "is not HDF5"));
}

/// check_output's message for a user who is not root, asked in a child process where this one is.
std::string message_for_nobody(const std::string& path, OutputMode mode) {
  constexpr uid_t kNobody = 65534;
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(kNobody) != 0) _exit(1);
    std::string message = "accepted";
    try {
      check_output(path, mode);
    } catch (const std::exception& error) {
      message = error.what();
    }
    _exit(write(ends[1], message.data(), message.size()) == static_cast<ssize_t>(message.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string message(4096, '\0');
  const ssize_t n = read(ends[0], message.data(), message.size());
  close(ends[0]);
  waitpid(child, nullptr, 0);
  message.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  return message;
}

TEST(OutputPath, WhatMayNotBeWrittenIsNamed) {
  namespace fs = std::filesystem;
  const TestFolder folder;
  const std::string old = folder / "old.h5";
  LandscapeFile::create(old, test::sample_layout(2, 3));
  fs::permissions(old, fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  fs::permissions(folder.path(), fs::perms::all);
  std::string message = message_for_nobody(old, OutputMode::resume);
  EXPECT_TRUE(contains(message, "Permission denied") && contains(message, "old.h5") && !contains(message, "folder"))
      << message;
  fs::permissions(folder.path(), fs::perms::owner_all & ~fs::perms::owner_write);
  fs::permissions(folder.path(), fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
  message = message_for_nobody(folder / "new.h5", OutputMode::create);
  EXPECT_TRUE(contains(message, "The folder") && contains(message, "Permission denied")) << message;
  fs::permissions(folder.path(), fs::perms::owner_all);
}

}  // namespace
}  // namespace landscape
