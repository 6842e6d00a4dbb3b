// The lock is the kernel's (an open-file-description lock, which network file systems carry to other nodes): it ends
// with the process, however that dies. The text in the file only tells others who holds it.
#include "landscape/io/output_lock.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "durable_file.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

enum class Attempt { taken, held, unsupported };

struct flock whole_file(short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

Attempt try_lock(int descriptor) {
  struct flock lock = whole_file(F_WRLCK);
  if (fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return Attempt::taken;
  if (errno == EINVAL) {  // a kernel without these locks
    lock = whole_file(F_WRLCK);
    if (fcntl(descriptor, F_SETLK, &lock) == 0) return Attempt::taken;
  }
  return errno == EACCES || errno == EAGAIN ? Attempt::held : Attempt::unsupported;
}

std::string read_text(int descriptor) {
  std::array<char, 512> text{};
  const ssize_t n = pread(descriptor, text.data(), text.size() - 1, 0);
  return n > 0 ? std::string(text.data(), static_cast<std::size_t>(n)) : std::string();
}

/// "process 4711 on node3 since 2026-01-01T00:00:00Z" from "node3 4711 2026-01-01T00:00:00Z".
struct Owner {
  std::string host, since;
  pid_t pid = 0;
  std::string describe() const {
    return pid == 0 ? "another process" : fmt::format("process {} on {} since {}", pid, host, since);
  }
};

Owner parse_owner(const std::string& text) {
  Owner owner;
  const std::size_t first = text.find(' '), second = text.find(' ', first + 1), end = text.find('\n');
  if (first == std::string::npos || second == std::string::npos || end == std::string::npos || end < second)
    return owner;
  std::from_chars(text.data() + first + 1, text.data() + second, owner.pid);
  owner.host = text.substr(0, first);
  owner.since = text.substr(second + 1, end - second - 1);
  return owner;
}

/// Where locks are not supported: held unless the text names a process of this host that is gone.
bool may_be_alive(const Owner& owner) {
  if (owner.pid == 0) return false;
  return owner.host != host_name() || kill(owner.pid, 0) == 0 || errno == EPERM;
}

void write_owner(int descriptor) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::string text = fmt::format("{} {} {:%Y-%m-%dT%H:%M:%SZ}\n", host_name(), getpid(), fmt::gmtime(now));
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    fmt::print(stderr, "warning: the lock file cannot be written {}.\n", errno_text());
  }
}

bool is_still_at(int descriptor, const std::string& path) {
  struct stat ours = {}, there = {};
  return fstat(descriptor, &ours) == 0 && stat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino &&
         ours.st_dev == there.st_dev;
}

/// <output>.part-* and <output>.training-*.part-* of jobs that died: whoever holds the lock is their only possible
/// writer.
void remove_leftovers(const std::string& output) {
  const std::filesystem::path target(output);
  const std::string name = target.filename().string();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(output), error)) {
    const std::string other = entry.path().filename().string();
    const bool own = other.starts_with(name + ".part-") ||
                     (other.starts_with(name + ".training-") && other.find(".h5.part-") != std::string::npos);
    if (own) std::filesystem::remove(entry.path(), error);
  }
}

}  // namespace

OutputLock::OutputLock(const std::string& output) {
  const std::string target = resolve_path(output);
  path_ = target + ".lock";
  for (;;) {
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor_ < 0) throw Error(fmt::format("The lock file '{}' cannot be opened {}.", path_, errno_text()));
    const Attempt attempt = try_lock(descriptor_);
    const Owner owner = parse_owner(read_text(descriptor_));
    if (attempt == Attempt::held || (attempt == Attempt::unsupported && may_be_alive(owner))) {
      close(std::exchange(descriptor_, -1));
      throw Error(fmt::format(
          "The output '{}' is being written by {}: wait for it, stop it or choose another --output{}.", output,
          owner.describe(), attempt == Attempt::held ? "" : fmt::format(" (if it is gone, remove '{}')", path_)));
    }
    // The previous holder may have removed the file between our open and our lock: then another may already lock a new
    // one.
    if (is_still_at(descriptor_, path_)) break;
    close(std::exchange(descriptor_, -1));
  }
  write_owner(descriptor_);
  remove_leftovers(target);
}

OutputLock::~OutputLock() { release(); }

OutputLock::OutputLock(OutputLock&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputLock& OutputLock::operator=(OutputLock&& other) noexcept {
  if (this != &other) {
    release();
    path_ = std::move(other.path_);
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

void OutputLock::release() noexcept {
  if (descriptor_ < 0) return;
  unlink(path_.c_str());  // before the lock ends, so that nobody locks a file that is about to go
  close(std::exchange(descriptor_, -1));
}

std::string OutputLock::holder(const std::string& output) {
  const std::string path = resolve_path(output) + ".lock";
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return "";
  const Owner owner = parse_owner(read_text(descriptor));
  struct flock lock = whole_file(F_WRLCK);
  const bool asked = fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
  const bool held = asked ? lock.l_type != F_UNLCK : may_be_alive(owner);
  close(descriptor);
  return held ? owner.describe() : "";
}

}  // namespace landscape
