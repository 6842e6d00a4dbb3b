// Numbers 0, 1, 2, ... that all ranks draw while they work: who is done with one draws the next, so that pieces of work
// which take unlike times, on ranks of unlike speed, keep all of them busy to the end.
//
// Rank 0 hands them out by messages, whenever it draws or calls answer(): plain two-sided MPI, which needs no thread of
// its own and no progress behind the program's back. So that others need not wait for rank 0's next look, they ask for
// one number ahead, as long as many are left.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "landscape/parallel/communicator.hpp"

namespace landscape {

class SharedCounter {
 public:
  /// Counts from 0 to n - 1. The communicator must outlive it, and carry no other messages between two ranks meanwhile.
  SharedCounter(const Communicator& comm, std::int64_t n);
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;
  ~SharedCounter();

  /// The next number, which no other rank gets; nothing where there is none left or a rank has closed the counter.
  std::optional<std::int64_t> draw();
  /// Rank 0: answers ranks that wait. Others: nothing.
  void answer();
  /// Collective, also after an error: every rank's end. Where a rank has not drawn until there was nothing left, it
  /// closes the counter for all. Rank 0 answers until all others are here.
  void finish();

 private:
  struct Ahead;
  void ask();
  std::int64_t answer_to_ask();
  std::int64_t take();

  const Communicator& comm_;
  std::int64_t next_ = 0, n_;
  int n_drawing_;                 // of rank 0: other ranks that may still ask
  bool is_at_end_ = false;        // of this rank
  std::unique_ptr<Ahead> ahead_;  // of other ranks: what was asked for and not yet drawn
};

}  // namespace landscape
