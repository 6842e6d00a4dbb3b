// How a range of the open items falls apart into contiguous ranges of the flat list.
#include "landscape/job/evaluation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "landscape/analysis/precision_check.hpp"
#include "landscape/random/philox.hpp"

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

TEST(ShareOf, IndivisibleRowsGoWholeToOneRankEachOnceWhateverTheSlices) {
  const std::int64_t n_rows = 11, columns = 7, n = n_rows * columns;
  for (const std::int64_t slice : {1, 5, 7, 20, 100}) {
    for (int n_ranks = 1; n_ranks <= 4; ++n_ranks) {
      std::vector<double> speeds(static_cast<std::size_t>(n_ranks), 1.0);
      speeds[0] = 3.7;
      std::vector<int> seen(static_cast<std::size_t>(n), 0);
      for (std::int64_t at = 0; at < n; at += slice) {
        for (int rank = 0; rank < n_ranks; ++rank) {
          const WorkRange share = share_of({at, std::min(at + slice, n)}, n, columns, rank, speeds);
          EXPECT_EQ(share.begin % columns, 0);
          EXPECT_EQ(share.end % columns, 0);
          for (std::int64_t i = share.begin; i < share.end; ++i) ++seen[static_cast<std::size_t>(i)];
        }
      }
      EXPECT_EQ(seen, std::vector<int>(static_cast<std::size_t>(n), 1)) << slice << " items, " << n_ranks << " ranks";
    }
  }
}

TEST(ShareOf, SingleItemsAreSpreadEvenly) {
  const std::vector<double> even{1.0, 1.0, 1.0};
  EXPECT_EQ(share_of({10, 20}, 100, 1, 0, even), (WorkRange{10, 13}));
  EXPECT_EQ(share_of({10, 20}, 100, 1, 2, even), (WorkRange{17, 20}));
}

TEST(ShareOf, AFastRankHasMore) {
  const std::vector<double> speeds{1.0, 4.0, 3.0};
  EXPECT_EQ(share_of({100, 180}, 1000, 1, 0, speeds), (WorkRange{100, 110}));
  EXPECT_EQ(share_of({100, 180}, 1000, 1, 1, speeds), (WorkRange{110, 150}));
  EXPECT_EQ(share_of({100, 180}, 1000, 1, 2, speeds), (WorkRange{150, 180}));
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

TEST(PrecisionCheck, StepsAreSpreadWithEndsAndMiddle) {
  std::vector<double> steps(201);
  for (std::size_t j = 0; j < steps.size(); ++j) steps[j] = static_cast<double>(j);
  EXPECT_EQ(checked_steps(steps), (std::vector<double>{0, 25, 50, 75, 100, 125, 150, 175, 200}));
  EXPECT_EQ(checked_steps(std::span(steps).first(2)), (std::vector<double>{0, 1}));
}

TEST(PrecisionCheck, ShareOfVariationIsThatOfSimulatedNoise) {
  // A parabola on 201 steps; noise from nothing to as large as its range.
  std::vector<double> f(201);
  for (std::size_t j = 0; j < f.size(); ++j) f[j] = std::pow((static_cast<double>(j) - 100.0) / 100.0, 2.0);
  EXPECT_EQ(noise_share_of_variation(f, 0.0), 0.0);
  for (const double sigma : {1e-4, 1e-3, 1e-2, 1.0}) {
    double variation = 0.0;
    for (std::uint64_t draw = 0; draw < 2000; ++draw) {
      double previous = 0.0;
      for (std::size_t j = 0; j < f.size(); ++j) {
        const double noisy = f[j] + sigma * philox_normal_pair(3, draw, j).first;
        variation += j == 0 ? 0.0 : std::abs(noisy - previous) / 2000.0;
        previous = noisy;
      }
    }
    EXPECT_NEAR(noise_share_of_variation(f, sigma) / (variation / 2.0 - 1.0), 1.0, 0.1) << sigma;
  }
}

}  // namespace
}  // namespace landscape
