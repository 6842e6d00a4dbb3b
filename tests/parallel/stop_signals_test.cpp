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
  for (const auto& [signal, name] : {std::pair{SIGTERM, "SIGTERM"},
                                     {SIGINT, "SIGINT"},
                                     {SIGHUP, "SIGHUP"},
                                     {SIGUSR1, "SIGUSR1"},
                                     {SIGUSR2, "SIGUSR2"}}) {
    reset_stop_request();
    EXPECT_FALSE(stop_requested());
    EXPECT_EQ(stop_signal_name(), "");
    raise(signal);
    EXPECT_TRUE(stop_requested());
    EXPECT_EQ(stop_signal_name(), name);
  }
  raise(SIGUSR1);
  EXPECT_EQ(stop_signal_name(), "SIGUSR2") << "the first counts";
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
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXFSZ}) {
    struct sigaction before = {}, after = {};
    sigaction(signal, nullptr, &before);
    { const StopSignals signals; }
    sigaction(signal, nullptr, &after);
    EXPECT_EQ(before.sa_handler, after.sa_handler) << signal;
  }
}

TEST(StopSignals, AnIgnoredHangUpStaysIgnored) {
  struct sigaction ignore = {}, before = {}, after = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGHUP, &ignore, &before);
  {
    const StopSignals signals;
    reset_stop_request();
    raise(SIGHUP);
    EXPECT_FALSE(stop_requested());
  }
  sigaction(SIGHUP, nullptr, &after);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
  sigaction(SIGHUP, &before, nullptr);
}

}  // namespace
}  // namespace landscape
