// Directions from files: read bit for bit, or refused with the place that does not fit.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "../../src/io/hdf5.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "messages.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

using test::contains;
using test::message_of_fault;
using test::TestFolder;

class DirectionFile : public testing::Test {
 protected:
  /// An HDF5 file of somebody else, with a dataset /direction.
  void write(const std::vector<double>& values, const std::vector<hsize_t>& shape, bool chunked = false,
             hid_t type = H5T_IEEE_F64LE) {
    std::filesystem::remove(path_);
    h5::start();
    const h5::File file(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), "create");
    const h5::PropertyList creation(H5Pcreate(H5P_DATASET_CREATE), "create");
    if (chunked) h5::check(H5Pset_chunk(creation.get(), static_cast<int>(shape.size()), shape.data()), "chunk");
    const h5::Dataspace space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), "create");
    const h5::Dataset dataset(
        H5Dcreate2(file.get(), "direction", type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), "create");
    h5::check(H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "write");
  }
  std::string refusal(std::int64_t n) {
    return message_of_fault([&] { read_directions(path_, "ritz", n); });
  }
  TestFolder folder_;
  std::string path_ = folder_ / "d.h5";
};

TEST_F(DirectionFile, RowsComeBackBitForBit) {
  const std::vector<double> rows{1.0, -0.0, 3.0, 0.1, 0.2, 5e-324};
  write(rows, {2, 3});
  EXPECT_EQ(test::bits(read_directions(path_, "ritz", 3)), test::bits(rows));
  write(rows, {2, 3}, true);
  EXPECT_EQ(test::bits(read_directions(path_, "ritz", 3)), test::bits(rows)) << "in chunks";
  write(rows, {2, 3}, false, H5T_IEEE_F32BE);
  EXPECT_EQ(read_directions(path_, "ritz", 3)[3], static_cast<double>(0.1F));
}

TEST_F(DirectionFile, WhatDoesNotFitIsRefused) {
  write({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_TRUE(contains(refusal(4), "shape (2, 3); expected one row of 4"));
  write({1, 2, 3, 4, 5, 6}, {6});
  EXPECT_TRUE(contains(refusal(6), "1 dimensions, expected 2"));
  write({1, 2, std::nan(""), 4, 5, 6}, {2, 3});
  EXPECT_TRUE(contains(refusal(3), "row 0"));
  write({1, 2, 3, 0, 0, 0}, {2, 3});
  EXPECT_TRUE(contains(refusal(3), "row 1"));
  write({1, 2, 3, 4, 5, 6}, {2, 3}, false, H5T_STD_I32LE);
  EXPECT_TRUE(contains(refusal(3), "another type"));
  std::filesystem::remove(path_);
  LandscapeFile::create(path_, test::sample_layout(2, 3));
  EXPECT_TRUE(contains(refusal(3), "/direction"));
  std::ofstream(path_) << "no HDF5";
  EXPECT_TRUE(contains(refusal(3), "not HDF5"));
}

}  // namespace
}  // namespace landscape
