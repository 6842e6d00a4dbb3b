// A file with more directions takes the place of a smaller one: its intact rows are there bit for bit, all others are
// missing. And a file whose writer was killed while HDF5's open-for-writing flag was set is not a damaged one.
#include <gtest/gtest.h>

#include <fstream>

#include "../../src/io/checksum.hpp"
#include "../../src/io/hdf5.hpp"
#include "../../src/io/metadata_seal.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

using test::TestFolder;

constexpr std::int64_t kSteps = 5;

/// Writes row `row` of the losses and marks the first n_marked items, with a checksum that fits or does not.
void write_row(const std::string& path, LossKind loss, std::int64_t row, std::int64_t n_marked, bool fits) {
  h5::File file = h5::open_file(path, H5F_ACC_RDWR, h5::access_properties());
  const std::string group = "profiles/" + to_string(loss) + "/";
  const auto losses = h5::open_dataset(file.get(), group + "loss", H5T_IEEE_F64LE, 2);
  const auto complete = h5::open_dataset(file.get(), group + "complete", H5T_STD_U8LE, 2);
  const auto checksum = h5::open_dataset(file.get(), group + "row_checksum", H5T_STD_U32LE, 1);
  const std::vector<double> values = test::sample_losses(loss, row * kSteps, kSteps);
  const std::vector<std::uint8_t> ones(static_cast<std::size_t>(n_marked), 1);
  const std::uint32_t crc = crc32c_of(std::span<const double>(values)) + (fits ? 0 : 1);
  const auto first = static_cast<std::uint64_t>(row * kSteps);
  h5::write_range(losses, H5T_NATIVE_DOUBLE, first, kSteps, values.data());
  h5::write_range(complete, H5T_NATIVE_UINT8, first, ones.size(), ones.data());
  h5::write_range(checksum, H5T_NATIVE_UINT32, static_cast<std::uint64_t>(row), 1, &crc);
}

TEST(ExtendedFile, KeepsIntactRowsAndNothingElse) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, test::sample_layout(6, kSteps));
  for (const std::int64_t row : {1, 2, 5}) write_row(path, LossKind::ritz, row, kSteps, true);
  write_row(path, LossKind::ritz, 3, kSteps, false);
  write_row(path, LossKind::ritz, 4, kSteps - 1, true);
  LandscapeFile::extend(path, test::sample_layout(9, kSteps));

  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
  EXPECT_EQ(check_seal(path), Seal::intact);
  const LandscapeReader reader(path);
  EXPECT_EQ(reader.state(), RunState::running);
  std::vector<RowState> expected(9, RowState::missing);
  EXPECT_EQ(reader.row_states(test::block(LossKind::galerkin)), expected);
  for (const std::size_t row : {1, 2, 5}) expected[row] = RowState::intact;
  EXPECT_EQ(reader.row_states(test::block(LossKind::ritz)), expected);
  for (const std::int64_t row : {1, 2, 5}) {
    EXPECT_EQ(test::bits(reader.rows(test::block(LossKind::ritz), row, 1)),
              test::bits(test::sample_losses(LossKind::ritz, row * kSteps, kSteps)));
  }
}

TEST(ExtendedFile, IsNotMadeWhereRowsDoNotFit) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, test::sample_layout(6, kSteps));
  EXPECT_THROW(LandscapeFile::extend(path, test::sample_layout(5, kSteps)), Error);
  EXPECT_THROW(LandscapeFile::extend(path, test::sample_layout(7, kSteps + 1)), Error);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
  EXPECT_EQ(LandscapeReader(path).n_rows(test::block(LossKind::ritz)), 6);
}

TEST(MetadataSeal, LeavesOutTheFlagThatSaysOpenForWriting) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, test::sample_layout(3, kSteps));
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::size_t superblock = bytes.find("\x89HDF\r\n\x1a\n");
  ASSERT_NE(superblock, std::string::npos);
  ASSERT_EQ(bytes[superblock + 8], 0) << "the place of the flag depends on the superblock's version";
  const auto write = [&](std::size_t at, char value) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(value);
  };
  write(superblock + 20, 1);
  EXPECT_EQ(check_seal(path), Seal::intact);
  EXPECT_EQ(LandscapeReader(path).n_rows(test::block(LossKind::ritz)), 3);
  write(superblock + 19, static_cast<char>(bytes[superblock + 19] ^ 1));  // its neighbour is sealed
  EXPECT_EQ(check_seal(path), Seal::broken);
}

}  // namespace
}  // namespace landscape
