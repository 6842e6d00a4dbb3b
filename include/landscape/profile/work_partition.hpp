// Who computes what: the flat list of work items cut into contiguous half-open ranges, one per rank.
#pragma once

#include <cstdint>

namespace landscape {

struct WorkRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const { return end - begin; }
  bool empty() const { return begin >= end; }
  friend bool operator==(const WorkRange&, const WorkRange&) = default;
};

/// [0, n_items) over n_ranks; sizes differ by at most one, the larger ones first. More ranks than items leaves empty
/// ranges.
class WorkPartition {
 public:
  WorkPartition(std::int64_t n_items, int n_ranks) : n_items_(n_items), n_ranks_(n_ranks) {}
  WorkRange of(int rank) const {
    const std::int64_t share = n_items_ / n_ranks_, rest = n_items_ % n_ranks_;
    const std::int64_t begin = rank * share + (rank < rest ? rank : rest);
    return {begin, begin + share + (rank < rest ? 1 : 0)};
  }
  std::int64_t n_items() const { return n_items_; }
  int n_ranks() const { return n_ranks_; }

 private:
  std::int64_t n_items_;
  int n_ranks_;
};

}  // namespace landscape
