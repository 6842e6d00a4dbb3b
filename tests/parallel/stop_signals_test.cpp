// A signal sets a flag and nothing else; a second Ctrl-C ends the process.
#include "landscape/parallel/stop_signals.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace landscape {
namespace {

TEST(StopSignals, EachSignalSetsTheFlagWithItsName) {
  const StopSignals signals;
  for (const auto& [signal, name] : {std::pair{SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGUSR1, "SIGUSR1"}}) {
    reset_stop_request();
    EXPECT_FALSE(stop_requested());
    EXPECT_EQ(stop_signal_name(), "");
    raise(signal);
    EXPECT_TRUE(stop_requested());
    EXPECT_EQ(stop_signal_name(), name);
  }
  raise(SIGUSR1);
  EXPECT_EQ(stop_signal_name(), "SIGUSR1");
  reset_stop_request();
}

TEST(StopSignals, ASecondInterruptEndsTheProcess) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const StopSignals signals;
    raise(SIGTERM);  // asked before: one Ctrl-C more is still only asking
    raise(SIGINT);
    if (!stop_requested()) _exit(1);
    raise(SIGINT);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
}

TEST(StopSignals, HandlersAreRestored) {
  struct sigaction before = {}, after = {};
  sigaction(SIGUSR1, nullptr, &before);
  { const StopSignals signals; }
  sigaction(SIGUSR1, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

}  // namespace
}  // namespace landscape
