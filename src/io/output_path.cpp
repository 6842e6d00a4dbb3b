// What can forbid an output is asked before any work: the folder, its rights, and whose the file there is.
#include "landscape/io/output_path.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "hdf5.hpp"
#include "landscape/io/file_system.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/model/error.hpp"
#include "metadata_seal.hpp"
#include "rehearsal.hpp"

namespace landscape {
namespace {

/// Nothing can be added to a file whose seal is not whole, and HDF5 may crash on altered metadata.
void require_resumable(const std::string& path, const std::string& target) {
  const Seal seal = check_seal(target);
  if (seal == Seal::absent) const LandscapeReader reader(path);  // says what else it is
  if (seal != Seal::intact) require_seal(path);
}

}  // namespace

bool is_output_file(const std::string& path) {
  bool of_program = false, is_checkpoint = false;
  const auto look = [&] {
    const h5::File file = h5::open_file(path, H5F_ACC_RDONLY, h5::access_properties());
    is_checkpoint = h5::has_link(file.get(), "training");
    of_program = h5::read_text_or(file.get(), "program", "") == RunInfo().program;
  };
  const Seal seal = check_seal(path);
  try {
    rehearse(path, look);
    look();
  } catch (const Error&) {  // then its seal says whose it was
  }
  return !is_checkpoint && (of_program || seal != Seal::absent);
}

void check_output(const std::string& path, OutputMode mode) {
  if (path.empty()) throw UsageError("--output is empty: name a file.");
  const std::string target = resolve_path(path), folder = folder_of(target);
  struct stat status = {};
  if (stat(folder.c_str(), &status) != 0) {
    throw UsageError(
        fmt::format("The folder of --output '{}' does not exist: create '{}' or choose another.", path, folder));
  }
  if (!S_ISDIR(status.st_mode)) {
    throw UsageError(fmt::format("--output '{}' lies in '{}', which is no folder: choose another.", path, folder));
  }
  // The lock and the temporary file come to lie beside the output.
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(fmt::format("The folder '{}' of --output '{}' cannot be written {}: choose another.", folder, path,
                            errno_text()));
  }
  const bool exists = stat(target.c_str(), &status) == 0;
  if (!exists && errno != ENOENT) {
    throw UsageError(fmt::format("--output '{}' leads nowhere {}: choose another.", path, errno_text()));
  }
  if (!exists) {
    if (mode == OutputMode::resume) {
      throw UsageError(
          fmt::format("--resume needs the file of the earlier run, but '{}' does not exist: leave --resume out or "
                      "correct --output.",
                      path));
    }
    return;
  }
  if (!S_ISREG(status.st_mode))
    throw UsageError(fmt::format("--output '{}' exists and is no plain file: choose another.", path));
  if (mode == OutputMode::claim) return;
  if (mode == OutputMode::resume) {
    require_resumable(path, target);
  } else if (!is_output_file(target)) {
    throw UsageError(
        fmt::format("--output '{}' exists and is no output file of this program: choose another name, or remove it "
                    "yourself.",
                    path));
  } else if (mode == OutputMode::create) {
    throw UsageError(fmt::format("--output '{}' exists: give --overwrite, --resume or another name.", path));
  }
  if (access(target.c_str(), W_OK) != 0) {
    throw Error(fmt::format("--output '{}' cannot be written {}: change its permissions or choose another.", path,
                            errno_text()));
  }
}

}  // namespace landscape
