// Handlers set one atomic flag; everything else happens where the flag is looked at.
#include "landscape/parallel/stop_signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace landscape {
namespace {

struct Named {
  int signal;
  const char* name;
};
constexpr std::array kSignals{Named{SIGTERM, "SIGTERM"}, Named{SIGINT, "SIGINT"}, Named{SIGHUP, "SIGHUP"},
                              Named{SIGUSR1, "SIGUSR1"}, Named{SIGUSR2, "SIGUSR2"}};
constexpr int kIgnored = SIGXFSZ;

std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);
std::array<struct sigaction, kSignals.size() + 1> previous;

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
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i].signal, &action, &previous[i]);
    // nohup: the terminal may go
    if (kSignals[i].signal == SIGHUP && previous[i].sa_handler == SIG_IGN) sigaction(SIGHUP, &previous[i], nullptr);
  }
  action.sa_handler = SIG_IGN;
  sigaction(kIgnored, &action, &previous.back());
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i].signal, &previous[i], nullptr);
  sigaction(kIgnored, &previous.back(), nullptr);
}

bool stop_requested() noexcept { return received.load() != 0; }

std::string stop_signal_name() {
  for (const auto& [signal, name] : kSignals) {
    if (received.load() == signal) return name;
  }
  return "";
}

void reset_stop_request() noexcept { received.store(0); }

}  // namespace landscape
