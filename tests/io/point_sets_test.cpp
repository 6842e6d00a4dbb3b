// Profiles with further point sets, and results that are datasets: made with the file, filled later, kept when it
// grows.
#include <gtest/gtest.h>

#include <cmath>

#include "../../src/io/checksum.hpp"
#include "../../src/io/hdf5.hpp"
#include "../../src/io/metadata_seal.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

using test::TestFolder;

constexpr std::int64_t kSteps = 5;

ResultGroup sample_curve(std::vector<double> interval) {
  const auto n = static_cast<std::int64_t>(interval.size()) / 2;
  return {"roughness/ritz/curve",
          "of a test",
          {{"interval", "numbers of a test", "1", "(K, 2)", {n, 2}, 0, std::move(interval)},
           {"directions", "whole numbers", "1", "(K)", {3}, 0, std::vector<std::int64_t>{1, 2, 3}}}};
}

FileLayout layout_with(std::int64_t n_directions, std::size_t n_sets) {
  FileLayout layout = test::sample_layout(n_directions, kSteps);
  for (const LossKind loss : test::kBothLosses) {
    for (std::size_t set = 1; set <= n_sets; ++set) {
      layout.blocks.push_back(test::sample_block(loss, n_directions, kSteps));
      layout.blocks.back().group = test::block(loss, static_cast<int>(set));
      layout.blocks.back().attributes = {{"quadrature", "monte-carlo:7"}, {"stream", static_cast<std::int64_t>(set)}};
    }
  }
  layout.results.push_back(sample_curve({NAN, NAN, NAN, NAN}));
  return layout;
}

void write_row(const std::string& path, const std::string& group, std::int64_t row, const std::vector<double>& values) {
  h5::File file = h5::open_file(path, H5F_ACC_RDWR, h5::access_properties());
  const auto losses = h5::open_dataset(file.get(), group + "/loss", H5T_IEEE_F64LE, 2);
  const auto complete = h5::open_dataset(file.get(), group + "/complete", H5T_STD_U8LE, 2);
  const auto checksum = h5::open_dataset(file.get(), group + "/row_checksum", H5T_STD_U32LE, 1);
  const std::vector<std::uint8_t> ones(values.size(), 1);
  const std::uint32_t crc = crc32c_of(std::span<const double>(values));
  h5::write_range(losses, H5T_NATIVE_DOUBLE, static_cast<std::uint64_t>(row * kSteps), kSteps, values.data());
  h5::write_range(complete, H5T_NATIVE_UINT8, static_cast<std::uint64_t>(row * kSteps), kSteps, ones.data());
  h5::write_range(checksum, H5T_NATIVE_UINT32, static_cast<std::uint64_t>(row), 1, &crc);
}

TEST(PointSets, AreReadOneByOneAndKeptWhenTheFileGrows) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, layout_with(3, 2));
  const std::vector<double> main{1, 2, 3, 4, 5}, second{-1, NAN, -0.0, 7, 8};
  write_row(path, "profiles/ritz", 1, main);
  write_row(path, "profiles/ritz/point_sets/2", 2, second);
  for (const std::int64_t n : {3, 4}) {
    if (n == 4) LandscapeFile::extend(path, layout_with(4, 2));
    EXPECT_EQ(check_seal(path), Seal::intact);
    const LandscapeReader reader(path);
    EXPECT_EQ(reader.blocks().size(), 6u);
    EXPECT_EQ(reader.n_rows(test::block(LossKind::ritz)), n);
    EXPECT_TRUE(reader.has_block(test::block(LossKind::ritz, 2)));
    EXPECT_FALSE(reader.has_block(test::block(LossKind::ritz, 3)));
    std::vector<RowState> states(static_cast<std::size_t>(n), RowState::missing);
    EXPECT_EQ(reader.row_states(test::block(LossKind::ritz, 1)), states);
    states[2] = RowState::intact;
    EXPECT_EQ(reader.row_states(test::block(LossKind::ritz, 2)), states);
    EXPECT_EQ(test::bits(reader.rows(test::block(LossKind::ritz, 2), 2, 1)), test::bits(second));
    EXPECT_EQ(reader.n_complete_items(test::block(LossKind::ritz)), kSteps);
    EXPECT_EQ(reader.n_complete_items(test::block(LossKind::galerkin, 2)), 0);
  }
  EXPECT_THROW(LandscapeReader(path).row_states(test::block(LossKind::ritz, 3)), Error);
}

TEST(PointSets, ManyOfThemAreSealedToo) {
  const TestFolder folder;
  LandscapeFile::create(folder / "a.h5", layout_with(2, 101));
  EXPECT_EQ(check_seal(folder / "a.h5"), Seal::intact);
  EXPECT_EQ(LandscapeReader(folder / "a.h5").blocks().size(), 204u);
}

TEST(ResultTables, AreOverwrittenInPlaceAndNeverResized) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, layout_with(3, 0));
  ResultWriter writer(path);
  const std::vector<double> values{1.5, -2.5, NAN, 4.5};
  writer.write(sample_curve(values));
  EXPECT_THROW(writer.write(sample_curve({1, 2})), Error);
  writer.close();
  EXPECT_EQ(check_seal(path), Seal::intact);
  const LandscapeReader reader(path);
  EXPECT_FALSE(reader.has_results("roughness/ritz/curve"));  // the second one was begun
  EXPECT_EQ(test::bits(std::get<std::vector<double>>(reader.results("roughness/ritz/curve").results[0].value)),
            test::bits(values));
}

}  // namespace
}  // namespace landscape
