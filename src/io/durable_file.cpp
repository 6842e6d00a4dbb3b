// Reserve, write, fsync the file, rename, fsync the folder. A temporary file bears a mark that says it is this
// program's, so that what a dead job left may be taken away later and nobody else's file ever is.
#include "durable_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

/// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

void sync(const std::string& path, int flags) {
  const Descriptor file(path, flags);
  // Some network file systems refuse to sync a folder (EINVAL): they have nothing to offer there.
  if (file.get() < 0 || (fsync(file.get()) != 0 && errno != EINVAL)) {
    throw Error(fmt::format("'{}' cannot be written to the disk {}.", path, errno_text()));
  }
}

// ---- the mark of a temporary file: one line that ends a block of 4 KiB to 1 MiB in front of everything else
constexpr std::string_view kMark = "\nlandscape_mpi temporary file, of no use once its job is gone\n";
static_assert(kMark.size() <= kTemporaryMarkBytes);
constexpr std::size_t kSmallestBlock = 4096, kLargestBlock = std::size_t{1} << 20;

/// Where the mark stands; 0 where there is none.
std::size_t find_mark(int descriptor) {
  std::array<char, kMark.size()> found{};
  for (std::size_t block = kSmallestBlock; block <= kLargestBlock; block *= 2) {
    const std::size_t at = block - kTemporaryMarkBytes;
    if (pread(descriptor, found.data(), found.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(found.size()) &&
        std::string_view(found.data(), found.size()) == kMark) {
      return at;
    }
  }
  return 0;
}

bool write_mark(int descriptor, std::size_t block_size) {
  const auto at = static_cast<off_t>(block_size - kTemporaryMarkBytes);
  return pwrite(descriptor, kMark.data(), kMark.size(), at) == static_cast<ssize_t>(kMark.size());
}

/// A published file does not bear it: whoever copies one may call the copy what he likes.
void remove_mark(const std::string& path) {
  const Descriptor file(path, O_RDWR);
  const std::size_t at = file.get() < 0 ? 0 : find_mark(file.get());
  const std::array<char, kMark.size()> nothing{};
  if (at > 0 && pwrite(file.get(), nothing.data(), nothing.size(), static_cast<off_t>(at)) < 0) {
    throw Error(fmt::format("'{}' cannot be written {}.", path, errno_text()));
  }
}

/// rename(2) that fails with EEXIST where the target exists.
int rename_to_free_name(const char* from, const char* to) {
  const long status = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  if (status == 0 || (errno != EINVAL && errno != ENOSYS)) return static_cast<int>(status);
  struct stat existing = {};  // a file system without it: nearly as good, as the output's lock keeps others out
  if (lstat(to, &existing) == 0) {
    errno = EEXIST;
    return -1;
  }
  return rename(from, to);
}

/// Gives a file its blocks. 0, or errno; a file system that cannot do it has nothing against it.
int reserve(int descriptor, std::uint64_t n_bytes) {
  int code = 0;
  do {
    code = n_bytes == 0 || fallocate(descriptor, 0, 0, static_cast<off_t>(n_bytes)) == 0 ? 0 : errno;
  } while (code == EINTR);
  return code == EOPNOTSUPP || code == ENOSYS ? 0 : code;
}

[[noreturn]] void throw_no_space(const std::string& target, std::uint64_t n_bytes, int code) {
  if (code == EFBIG || code == EDQUOT) {  // the disk may have room
    throw Error(
        fmt::format("'{}' needs {}, more than {} allows: have it raised, choose another --output or fewer "
                    "--directions.",
                    target, bytes_text(static_cast<double>(n_bytes)),
                    code == EFBIG ? "the limit on the size of files (ulimit -f)" : "the disk quota"));
  }
  throw Error(
      fmt::format("'{}' needs {}, but {} are free ({}): make room, choose another --output or fewer --directions.",
                  target, bytes_text(static_cast<double>(n_bytes)), bytes_text(static_cast<double>(free_bytes(target))),
                  std::strerror(code)));
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& target, std::uint64_t n_bytes)
    : target_(resolve_path(target)), path_(fmt::format("{}.part-{}-{}", target_, host_name(), getpid())) {
  if (is_temporary_of_ours(path_, false)) unlink(path_.c_str());  // of a dead process with our number
  const std::uint64_t available = free_bytes(target_);
  if (n_bytes > available) throw_no_space(target_, n_bytes, ENOSPC);
  const Descriptor file(path_, O_RDWR | O_CREAT | O_EXCL);
  if (file.get() < 0) {
    throw Error(fmt::format("The temporary file '{}' cannot be created {}{}.", path_, errno_text(),
                            errno == EEXIST ? ": move what has its name" : ""));
  }
  write_mark(file.get(), kSmallestBlock);         // as far as there is room
  const int code = reserve(file.get(), n_bytes);  // also quotas and limits have a say
  unlink(path_.c_str());
  if (code != 0) throw_no_space(target_, n_bytes, code);
}

TemporaryFile::~TemporaryFile() {
  if (!published_) unlink(path_.c_str());
}

void TemporaryFile::reserve_disk_space() const {
  const Descriptor file(path_, O_RDWR);
  struct stat status = {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) {
    throw Error(fmt::format("'{}' cannot be opened {}.", path_, errno_text()));
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (const int code = reserve(file.get(), size); code != 0) throw_no_space(target_, size, code);
}

void mark_temporary(const std::string& path, std::size_t block_size) {
  const Descriptor file(path, O_RDWR);
  if (file.get() < 0 || !write_mark(file.get(), block_size)) {
    throw Error(fmt::format("'{}' cannot be written {}.", path, errno_text()));
  }
}

bool is_temporary_of_ours(const std::string& path, bool empty_too) {
  const Descriptor file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat status = {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  return find_mark(file.get()) > 0 || (empty_too && status.st_size == 0);
}

void TemporaryFile::publish(ExistingOutput existing) {
  sync(path_, O_RDWR);
  remove_mark(path_);  // last, so that a leftover of nearly any moment bears it; on the disk it may stay for a while
  const bool refuse = existing == ExistingOutput::refuse;
  if ((refuse ? rename_to_free_name(path_.c_str(), target_.c_str()) : rename(path_.c_str(), target_.c_str())) != 0) {
    if (refuse && errno == EEXIST) {
      throw UsageError(fmt::format("The output '{}' exists: give --overwrite, --resume or another --output.", target_));
    }
    throw Error(fmt::format("The output '{}' cannot be put in its place {}.", target_, errno_text()));
  }
  published_ = true;
  sync(folder_of(target_), O_RDONLY | O_DIRECTORY);
}

}  // namespace landscape
