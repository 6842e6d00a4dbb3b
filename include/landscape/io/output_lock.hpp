// One job per output: a kernel lock on <output>.lock, held by rank 0 as long as the job lives. The MPI-IO driver takes
// no lock of its own, and two writers would mix their losses.
#pragma once

#include <string>

namespace landscape {

class OutputLock {
 public:
  /// Takes the lock. Throws Error that names host, process and start of the job that holds it. A lock file whose job
  /// has died is taken over, and that job's temporary files are removed.
  explicit OutputLock(const std::string& output);
  /// Gives it back and removes the file.
  ~OutputLock();
  OutputLock(OutputLock&& other) noexcept;
  OutputLock& operator=(OutputLock&& other) noexcept;

  const std::string& path() const { return path_; }
  /// Whether a job holds the lock of `output` now, and which: "process 4711 on node3 since 2026-01-01T00:00:00Z", else
  /// "".
  static std::string holder(const std::string& output);

 private:
  void release() noexcept;
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace landscape
