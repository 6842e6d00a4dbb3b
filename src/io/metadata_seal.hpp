// Whether the structure of an HDF5 file is still what this program wrote. HDF5's earliest format, which crash safety
// needs, has no checksums of its own, and the library may crash on altered metadata. So the bytes before the HDF5 part
// (its user block, which every HDF5 program skips) hold one line of text: the ranges of the file that never change
// after creation, and their CRC-32C.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hdf5.hpp"

namespace landscape {

/// An attribute whose value may change later. Its bytes are left out of the seal: any value is harmless to HDF5.
struct ChangingAttribute {
  std::string object;  // "/" or the path of a group
  std::string name;
};

/// A temporary file, marked as such, with room in front for a seal with this many changing attributes and datasets.
h5::File create_sealable_file(const std::string& path, std::size_t n_changing, std::size_t n_datasets = 48);

/// Writes the seal into a closed file.
void seal_metadata(const std::string& path, const std::vector<ChangingAttribute>& changing = {});

enum class Seal {
  intact,
  broken,  // damaged, or altered by another program
  absent   // written by another program
};
Seal check_seal(const std::string& path);

/// Throws Error unless the seal is intact: for whoever is about to write into the file.
void require_seal(const std::string& path);

}  // namespace landscape
