// What a round costs beside its work: exchanges between all ranks, counted and slowed down where they enter MPI. On a
// busy machine each may cost every rank a time slice.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/job/evaluation.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/native.hpp"

namespace {

std::atomic<int> n_exchanges{0};
std::chrono::milliseconds delay{0};

void count_exchange() {
  ++n_exchanges;
  if (delay.count() > 0) std::this_thread::sleep_for(delay);
}

}  // namespace

// Every collective of the program and of HDF5 comes by here on its way into MPI.
#define LANDSCAPE_COUNT(name, parameters, arguments) \
  extern "C" int MPI_##name parameters {             \
    count_exchange();                                \
    return PMPI_##name arguments;                    \
  }
LANDSCAPE_COUNT(Barrier, (MPI_Comm comm), (comm))
LANDSCAPE_COUNT(Ibarrier, (MPI_Comm comm, MPI_Request* request), (comm, request))
LANDSCAPE_COUNT(Bcast, (void* data, int n, MPI_Datatype type, int root, MPI_Comm comm), (data, n, type, root, comm))
LANDSCAPE_COUNT(Ibcast, (void* data, int n, MPI_Datatype type, int root, MPI_Comm comm, MPI_Request* request),
                (data, n, type, root, comm, request))
LANDSCAPE_COUNT(Allreduce, (const void* in, void* out, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm),
                (in, out, n, type, op, comm))
LANDSCAPE_COUNT(Iallreduce,
                (const void* in, void* out, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm, MPI_Request* request),
                (in, out, n, type, op, comm, request))
LANDSCAPE_COUNT(Allgather,
                (const void* in, int n, MPI_Datatype type, void* out, int m, MPI_Datatype out_type, MPI_Comm comm),
                (in, n, type, out, m, out_type, comm))
LANDSCAPE_COUNT(Iallgather,
                (const void* in, int n, MPI_Datatype type, void* out, int m, MPI_Datatype out_type, MPI_Comm comm,
                 MPI_Request* request),
                (in, n, type, out, m, out_type, comm, request))
LANDSCAPE_COUNT(File_open, (MPI_Comm comm, const char* name, int mode, MPI_Info info, MPI_File* file),
                (comm, name, mode, info, file))
LANDSCAPE_COUNT(File_sync, (MPI_File file), (file))
LANDSCAPE_COUNT(File_set_size, (MPI_File file, MPI_Offset size), (file, size))
#undef LANDSCAPE_COUNT

namespace landscape {
namespace {

using std::chrono::microseconds;

// Losses that take as long as they are told to, and nothing of the processor.
class SlowBackend : public LossBackend {
 public:
  explicit SlowBackend(microseconds per_item) : per_item_(per_item) {}
  std::string describe() const override { return "slow"; }
  void set_points(const PointSet&) override {}
  void evaluate(const LineTask& task, std::span<double> losses) override {
    std::this_thread::sleep_for(per_item_ * task.count);
    for (std::size_t i = 0; i < losses.size(); ++i)
      losses[i] = static_cast<double>(task.first) + static_cast<double>(i);
  }
  double loss_and_gradient(LossKind, std::span<const double>, std::span<double>) override { return 0.0; }

 private:
  microseconds per_item_;
};

class Rounds : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = root_only(world_, [] {
      std::string name = (std::filesystem::temp_directory_path() / "landscape-XXXXXX").string();
      if (mkdtemp(name.data()) == nullptr) throw Error("no folder for the test");
      return name;
    });
  }
  void TearDown() override {
    world_.barrier();
    if (world_.is_root()) std::filesystem::remove_all(folder_);
  }

  EvaluationOutcome evaluate(double round_seconds, microseconds per_item) {
    landscape::Setup setup;
    setup.config.output = folder_ + "/a.h5";
    setup.config.n_directions = 500;
    setup.config.grid.num = 21;
    setup.config.round_seconds = round_seconds;
    setup.config.quiet = true;
    setup.device = "cpu";
    setup.analysis = &roughness_analysis();
    setup.command = &command_table().front();
    const std::vector<Work> work = setup.analysis->work(setup.config);
    std::vector<Minimizer> minimizers;
    std::vector<LineSet> directions;
    for (const LossKind loss : setup.config.losses) {
      Minimizer minimizer;
      minimizer.spec = setup.config.network;
      minimizer.loss = loss;
      minimizer.name = to_string(loss);
      minimizer.theta.assign(ParameterLayout(minimizer.spec).size(), 1.0);
      minimizers.push_back(std::move(minimizer));
      directions.push_back(setup.analysis->lines(setup.config, work[minimizers.size() - 1], minimizers, {}));
    }
    const std::vector<const LineSet*> lines{&directions[0], &directions[1]};
    OutputClaim claim;
    const std::vector<OpenRows> open = prepare_output(world_, setup, work, minimizers, claim);
    SlowBackend backend(per_item);
    n_exchanges = 0;
    LandscapeFile file = LandscapeFile::open_parallel(setup.config.output, world_);
    EXPECT_GT(n_exchanges, 0) << "HDF5's own are seen too";
    delay = delay_;
    n_exchanges = 0;
    const EvaluationOutcome outcome = evaluate_rows(world_, setup, backend, work, lines, open, file);
    n_counted_ = n_exchanges;
    delay = std::chrono::milliseconds(0);
    file.close();
    if (world_.is_root()) {
      for (const LossKind loss : setup.config.losses) {
        EXPECT_EQ(LandscapeReader(setup.config.output).row_states(profile_group(loss)),
                  std::vector<RowState>(500, RowState::intact));
      }
    }
    EXPECT_EQ(outcome.n_done, 2 * 500 * 21);
    EXPECT_GE(outcome.n_rounds, 3);
    return outcome;
  }

  Communicator world_ = Communicator::world();
  std::string folder_;
  std::chrono::milliseconds delay_{0};
  int n_counted_ = 0;  // exchanges of the evaluation
};

constexpr int kBeforeAndAfterTheRounds = 4;

TEST_F(Rounds, ARoundIsAnExchangeAndASecondOneForRowsThatRanksShare) {
  const EvaluationOutcome outcome = evaluate(0.005, microseconds(10));
  EXPECT_LE(n_counted_, 2 * outcome.n_rounds + kBeforeAndAfterTheRounds) << outcome.n_rounds << " rounds";
}

TEST_F(Rounds, ARoundIsNoShorterThanWhatItCosts) {
  delay_ = std::chrono::milliseconds(10);
  const EvaluationOutcome outcome = evaluate(0.001, microseconds(40));
  const double waited = 0.01 * n_counted_;
  // A tenth, and twice that because the cost is known late; the first three rounds are made before it is known.
  EXPECT_LE(waited, 0.2 * outcome.wall_seconds + 0.01 * (2 * 3 + kBeforeAndAfterTheRounds))
      << outcome.n_rounds << " rounds in " << outcome.wall_seconds << " s";
}

TEST_F(Rounds, ASlowRankIsGivenLess) {
  if (world_.size() == 1) GTEST_SKIP() << "needs another rank";
  const microseconds fast(40);
  const EvaluationOutcome outcome = evaluate(0.05, world_.is_root() ? 4 * fast : fast);
  const double ideal = 2 * 500 * 21 * 40e-6 / (world_.size() - 1 + 0.25);
  EXPECT_LE(outcome.wall_seconds, 1.2 * ideal + 0.25) << outcome.n_rounds << " rounds";
  ASSERT_EQ(outcome.busy.size(), static_cast<std::size_t>(world_.size()));
  for (const double busy : outcome.busy) EXPECT_GE(busy, 0.7 * ideal);
}

}  // namespace
}  // namespace landscape
