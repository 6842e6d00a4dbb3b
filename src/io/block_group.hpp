// Which groups of a file are blocks (landscape/io/block.hpp), and how their datasets are called.
#pragma once

#include <string>
#include <vector>

#include "hdf5.hpp"

namespace landscape {

/// Datasets of every block.
inline constexpr const char* kMask = "complete";
inline constexpr const char* kRowChecksum = "row_checksum";
inline constexpr const char* kSeconds = "evaluation_seconds";
/// Attributes of its group that name the others; the first one makes it a block.
inline constexpr const char* kValuesName = "values";
inline constexpr const char* kAxisName = "axis";
inline constexpr const char* kRowAxisName = "row_axis";
inline constexpr const char* kRowVectorsName = "row_vectors";

/// Paths of all blocks, a block before those below it, else by name.
std::vector<std::string> block_groups(const h5::File& file);

}  // namespace landscape
