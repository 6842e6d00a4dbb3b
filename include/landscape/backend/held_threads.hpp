// Whether threads can be had, found out by having them: where a limit forbids one, OpenMP would end the process in the
// middle of its work.
#pragma once

#include <latch>
#include <thread>
#include <vector>

namespace landscape {

/// Threads that do nothing until the object ends.
class HeldThreads {
 public:
  HeldThreads() = default;
  HeldThreads(const HeldThreads&) = delete;
  HeldThreads& operator=(const HeldThreads&) = delete;
  ~HeldThreads();

  /// What `n_threads` threads need beside the calling one. Throws Error with the remedy where they cannot be had.
  void start(int n_threads);

 private:
  std::latch end_{1};
  std::vector<std::thread> threads_;
};

}  // namespace landscape
