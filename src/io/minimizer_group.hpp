// A minimizer as a group of an HDF5 file: /minimizer/<name> of outputs, training results and checkpoints.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hdf5.hpp"
#include "landscape/model/minimizer.hpp"

namespace landscape {

std::string minimizer_group_name(const std::string& name);  // "minimizer/ritz"
/// Throws Error where a name is none for a group, or there twice.
void check_names(const std::vector<Minimizer>& minimizers);
/// The names of those that are there, or were when the file was written, in the order they were written in.
std::vector<std::string> minimizer_names(const h5::File& file);
/// What a minimizer adds to a file: datasets, and bytes (rounded up).
std::size_t count_datasets(const Minimizer& minimizer);
double size_estimate(const Minimizer& minimizer);
void write_minimizer_groups(const h5::File& file, std::span<const Minimizer> minimizers);
/// Throws Error where the group is missing or does not fit together. Checksums may only be missing where `no_checksum`
/// is given: it is set then.
Minimizer read_minimizer_group(const h5::File& file, const std::string& name, bool* no_checksum = nullptr);

/// Three columns of one length below `parent`; nothing is written, or expected, where they are empty.
void write_history(hid_t parent, const TrainingHistory& history);
TrainingHistory read_history(hid_t parent, bool* no_checksum = nullptr);
/// The same of a path, with as many parameters as given.
void write_path(hid_t parent, const TrainingPath& path);
TrainingPath read_path(hid_t parent, std::size_t n_parameters, bool* no_checksum = nullptr);

}  // namespace landscape
