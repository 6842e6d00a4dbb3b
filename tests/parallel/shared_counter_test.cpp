// Every number is drawn once, whoever asks and whoever stops asking.
#include "landscape/parallel/shared_counter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "landscape/parallel/collective.hpp"

namespace landscape {
namespace {

// How often each of n numbers was drawn, by all ranks together.
std::vector<std::int64_t> totals(const Communicator& world, const std::vector<std::int64_t>& mine) {
  std::vector<std::int64_t> all;
  for (const std::int64_t count : mine) all.push_back(world.all_reduce(count, Reduction::sum));
  return all;
}

TEST(SharedCounter, GivesEveryNumberOnceAlsoToSlowRanks) {
  const Communicator world = Communicator::world();
  constexpr std::int64_t kNumbers = 40;
  SharedCounter counter(world, kNumbers);
  std::vector<std::int64_t> mine(kNumbers);
  while (const auto number = counter.draw()) {
    ++mine.at(static_cast<std::size_t>(*number));
    for (int i = 0; i < (world.rank() == 0 ? 6 : 2); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      counter.answer();
    }
  }
  EXPECT_FALSE(counter.draw().has_value());
  counter.finish();
  EXPECT_EQ(totals(world, mine), std::vector<std::int64_t>(kNumbers, 1));
}

TEST(SharedCounter, OfRankZeroThatWorksForLongOthersTakeWhatIsLeft) {
  const Communicator world = Communicator::world();
  constexpr std::int64_t kNumbers = 30;
  SharedCounter counter(world, kNumbers);
  std::vector<std::int64_t> mine(kNumbers);
  while (const auto number = counter.draw()) {
    ++mine.at(static_cast<std::size_t>(*number));
    for (int i = 0; world.rank() == 0 && i < 100; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      counter.answer();
    }
  }
  counter.finish();
  EXPECT_EQ(totals(world, mine), std::vector<std::int64_t>(kNumbers, 1));
  const std::int64_t drawn = std::accumulate(mine.begin(), mine.end(), std::int64_t{0});
  if (world.size() > 1 && world.is_root()) {
    EXPECT_LT(drawn, kNumbers / world.size());
  }
}

TEST(SharedCounter, OneRankClosesItForAll) {
  const Communicator world = Communicator::world();
  for (int closer = 0; closer < world.size(); ++closer) {
    SharedCounter counter(world, std::int64_t{1} << 40);
    std::int64_t n_drawn = 0;
    if (world.rank() != closer) {
      while (counter.draw()) {
        ++n_drawn;
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    }
    counter.finish();  // the closer's; else it would not end
    EXPECT_LT(n_drawn, std::int64_t{1} << 40);
  }
}

TEST(SharedCounter, NothingToDrawEndsAtOnce) {
  const Communicator world = Communicator::world();
  SharedCounter counter(world, 0);
  EXPECT_FALSE(counter.draw().has_value());
  counter.finish();
}

TEST(SharedCounter, IsClosedByARankThatHasAskedAhead) {
  const Communicator world = Communicator::world();
  for (std::int64_t begun = 0; begun < 3; ++begun) {
    SharedCounter counter(world, std::int64_t{1} << 40);
    for (std::int64_t i = 0; i < begun; ++i) counter.draw();
    counter.finish();
    EXPECT_FALSE(counter.draw().has_value());
  }
}

}  // namespace
}  // namespace landscape
