// Every thread waits for the end, so that all of them exist at the same moment, as OpenMP's would.
#include "landscape/backend/held_threads.hpp"

#include <fmt/format.h>

#include <system_error>

#include "landscape/model/error.hpp"

namespace landscape {

void HeldThreads::start(int n_threads) {
  try {
    while (static_cast<int>(threads_.size()) + 1 < n_threads) threads_.emplace_back([this] { end_.wait(); });
  } catch (const std::system_error& error) {
    throw Error(fmt::format(
        "{} threads cannot be started ({}): ask for fewer with --threads, or raise the limit on processes (ulimit -u) "
        "or on memory (ulimit -v).",
        n_threads, error.code().message()));
  }
}

HeldThreads::~HeldThreads() {
  end_.count_down();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace landscape
