// What rank 0 posts reaches every other rank in order, while it works and when it is done.
#include "landscape/parallel/feed.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace landscape {
namespace {

std::vector<double> message(int k) {
  // Short ones and such as MPI does not send without its receiver.
  std::vector<double> values(k % 2 == 0 ? 1 : 100'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = k + 1e-6 * static_cast<double>(i);
  return values;
}

TEST(Feed, BringsEveryMessageInOrderToFastAndSlowRanks) {
  const Communicator world = Communicator::world();
  constexpr int kMessages = 12;
  for (int round = 0; round < 2; ++round) {  // a second feed starts where the first one ended
    Feed feed(world);
    if (world.is_root()) {
      for (int k = 0; k < kMessages; ++k) {
        feed.post(message(k));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        feed.move_on();
      }
      feed.close();
      EXPECT_TRUE(feed.is_closed());
      feed.close();
      continue;
    }
    int n = 0;
    while (!feed.is_closed()) {
      const auto taken = feed.take();
      if (taken) {
        EXPECT_EQ(*taken, message(n));
        ++n;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(world.rank() == 1 ? 3 : 0));
    }
    EXPECT_EQ(n, kMessages);
  }
  world.barrier();
}

TEST(Feed, OfOneMessageOrNoneEnds) {
  const Communicator world = Communicator::world();
  for (const int n : {0, 1}) {
    Feed feed(world);
    if (world.is_root()) {
      if (n > 0) feed.post({4.5});
      feed.close();
      continue;
    }
    int taken = 0;
    while (!feed.is_closed()) {
      if (const auto message = feed.take()) {
        ++taken;
        EXPECT_EQ(*message, std::vector<double>{4.5});
      }
    }
    EXPECT_EQ(taken, n);
  }
  world.barrier();
}

}  // namespace
}  // namespace landscape
