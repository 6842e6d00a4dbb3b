// How a range of the open items falls apart into contiguous ranges of the flat list.
#include "landscape/app/evaluation.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace landscape {
namespace {

TEST(ContiguousItems, NeighbouringRowsMakeOneRange) {
  const std::vector<std::int64_t> rows{0, 1, 2, 3};
  EXPECT_EQ(contiguous_items(rows, 10, {0, 40}), (std::vector<ItemRange>{{0, 40}}));
  EXPECT_EQ(contiguous_items(rows, 10, {5, 27}), (std::vector<ItemRange>{{5, 22}}));
}

TEST(ContiguousItems, GapsSplitTheRange) {
  const std::vector<std::int64_t> rows{2, 5, 6};
  EXPECT_EQ(contiguous_items(rows, 10, {0, 30}), (std::vector<ItemRange>{{20, 10}, {50, 20}}));
  EXPECT_EQ(contiguous_items(rows, 10, {8, 12}), (std::vector<ItemRange>{{28, 2}, {50, 2}}));
}

TEST(ContiguousItems, AnEmptyRangeHasNoItems) {
  EXPECT_TRUE(contiguous_items(std::vector<std::int64_t>{2}, 10, {3, 3}).empty());
}

TEST(ContiguousItems, EveryItemIsCoveredOnce) {
  const std::vector<std::int64_t> rows{1, 2, 4, 7};
  const std::int64_t n_steps = 3;
  for (int n_ranks = 1; n_ranks <= 14; ++n_ranks) {
    std::vector<int> seen(24, 0);
    for (int rank = 0; rank < n_ranks; ++rank) {
      for (const ItemRange& items : contiguous_items(rows, n_steps, WorkPartition(12, n_ranks).of(rank))) {
        for (std::int64_t i = 0; i < items.count; ++i) ++seen[static_cast<std::size_t>(items.first + i)];
      }
    }
    for (std::int64_t item = 0; item < 24; ++item) {
      const bool open = std::find(rows.begin(), rows.end(), item / n_steps) != rows.end();
      EXPECT_EQ(seen[static_cast<std::size_t>(item)], open ? 1 : 0) << n_ranks << " ranks, item " << item;
    }
  }
}

}  // namespace
}  // namespace landscape
