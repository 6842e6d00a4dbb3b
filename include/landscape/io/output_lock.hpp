// One job per output: a kernel lock on <output>.lock, held by rank 0 as long as the job lives. The MPI-IO driver takes
// no lock of its own, and two writers would mix their losses.
#pragma once

#include <string>

namespace landscape {

class OutputLock {
 public:
  /// Takes the lock. Throws Error that names host, process and start of the job that holds it, or says that something
  /// else than a lock of this program has its name. A lock file whose job has died is taken over.
  explicit OutputLock(const std::string& output);
  /// Gives it back and removes the file.
  ~OutputLock();
  OutputLock(OutputLock&& other) noexcept;
  OutputLock& operator=(OutputLock&& other) noexcept;

  const std::string& path() const { return path_; }
  /// Removes the temporary files of this output and its checkpoints that dead jobs left behind: whoever holds the lock
  /// is their only possible writer. Only regular files that this program marked as its own go.
  void remove_leftovers() const;
  /// Whether a job holds the lock of `output` now, and which: "process 4711 on node3 since 2026-01-01T00:00:00Z", else
  /// "".
  static std::string holder(const std::string& output);

 private:
  void release() noexcept;
  void remove_dead_lock(const std::string& output);
  std::string target_;    // the output, links resolved
  std::string path_;      // of the lock file
  std::string text_;      // what this job wrote into it
  std::string dead_job_;  // "host-pid" of the job whose lock was taken over
  int descriptor_ = -1;
};

}  // namespace landscape
