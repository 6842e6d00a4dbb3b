// GoogleTest under MPI: rank 0 prints as usual, the others only their failures; the exit code is the worst of all
// ranks.
#include <gtest/gtest.h>

#include <cstdio>

#include "landscape/parallel/mpi_session.hpp"

namespace {

class FailurePrinter : public testing::EmptyTestEventListener {
 public:
  explicit FailurePrinter(int rank) : rank_(rank) {}

 private:
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d: %s:%d: %s\n", rank_, result.file_name() != nullptr ? result.file_name() : "?",
                 result.line_number(), result.message());
  }
  int rank_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  landscape::MpiSession session(argc, argv);
  return session.run("tests", [](const landscape::Communicator& world) {
    if (!world.is_root()) {
      auto& listeners = testing::UnitTest::GetInstance()->listeners();
      delete listeners.Release(listeners.default_result_printer());
      listeners.Append(new FailurePrinter(world.rank()));
    }
    const int mine = RUN_ALL_TESTS();
    return static_cast<int>(world.all_reduce(std::int64_t{mine}, landscape::Reduction::max));
  });
}
