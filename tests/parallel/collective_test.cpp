// An error of one rank is the same error on all of them, and nobody hangs.
#include "landscape/parallel/collective.hpp"

#include <gtest/gtest.h>

#include <new>

namespace landscape {
namespace {

template <class Exception, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Exception& error) {
    EXPECT_NE(dynamic_cast<const CollectiveFailure*>(&error), nullptr);
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
    return "";
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

bool is_plain_error(const std::string&, const std::exception& error) {
  return dynamic_cast<const UsageError*>(&error) == nullptr;
}

TEST(Collectively, ReturnsEachRanksOwnResult) {
  const Communicator world = Communicator::world();
  EXPECT_EQ(collectively(world, [&] { return world.rank() * 2; }), world.rank() * 2);
  bool ran = false;
  collectively(world, [&] { ran = true; });
  EXPECT_TRUE(ran);
  auto moved = collectively(world, [&] { return std::make_unique<int>(world.rank()); });
  EXPECT_EQ(*moved, world.rank());
}

TEST(Collectively, OneRanksErrorReachesAllWithItsPlace) {
  const Communicator world = Communicator::world();
  for (int culprit = 0; culprit < world.size(); ++culprit) {
    std::string host = world.host();
    world.broadcast(host, culprit);
    try {
      collectively(world, [&] {
        if (world.rank() == culprit) throw Error("the disk is full");
      });
      FAIL() << "nothing was thrown";
    } catch (const CollectiveError& error) {
      const std::string expected = world.size() == 1
                                       ? "the disk is full"
                                       : "rank " + std::to_string(culprit) + " on " + host + ": the disk is full";
      EXPECT_EQ(error.what(), expected);
      EXPECT_TRUE(is_plain_error("", error));
    }
  }
}

TEST(Collectively, UsageErrorStaysUsageErrorAndASharedMessageHasNoRank) {
  const Communicator world = Communicator::world();
  EXPECT_EQ(message_of<UsageError>([&] { collectively(world, [] { throw UsageError("--grid is wrong"); }); }),
            "--grid is wrong");
}

TEST(Collectively, TheLowestRankSpeaksForSeveral) {
  const Communicator world = Communicator::world();
  if (world.size() < 3) GTEST_SKIP() << "needs 3 ranks";
  const std::string message = message_of<UsageError>([&] {
    collectively(world, [&] {
      if (world.rank() == 1) throw UsageError("first");
      if (world.rank() > 1) throw Error("second");
    });
  });
  EXPECT_TRUE(message.starts_with("rank 1 on "));
  EXPECT_NE(message.find(": first"), std::string::npos);
  EXPECT_NE(message.find(std::to_string(world.size() - 2) + " more rank"), std::string::npos) << message;
}

TEST(Collectively, OtherExceptionsBecomeErrors) {
  const Communicator world = Communicator::world();
  EXPECT_NE(message_of<Error>([&] { collectively(world, [] { throw std::bad_alloc(); }); }).find("Out of memory"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { collectively(world, [] { throw std::out_of_range("index 7"); }); }).find("index 7"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { collectively(world, [] { throw 7; }); }).find("unknown"), std::string::npos);
}

TEST(Collectively, NestedCallsKeepOneMessage) {
  const Communicator world = Communicator::world();
  const std::string message = message_of<UsageError>([&] {
    collectively(world, [&] {
      collectively(world, [&] {
        if (world.rank() == world.size() - 1) throw UsageError("deep");
      });
    });
  });
  EXPECT_EQ(message.find("rank", 5), std::string::npos) << message;
  EXPECT_NE(message.find("deep"), std::string::npos);
}

TEST(Collectively, WorksAgainAfterAFailure) {
  const Communicator world = Communicator::world();
  for (int i = 0; i < 20; ++i) {
    EXPECT_THROW(collectively(world,
                              [&] {
                                if (world.rank() == i % world.size()) throw Error("again");
                              }),
                 CollectiveError);
    EXPECT_EQ(world.all_reduce(std::int64_t{1}, Reduction::sum), world.size());
  }
}

TEST(RootOnly, SharesResultAndFailure) {
  const Communicator world = Communicator::world();
  int runs = 0;
  const std::string text = root_only(world, [&] {
    ++runs;
    return std::string("from the root");
  });
  EXPECT_EQ(text, "from the root");
  EXPECT_EQ(world.all_reduce(std::int64_t{runs}, Reduction::sum), 1);
  EXPECT_EQ(root_only(world, [] { return std::vector<double>{1.0, 2.0}; }), (std::vector<double>{1.0, 2.0}));
  EXPECT_EQ(root_only(world, [] { return 42; }), 42);
  root_only(world, [] {});
  EXPECT_EQ(message_of<UsageError>([&] { root_only(world, [] { throw UsageError("--output exists"); }); }),
            "--output exists");
}

struct Watcher {
  bool* together;
  ~Watcher() { *together = unwinding_together(); }
};

TEST(UnwindingTogether, TellsSharedFromLoneErrors) {
  const Communicator world = Communicator::world();
  bool together = false;
  EXPECT_FALSE(unwinding_together());
  try {
    const Watcher watcher{&together};
    collectively(world, [] { throw Error("all"); });
  } catch (const Error&) {
  }
  EXPECT_TRUE(together);
  try {
    const Watcher watcher{&together};
    throw Error("alone");
  } catch (const Error&) {
  }
  EXPECT_FALSE(together);
}

}  // namespace
}  // namespace landscape
