// Ranks of a node share its cores without overlap, however they are bound.
#include "landscape/parallel/thread_share.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>

namespace landscape {
namespace {

class ThreadShareTest : public testing::Test {
 protected:
  void SetUp() override {
    CPU_ZERO(&mask_);
    ASSERT_EQ(sched_getaffinity(0, sizeof mask_, &mask_), 0);
    unsetenv("OMP_NUM_THREADS");
  }
  void TearDown() override {
    sched_setaffinity(0, sizeof mask_, &mask_);
    unsetenv("OMP_NUM_THREADS");
  }
  cpu_set_t mask_{};
};

TEST_F(ThreadShareTest, UnboundRanksShareAllCores) {
  const Communicator world = Communicator::world();
  const ThreadShare share = thread_share(world);
  EXPECT_EQ(share.threads, std::max(1, CPU_COUNT(&mask_) / world.node_size()));
  EXPECT_EQ(share.cores_allowed, CPU_COUNT(&mask_));
  EXPECT_FALSE(share.from_environment);
  EXPECT_NE(share.describe().find("thread"), std::string::npos);
}

TEST_F(ThreadShareTest, ABoundRankUsesItsOwnCore) {
  const Communicator world = Communicator::world();
  if (CPU_COUNT(&mask_) < 2) GTEST_SKIP() << "needs 2 cores";
  int core = 0;
  while (!CPU_ISSET(core, &mask_)) ++core;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  if (world.node_rank() == 0) {
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  }
  const ThreadShare share = thread_share(world);
  if (world.node_rank() == 0) {
    EXPECT_EQ(share.threads, 1);
    EXPECT_EQ(share.cores_allowed, 1);
  } else {
    // The first core is shared by all, the others by all but rank 0.
    const double cores = 1.0 / world.node_size() + (CPU_COUNT(&mask_) - 1.0) / (world.node_size() - 1.0);
    EXPECT_EQ(share.threads, std::max(1, static_cast<int>(cores + 1e-6)));
  }
}

TEST_F(ThreadShareTest, OmpNumThreadsDecides) {
  const Communicator world = Communicator::world();
  setenv("OMP_NUM_THREADS", "7,2", 1);
  EXPECT_EQ(thread_share(world).threads, 7);
  EXPECT_TRUE(thread_share(world).from_environment);
  setenv("OMP_NUM_THREADS", "99999999999999999999", 1);
  EXPECT_GT(thread_share(world).threads, 1 << 20) << "too many is not the same as nonsense";
  for (const char* nonsense : {"", " ", "many", "-3", "0", "2x", "-99999999999999999999"}) {
    setenv("OMP_NUM_THREADS", nonsense, 1);
    EXPECT_FALSE(thread_share(world).from_environment) << nonsense;
  }
}

}  // namespace
}  // namespace landscape
