// The rounds under MPI: uneven ranges, rows shared between ranks, calls and rounds, errors on one rank; and that
// nothing but raw data changes.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "../../src/io/metadata_seal.hpp"
#include "landscape/io/landscape_file.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/profile/work_partition.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

constexpr LossKind kRitz = LossKind::ritz, kGalerkin = LossKind::galerkin;

/// One folder for all ranks, made and removed by rank 0.
class ParallelFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = root_only(world_, [&] {
      folder_ = std::make_unique<test::TestFolder>();
      return *folder_ / "a.h5";
    });
  }
  void TearDown() override { world_.barrier(); }
  void create(std::int64_t m, std::int64_t p, bool directions = false) {
    root_only(world_, [&] { LandscapeFile::create(path_, test::sample_layout(m, p, directions)); });
  }
  void write(LandscapeFile& file, LossKind loss, WorkRange range) {
    collectively(world_, [&] {
      file.write_items(test::block(loss), range.begin, test::sample_losses(loss, range.begin, range.size()));
    });
  }
  /// On rank 0.
  void expect_rows(LossKind loss, const std::vector<RowState>& expected) {
    if (!world_.is_root()) return;
    const LandscapeReader reader(path_);
    EXPECT_EQ(reader.row_states(test::block(loss)), expected);
    for (std::size_t row = 0; row < expected.size(); ++row) {
      if (expected[row] != RowState::intact) continue;
      const std::int64_t p = reader.n_columns(test::block(loss)), k = static_cast<std::int64_t>(row);
      EXPECT_EQ(test::bits(reader.rows(test::block(loss), k, 1)), test::bits(test::sample_losses(loss, k * p, p)))
          << "row " << row;
    }
  }
  static std::vector<RowState> rows(std::int64_t n, RowState state) {
    return std::vector<RowState>(static_cast<std::size_t>(n), state);
  }

  Communicator world_ = Communicator::world();
  std::unique_ptr<test::TestFolder> folder_;
  std::string path_;
};

TEST_F(ParallelFile, UnevenSharesComeBackBitForBit) {
  // More ranks than items, one step per row, rows cut at every place.
  for (const auto& [m, p] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {2, 1}, {1, 7}, {5, 3}, {7, 11}, {13, 101}}) {
    root_only(world_, [&] { std::filesystem::remove(path_); });
    create(m, p);
    LandscapeFile file = LandscapeFile::open_parallel(path_, world_);
    EXPECT_EQ(file.n_rows(test::block(kRitz)), m);
    EXPECT_EQ(file.n_columns(test::block(kRitz)), p);
    for (const LossKind loss : test::kBothLosses)
      write(file, loss, WorkPartition(m * p, world_.size()).of(world_.rank()));
    expect_rows(kRitz, rows(m, RowState::missing));
    world_.barrier();  // ranks mark what is theirs without waiting for others
    file.commit_round();
    expect_rows(kRitz, rows(m, RowState::intact));  // while the file is still open for writing
    file.close();
    for (const LossKind loss : test::kBothLosses) expect_rows(loss, rows(m, RowState::intact));
    world_.barrier();
  }
}

TEST_F(ParallelFile, ManySmallRoundsCompleteEveryRow) {
  const std::int64_t m = 6, p = 10;
  create(m, p);
  LandscapeFile file = LandscapeFile::open_parallel(path_, world_);
  const WorkRange mine = WorkPartition(m * p, world_.size()).of(world_.rank());
  // Every rank has another pace, so rows are put together over rounds; some ranks finish early and go on taking part.
  const std::int64_t pace = 3 + 4 * world_.rank();
  for (std::int64_t round = 0; round < 30; ++round) {
    const std::int64_t first = mine.begin + round * pace;
    write(file, kGalerkin, {std::min(first, mine.end), std::min(first + pace, mine.end)});
    file.commit_round();
  }
  file.close();
  expect_rows(kGalerkin, rows(m, RowState::intact));
  expect_rows(kRitz, rows(m, RowState::missing));
}

TEST_F(ParallelFile, ARowInPiecesOfOneRoundGetsItsChecksum) {
  create(3, 8);
  LandscapeFile file = LandscapeFile::open_parallel(path_, world_);
  // Items of row 1 are dealt out one by one, the last ones first.
  for (std::int64_t item = 15; item >= 8; --item) {
    if (item % world_.size() == world_.rank())
      write(file, kRitz, {item, item + 1});
    else
      write(file, kRitz, {0, 0});
  }
  file.commit_round();
  file.close();
  expect_rows(kRitz, {RowState::missing, RowState::intact, RowState::missing});
}

TEST_F(ParallelFile, WhatIsNotCommittedIsNotMarked) {
  create(4, 5);
  {
    LandscapeFile file = LandscapeFile::open_parallel(path_, world_);
    write(file, kRitz, world_.is_root() ? WorkRange{0, 7} : WorkRange{0, 0});
    file.commit_round();
    write(file, kRitz, world_.is_root() ? WorkRange{7, 20} : WorkRange{0, 0});
  }  // closed by its destructor
  expect_rows(kRitz, {RowState::intact, RowState::partial, RowState::missing, RowState::missing});
  if (world_.is_root()) {
    EXPECT_EQ(LandscapeReader(path_).n_complete_items(test::block(kRitz)), 7);
  }
  world_.barrier();
  // The next job goes on.
  LandscapeFile file = LandscapeFile::open_parallel(path_, world_);
  write(file, kRitz, world_.rank() == world_.size() - 1 ? WorkRange{7, 20} : WorkRange{0, 0});
  file.commit_round();
  file.close();
  expect_rows(kRitz, rows(4, RowState::intact));
}

TEST_F(ParallelFile, AnErrorOfOneRankReachesAllAndTheFileStaysSound) {
  create(4, 5);
  const int culprit = world_.size() - 1;
  try {
    LandscapeFile file = LandscapeFile::open_parallel(path_, world_);
    write(file, kRitz, world_.is_root() ? WorkRange{0, 5} : WorkRange{0, 0});
    file.commit_round();
    // The last rank writes beyond the end.
    write(file, kRitz, world_.rank() == culprit ? WorkRange{18, 23} : WorkRange{0, 0});
    FAIL() << "nothing was thrown";
  } catch (const CollectiveError& error) {
    EXPECT_NE(std::string(error.what()).find("outside"), std::string::npos) << error.what();
  }
  world_.barrier();
  expect_rows(kRitz, {RowState::intact, RowState::missing, RowState::missing, RowState::missing});
}

TEST_F(ParallelFile, AFirstRoundThatCannotBeWrittenIsAnErrorAndLeavesHdf5NothingToCrashOver) {
  create(4, 5);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit none{1000, before.rlim_max};
  testing::internal::CaptureStderr();
  try {
    LandscapeFile file = LandscapeFile::open_parallel(path_, world_);
    setrlimit(RLIMIT_FSIZE, &none);
    write(file, kRitz, {0, 5});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const CollectiveError&) {
  }
  setrlimit(RLIMIT_FSIZE, &before);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("warning: HDF5 cannot close"), std::string::npos) << said;
  world_.barrier();
  expect_rows(kRitz, rows(4, RowState::missing));
}

TEST_F(ParallelFile, MissingAndAlteredFilesAreRefusedByAllRanks) {
  EXPECT_THROW(LandscapeFile::open_parallel(path_, world_), CollectiveError);
  create(4, 5);
  if (world_.is_root()) {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(4096 + 120);  // inside the root group's header
    file.put('\x55');
  }
  world_.barrier();
  EXPECT_THROW(LandscapeFile::open_parallel(path_, world_), CollectiveError);
}

TEST_F(ParallelFile, RoundsChangeRawDataOnly) {
  create(20, 50, true);
  LandscapeFile file = LandscapeFile::open_parallel(path_, world_);
  const auto size = std::filesystem::file_size(path_);
  const std::size_t n = ParameterLayout(NetworkSpec{}).size();
  for (int round = 0; round < 3; ++round) {
    for (const LossKind loss : test::kBothLosses)
      write(file, loss, WorkPartition(1000, world_.size()).of(world_.rank()));
    collectively(world_, [&] {
      file.write_row_vector(test::block(kRitz), world_.rank(), std::vector<double>(n, 1.0 + world_.rank()));
    });
    file.commit_round();
    if (world_.is_root()) {
      EXPECT_EQ(check_seal(path_), Seal::intact);
    }
    EXPECT_EQ(std::filesystem::file_size(path_), size);
    world_.barrier();
  }
  file.close();
  if (world_.is_root()) {
    EXPECT_EQ(check_seal(path_), Seal::intact);
    EXPECT_EQ(std::filesystem::file_size(path_), size);
    for (int rank = 0; rank < world_.size(); ++rank) {
      EXPECT_EQ(LandscapeReader(path_).row_vector(test::block(kRitz), rank), std::vector<double>(n, 1.0 + rank));
    }
    ResultWriter writer(path_);
    writer.write_rows(test::block(kRitz), test::sample_columns(20));
    writer.write(test::sample_results(kRitz, 0.25, {0.125, 0.5}, 20));
    writer.set_state(RunState::complete);
    writer.close();
    EXPECT_EQ(check_seal(path_), Seal::intact);
    EXPECT_EQ(std::filesystem::file_size(path_), size);
  }
  EXPECT_THROW(
      collectively(
          world_,
          [&] {
            LandscapeFile::open_parallel(path_, world_).write_row_vector(test::block(kRitz), 0, std::vector<double>(3));
          }),
      CollectiveError);
}

TEST_F(ParallelFile, ARoundCostsMilliseconds) {
  const std::int64_t m = 1000, p = 101;
  create(m, p);
  LandscapeFile file = LandscapeFile::open_parallel(path_, world_);
  const WorkRange mine = WorkPartition(m * p, world_.size()).of(world_.rank());
  const auto seconds = [start = std::chrono::steady_clock::now()] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const int n_rounds = 20;
  const double before = seconds();
  for (int round = 0; round < n_rounds; ++round) {
    write(file, kRitz, mine);
    file.commit_round();
  }
  const double each = (seconds() - before) / n_rounds;
  file.close();
  if (world_.is_root())
    std::printf("round of %d ranks, %.1f MB of losses: %.2f ms\n", world_.size(), 8e-6 * m * p, 1e3 * each);
  EXPECT_TRUE(each < 2.0) << each << " s";  // generous: a shared disk may be slow
}

TEST_F(ParallelFile, MinimizersAreBroadcastWhole) {
  Minimizer minimizer = world_.is_root()
                            ? test::sample_minimizer(kGalerkin, {NetworkKind::fcnet, Activation::tanh, 3, 5, 2})
                            : Minimizer{};
  broadcast_minimizer(world_, minimizer);
  const Minimizer expected = test::sample_minimizer(kGalerkin, {NetworkKind::fcnet, Activation::tanh, 3, 5, 2});
  EXPECT_EQ(minimizer.name, expected.name);
  EXPECT_EQ(minimizer.spec, expected.spec);
  EXPECT_EQ(minimizer.loss, kGalerkin);
  EXPECT_EQ(test::bits(minimizer.theta), test::bits(expected.theta));
  EXPECT_EQ(minimizer.source, expected.source);
  EXPECT_EQ(minimizer.final_loss, expected.final_loss);
  EXPECT_EQ(minimizer.problem, expected.problem);
  EXPECT_EQ(minimizer.final_quadrature, expected.final_quadrature);
  EXPECT_EQ(minimizer.final_loss_error, expected.final_loss_error);
  EXPECT_EQ(minimizer.relative_l2_uncertainty, expected.relative_l2_uncertainty);
  EXPECT_EQ(minimizer.relative_h1_uncertainty, expected.relative_h1_uncertainty);
  EXPECT_EQ(minimizer.gradient_norm, expected.gradient_norm);
  EXPECT_EQ(minimizer.at_iteration_limit, expected.at_iteration_limit);
  EXPECT_EQ(minimizer.training_loss, expected.training_loss);
  EXPECT_EQ(minimizer.training_quadrature, expected.training_quadrature);
  EXPECT_EQ(minimizer.profile_loss, expected.profile_loss);
  EXPECT_EQ(minimizer.profile_quadrature, expected.profile_quadrature);
  EXPECT_EQ(minimizer.warnings, expected.warnings);
  EXPECT_EQ(minimizer.history.error_quadrature, expected.history.error_quadrature);
  EXPECT_EQ(minimizer.relative_l2_error, expected.relative_l2_error);
  EXPECT_EQ(minimizer.relative_h1_error, expected.relative_h1_error);
  EXPECT_EQ(minimizer.seconds, expected.seconds);
  EXPECT_EQ(minimizer.history.epoch, expected.history.epoch);
  EXPECT_EQ(minimizer.history.relative_l2_error, expected.history.relative_l2_error);
}

}  // namespace
}  // namespace landscape
