// MPI-IO of the ROMIO kind reads what stands before a ':' in a path as the type of a file system ("nfs:/home/x"), OMPIO
// as part of the name. Which of the two will open the file is found out by letting it open one.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "durable_file.hpp"
#include "landscape/io/file_system.hpp"
#include "landscape/io/output_path.hpp"
#include "landscape/model/error.hpp"
#include "landscape/parallel/mpi_file.hpp"

namespace landscape {

void check_parallel_output(const std::string& path) {
  if (path.find(':') == std::string::npos) return;
  const std::string trial = fmt::format("{}.part-{}-{}", path, host_name(), getpid());
  if (is_temporary_of_ours(trial, false)) unlink(trial.c_str());  // of a dead process with our number
  const int descriptor = open(trial.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0) throw Error(fmt::format("'{}' cannot be created {}.", trial, errno_text()));
  close(descriptor);
  const bool opened = mpi_can_open(trial);
  unlink(trial.c_str());
  if (opened) return;
  throw UsageError(
      fmt::format("--output '{}' cannot be opened by MPI, which takes what stands before ':' for the type of a file "
                  "system: choose a name and a folder without ':'.",
                  path));
}

}  // namespace landscape
