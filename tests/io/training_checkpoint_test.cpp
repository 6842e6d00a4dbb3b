// A training's state comes back bit for bit, or not at all.
#include "landscape/io/training_checkpoint.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

TrainingCheckpoint sample_checkpoint() {
  TrainingCheckpoint checkpoint;
  checkpoint.settings = "seed = 1\n";
  checkpoint.state.epoch = 123456789012;
  checkpoint.state.step = 7;
  checkpoint.state.theta = {0.1, -0.0, 5e-324};
  checkpoint.state.first_moment = {1e-300, 0.2, 0.3};
  checkpoint.state.second_moment = {1.0, 2.0, 3.0};
  checkpoint.state.seconds = 1.5;
  checkpoint.state.history = {{0, 5}, {1.0, std::nan("")}, {0.5, 0.25}};
  return checkpoint;
}

TEST(TrainingCheckpoint, ComesBackBitForBit) {
  const test::TestFolder folder;
  const std::string path = training_checkpoint_path(folder / "a.h5", "ritz");
  EXPECT_EQ(path, folder / "a.h5.training-ritz.h5");
  EXPECT_FALSE(load_training_checkpoint(path, "ritz").has_value());
  TrainingCheckpoint expected = sample_checkpoint();
  for (const bool finished : {false, true}) {
    if (finished) expected.finished = test::sample_minimizer(LossKind::ritz);
    save_training_checkpoint(path, "ritz", expected);  // also over an older one
    EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5.training-ritz.h5"});
    const auto found = load_training_checkpoint(path, "ritz");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->settings, "seed = 1\n");
    EXPECT_EQ(found->state.epoch, expected.state.epoch);
    EXPECT_EQ(found->state.step, expected.state.step);
    EXPECT_EQ(test::bits(found->state.theta), test::bits(expected.state.theta));
    EXPECT_EQ(test::bits(found->state.first_moment), test::bits(expected.state.first_moment));
    EXPECT_EQ(test::bits(found->state.second_moment), test::bits(expected.state.second_moment));
    EXPECT_EQ(found->state.seconds, 1.5);
    EXPECT_EQ(found->state.history.epoch, expected.state.history.epoch);
    EXPECT_EQ(test::bits(found->state.history.loss), test::bits(expected.state.history.loss));
    EXPECT_EQ(found->finished.has_value(), finished);
  }
  EXPECT_EQ(test::bits(load_minimizer(path, LossKind::ritz, {}).theta), test::bits(expected.finished->theta));
  remove_training_checkpoint(path, "galerkin");
  EXPECT_EQ(folder.names().size(), 1U) << "another minimizer's";
  remove_training_checkpoint(path, "ritz");
  remove_training_checkpoint(path, "ritz");
  EXPECT_TRUE(folder.names().empty());
}

TEST(TrainingCheckpoint, DamageAndOtherFilesAreRefusedWithTheRemedy) {
  const test::TestFolder folder;
  const std::string path = folder / "a.h5.training-ritz.h5";
  save_training_checkpoint(path, "ritz", sample_checkpoint());
  const auto refusal = [&](const char* name) -> std::string {
    try {
      load_training_checkpoint(path, name);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal("galerkin").find("another minimizer"), std::string::npos);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  // A flipped bit in the middle of theta's bytes.
  const std::size_t at =
      bytes.find(std::string(reinterpret_cast<const char*>(sample_checkpoint().state.theta.data()), 8));
  ASSERT_NE(at, std::string::npos);
  std::string flipped = bytes;
  flipped[at] = static_cast<char>(flipped[at] ^ 1);
  std::ofstream(path, std::ios::binary) << flipped;
  EXPECT_NE(refusal("ritz").find("checksum"), std::string::npos);
  EXPECT_NE(refusal("ritz").find("Remove it"), std::string::npos);
  for (std::size_t n = 0; n < bytes.size(); n += bytes.size() / 20) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes.substr(0, n);
    EXPECT_NE(refusal("ritz").find("Remove it"), std::string::npos) << n;
  }
  std::filesystem::remove(path);
  LandscapeFile::create(path, test::sample_layout(2, 3));
  EXPECT_NE(refusal("ritz").find("no training checkpoint"), std::string::npos);
  EXPECT_THROW(save_training_checkpoint(path, "ritz", sample_checkpoint()), Error);
  remove_training_checkpoint(path, "ritz");
  EXPECT_EQ(LandscapeReader(path).n_rows(test::block(LossKind::ritz)), 2) << "an output of that name stays";
}

}  // namespace
}  // namespace landscape
