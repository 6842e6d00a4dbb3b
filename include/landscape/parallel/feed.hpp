// Messages from rank 0 to all other ranks while it is busy: it posts without waiting, they take what has come whenever
// they look.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "landscape/parallel/communicator.hpp"

namespace landscape {

class Feed {
 public:
  /// The communicator must outlive it, and carry no other messages between two ranks until it is closed.
  explicit Feed(const Communicator& comm);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  ~Feed();

  /// Rank 0: to every other rank; not empty. It is on its way, no more: see move_on().
  void post(std::vector<double> message);
  /// Rank 0: lets MPI work on what was posted, which a rank that calls nothing else of it should do now and then.
  void move_on();
  /// Rank 0: the last message; waits until all ranks have taken all.
  void close();

  /// Others: the next message, if it is there.
  std::optional<std::vector<double>> take();
  /// Others: whether the last one was taken.
  bool is_closed() const { return is_closed_; }

 private:
  struct Posted;
  const Communicator& comm_;
  std::list<Posted> posted_;
  bool is_closed_ = false;
};

}  // namespace landscape
