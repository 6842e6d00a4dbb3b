// A minimizer as a group of an HDF5 file: /minimizer/<loss> of outputs, training results and checkpoints.
#pragma once

#include "hdf5.hpp"
#include "landscape/model/minimizer.hpp"

namespace landscape {

std::string minimizer_group_name(LossKind loss);  // "minimizer/ritz"
/// What a minimizer adds to a file: datasets, and bytes (rounded up).
std::size_t count_datasets(const Minimizer& minimizer);
double size_estimate(const Minimizer& minimizer);
void write_minimizer_group(const h5::File& file, const Minimizer& minimizer);
/// Throws Error where the group is missing or does not fit together. Checksums may only be missing where `no_checksum`
/// is given: it is set then.
Minimizer read_minimizer_group(const h5::File& file, LossKind loss, bool* no_checksum = nullptr);

/// Three columns of one length below `parent`; nothing is written, or expected, where they are empty.
void write_history(hid_t parent, const TrainingHistory& history);
TrainingHistory read_history(hid_t parent, bool* no_checksum = nullptr);

}  // namespace landscape
