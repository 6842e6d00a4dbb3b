// Whether the structure of an HDF5 file is still what this program wrote. HDF5's earliest format, which crash safety
// needs, has no checksums of its own, and the library may crash on altered metadata. So the bytes before the HDF5 part
// (its user block, which every HDF5 program skips) hold one line of text: the ranges of the file that are not raw data,
// and their CRC-32C. After creation only raw data changes.
#pragma once

#include <cstddef>
#include <string>

#include "hdf5.hpp"

namespace landscape {

/// A temporary file, marked as such, with room in front for the seal of this many datasets.
h5::File create_sealable_file(const std::string& path, std::size_t n_datasets);

/// Writes the seal into a closed file.
void seal_metadata(const std::string& path);

enum class Seal {
  intact,
  broken,  // damaged, or altered by another program
  absent   // written by another program
};
Seal check_seal(const std::string& path);

/// Throws Error unless the seal is intact: for whoever is about to write into the file.
void require_seal(const std::string& path);

}  // namespace landscape
