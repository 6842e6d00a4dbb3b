// Files that appear whole or not at all: written under a temporary name, made durable, renamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "landscape/io/file_system.hpp"

namespace landscape {

/// Marks a temporary file as this program's, in the last bytes of a block that no content reaches: the first
/// `block_size` bytes (a power of two) of the file. publish() takes the mark away.
void mark_temporary(const std::string& path, std::size_t block_size);
constexpr std::size_t kTemporaryMarkBytes = 64;
/// A regular file that bears the mark, or, where `empty_too`, has no content at all.
bool is_temporary_of_ours(const std::string& path, bool empty_too);

/// <target>.part-<host>-<pid>; the file is removed unless it was published.
class TemporaryFile {
 public:
  /// Creates nothing, but makes sure that a file of n_bytes could be written now: throws Error that names the needed
  /// and the free bytes. HDF5 must not meet a full disk: where it cannot close a file, it crashes later.
  TemporaryFile(const std::string& target, std::uint64_t n_bytes);
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  const std::string& path() const { return path_; }
  /// Takes the blocks of a file that was only made long, so that later writes cannot run out of space.
  void reserve_disk_space() const;
  /// fsync, rename to the target, fsync of the folder.
  void publish(ExistingOutput existing);

 private:
  std::string target_;
  std::string path_;
  bool published_ = false;
};

}  // namespace landscape
