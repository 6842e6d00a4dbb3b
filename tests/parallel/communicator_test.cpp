// Collectives carry every kind of value, with the same bits on every rank, and waiting for a late rank costs no core.
#include "landscape/parallel/communicator.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

namespace landscape {
namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TEST(Communicator, BroadcastCarriesTextsVectorsAndValues) {
  const Communicator world = Communicator::world();
  for (int root = 0; root < world.size(); ++root) {
    const bool mine = world.rank() == root;
    std::string text = mine ? std::string("a\0b", 3) + std::string(100000, 'x') : "other";
    world.broadcast(text, root);
    EXPECT_EQ(text, std::string("a\0b", 3) + std::string(100000, 'x'));
    std::vector<double> values = mine ? std::vector<double>{-0.0, 0.1, std::nan("7")} : std::vector<double>{1.0};
    world.broadcast(values, root);
    ASSERT_EQ(values.size(), 3U);
    EXPECT_TRUE(std::signbit(values[0]));
    EXPECT_EQ(values[1], 0.1);
    EXPECT_TRUE(std::isnan(values[2]));
    std::vector<double> empty = mine ? std::vector<double>{} : std::vector<double>{1.0};
    world.broadcast(empty, root);
    EXPECT_TRUE(empty.empty());
    struct Pair {
      int a;
      double b;
    } pair{mine ? 7 : 0, mine ? 0.5 : 0.0};
    world.broadcast(pair, root);
    EXPECT_EQ(pair.a, 7);
    EXPECT_EQ(pair.b, 0.5);
  }
}

TEST(Communicator, ReductionsAgreeOnAllRanks) {
  const Communicator world = Communicator::world();
  const std::int64_t n = world.size(), me = world.rank();
  EXPECT_EQ(world.all_reduce(me + 1, Reduction::sum), n * (n + 1) / 2);
  EXPECT_EQ(world.all_reduce(me, Reduction::min), 0);
  EXPECT_EQ(world.all_reduce(me, Reduction::max), n - 1);
  EXPECT_EQ(world.all_reduce(std::numeric_limits<std::int64_t>::min(), Reduction::max),
            std::numeric_limits<std::int64_t>::min());
  double expected = 0.1;
  for (std::int64_t i = 1; i < n; ++i) expected += 0.1 * static_cast<double>(i + 1);
  EXPECT_EQ(world.all_reduce(0.1 * static_cast<double>(me + 1), Reduction::sum), expected);  // added in rank order
  EXPECT_TRUE(std::isnan(world.all_reduce(me == n - 1 ? std::nan("") : 1.0, Reduction::max)));
  EXPECT_EQ(world.all_reduce(static_cast<double>(me), Reduction::min), 0.0);
}

TEST(Communicator, GatherKeepsRankOrderAndEmptyTexts) {
  const Communicator world = Communicator::world();
  const std::string mine = std::string(static_cast<std::size_t>(world.rank()), 'r');  // rank 0 sends nothing
  const int root = world.size() - 1;
  const std::vector<std::string> texts = world.gather(mine, root);
  if (world.rank() != root) {
    EXPECT_TRUE(texts.empty());
  } else {
    ASSERT_EQ(texts.size(), static_cast<std::size_t>(world.size()));
    for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], std::string(i, 'r'));
  }
  const std::vector<std::int64_t> ranks = world.all_gather(std::int64_t{world.rank()});
  for (std::size_t i = 0; i < ranks.size(); ++i) EXPECT_EQ(ranks[i], static_cast<std::int64_t>(i));
}

TEST(Communicator, KnowsItsNode) {
  const Communicator world = Communicator::world();
  EXPECT_FALSE(world.host().empty());
  EXPECT_GE(world.node_rank(), 0);
  EXPECT_LT(world.node_rank(), world.node_size());
  EXPECT_LE(world.node_size(), world.size());
}

TEST(Communicator, WaitingForALateRankCostsNoCore) {
  const Communicator world = Communicator::world();
  world.barrier();
  for (int late = 0; late < world.size(); late += std::max(1, world.size() - 1)) {  // the root, then the last
    const double before = cpu_seconds();
    if (world.rank() == late) std::this_thread::sleep_for(std::chrono::seconds(1));
    std::string text(10, 'x');
    world.broadcast(text, late);
    world.barrier();
    const double used = cpu_seconds() - before;
    EXPECT_TRUE(used < 0.15) << used << " s of CPU time in a wait of 1 s";
  }
}

TEST(Communicator, CollectivesInARowAreFast) {
  const Communicator world = Communicator::world();
  world.barrier();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) world.all_reduce(std::int64_t{i}, Reduction::max);
  const double each = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 200;
  if (world.is_root()) RecordProperty("microseconds_per_all_reduce", static_cast<int>(1e6 * each));
  if (world.is_root()) std::printf("all-reduce of %d ranks: %.1f us\n", world.size(), 1e6 * each);
  EXPECT_TRUE(each < 0.02) << each << " s";
}

}  // namespace
}  // namespace landscape
