#include "landscape/parallel/stop_signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace landscape {
namespace {

constexpr std::array<int, 3> kSignals{SIGTERM, SIGINT, SIGUSR1};
constexpr int kIgnored = SIGXFSZ;

std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);
std::array<struct sigaction, 4> previous;

extern "C" void landscape_on_stop_signal(int signal) {
  if (signal == SIGINT && received.load() == SIGINT) _exit(130);  // Ctrl-C again: the user means now
  int none = 0;
  if (!received.compare_exchange_strong(none, signal) && signal == SIGINT) received.store(SIGINT);
}

}  // namespace

StopSignals::StopSignals() {
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;  // a half-written file is worse than a late answer
  action.sa_handler = landscape_on_stop_signal;
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &previous[i]);
  action.sa_handler = SIG_IGN;
  sigaction(kIgnored, &action, &previous.back());
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &previous[i], nullptr);
  sigaction(kIgnored, &previous.back(), nullptr);
}

bool stop_requested() noexcept { return received.load() != 0; }

std::string stop_signal_name() {
  switch (received.load()) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGUSR1:
      return "SIGUSR1";
    default:
      return "";
  }
}

void reset_stop_request() noexcept { received.store(0); }

}  // namespace landscape
