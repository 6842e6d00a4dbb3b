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
#include <filesystem>
#include <regex>
#include <utility>
#include <vector>

#include "durable_file.hpp"
#include "landscape/io/file_system.hpp"
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

/// The whole text of a small file; of a longer one its beginning, which is in no lock's format.
std::string read_text(int descriptor) {
  std::array<char, 512> text{};
  const ssize_t n = pread(descriptor, text.data(), text.size(), 0);
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

/// pid 0 where the text is not exactly what owner_text() writes: then the file is somebody else's.
Owner parse_owner(const std::string& text) {
  static const std::regex format("([^ \n]+) ([1-9][0-9]{0,9}) ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z)\n");
  Owner owner;
  std::smatch match;
  if (!std::regex_match(text, match, format)) return owner;
  const std::string pid = match[2].str();
  if (std::from_chars(pid.data(), pid.data() + pid.size(), owner.pid).ec != std::errc()) owner.pid = 0;
  owner.host = match[1].str();
  owner.since = match[3].str();
  return owner;
}

/// Where locks are not supported: held unless the text names a process of this host that is gone.
bool may_be_alive(const Owner& owner) {
  if (owner.pid == 0) return false;
  return owner.host != host_name() || kill(owner.pid, 0) == 0 || errno == EPERM;
}

std::string owner_text() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{} {} {:%Y-%m-%dT%H:%M:%SZ}\n", host_name(), getpid(), fmt::gmtime(now));
}

bool is_still_at(int descriptor, const std::string& path) {
  struct stat ours = {}, there = {};
  return fstat(descriptor, &ours) == 0 && lstat(path.c_str(), &there) == 0 && ours.st_ino == there.st_ino &&
         ours.st_dev == there.st_dev;
}

/// An existing lock file, for whoever wants to look into it; -1 with errno. Never follows a link or waits in a FIFO.
int open_existing(const std::string& path, int access) {
  const int descriptor = open(path.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat status = {};
  if (descriptor >= 0 && fstat(descriptor, &status) == 0 && !S_ISREG(status.st_mode)) {
    close(descriptor);
    errno = ELOOP;  // as for a link: something else than a lock file lies there
    return -1;
  }
  return descriptor;
}

[[noreturn]] void refuse_foreign(const std::string& output, const std::string& path) {
  throw Error(
      fmt::format("The output '{}' needs the name '{}' for its lock, but what lies there is no lock of this program: "
                  "move it away or choose another --output.",
                  output, path));
}

/// An open lock file with its text; descriptor -1 where it is gone meanwhile. A job that was just started may not have
/// written its text yet: an empty file is looked at for a second before it counts as somebody else's.
int open_lock_of_a_job(const std::string& output, const std::string& path, Owner& owner) {
  constexpr int kLooks = 50;
  for (int look = 0; look < kLooks; ++look) {
    const int descriptor = open_existing(path, O_RDWR);
    if (descriptor < 0) {
      if (errno == ENOENT) return -1;
      if (errno == ELOOP || errno == EISDIR || errno == ENXIO) refuse_foreign(output, path);
      throw Error(fmt::format("The lock file '{}' cannot be opened {}.", path, errno_text()));
    }
    const std::string text = read_text(descriptor);
    owner = parse_owner(text);
    if (owner.pid != 0) return descriptor;
    close(descriptor);
    if (!text.empty()) break;
    usleep(20'000);
  }
  refuse_foreign(output, path);
}

/// Whether `name` is <output>.part-<host>-<pid> or <output>.training-<name>.h5.part-<host>-<pid>, and whose.
bool is_temporary_name(const std::string& name, const std::string& output, Owner& owner) {
  static const std::regex rest("(\\.training-.+\\.h5)?\\.part-(.+)-([1-9][0-9]{0,9})");
  std::smatch match;
  const std::string tail = name.starts_with(output) ? name.substr(output.size()) : "";
  if (!std::regex_match(tail, match, rest)) return false;
  owner.host = match[2].str();
  const std::string pid = match[3].str();
  return std::from_chars(pid.data(), pid.data() + pid.size(), owner.pid).ec == std::errc();
}

}  // namespace

OutputLock::OutputLock(const std::string& output) {
  target_ = resolve_path(output);
  path_ = target_ + ".lock";
  while (true) {
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor_ >= 0) break;
    if (errno != EEXIST) throw Error(fmt::format("The lock file '{}' cannot be opened {}.", path_, errno_text()));
    remove_dead_lock(output);
  }
  try_lock(descriptor_);  // nobody else locks it before it has a text
  text_ = owner_text();
  if (pwrite(descriptor_, text_.data(), text_.size(), 0) != static_cast<ssize_t>(text_.size())) {
    fmt::print(stderr, "warning: the lock file cannot be written {}.\n", errno_text());
    text_ = read_text(descriptor_);
  }
}

/// Removes the lock file of a job that has died. Throws Error where the job lives, or the file is somebody else's.
void OutputLock::remove_dead_lock(const std::string& output) {
  Owner owner;
  const int descriptor = open_lock_of_a_job(output, path_, owner);
  if (descriptor < 0) return;
  const Attempt attempt = try_lock(descriptor);
  if (attempt == Attempt::held || (attempt == Attempt::unsupported && may_be_alive(owner))) {
    close(descriptor);
    throw Error(fmt::format(
        "The output '{}' is being written by {}: wait for it, stop it or choose another --output{}.", output,
        owner.describe(), attempt == Attempt::held ? "" : fmt::format(" (if it is gone, remove '{}')", path_)));
  }
  // The holder may have removed the file before it gave the lock back: then another job's may lie there by now.
  if (is_still_at(descriptor, path_)) {
    unlink(path_.c_str());
    dead_job_ = fmt::format("{}-{}", owner.host, owner.pid);
  }
  close(descriptor);
}

void OutputLock::remove_leftovers() const {
  const std::string name = std::filesystem::path(target_).filename().string();
  std::vector<std::filesystem::path> leftovers;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_of(target_), error), end; !error && entry != end;
       entry.increment(error)) {
    Owner owner;
    if (!is_temporary_name(entry->path().filename().string(), name, owner)) continue;
    // Killed before its first byte, a temporary file is known by the lock file of its job only.
    const bool of_dead_job = fmt::format("{}-{}", owner.host, owner.pid) == dead_job_;
    if (is_temporary_of_ours(entry->path().string(), of_dead_job)) leftovers.push_back(entry->path());
  }
  for (const auto& leftover : leftovers) std::filesystem::remove(leftover, error);
}

OutputLock::~OutputLock() { release(); }

OutputLock::OutputLock(OutputLock&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::move(other.path_)),
      text_(std::move(other.text_)),
      dead_job_(std::move(other.dead_job_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputLock& OutputLock::operator=(OutputLock&& other) noexcept {
  if (this != &other) {
    release();
    target_ = std::move(other.target_);
    path_ = std::move(other.path_);
    text_ = std::move(other.text_);
    dead_job_ = std::move(other.dead_job_);
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

void OutputLock::release() noexcept {
  if (descriptor_ < 0) return;
  // Before the lock ends, so that nobody locks a file that is about to go; and only what is still as this job wrote it.
  if (is_still_at(descriptor_, path_) && read_text(descriptor_) == text_) unlink(path_.c_str());
  close(std::exchange(descriptor_, -1));
}

std::string OutputLock::holder(const std::string& output) {
  const std::string path = resolve_path(output) + ".lock";
  const int descriptor = open_existing(path, O_RDONLY);
  if (descriptor < 0) return "";
  const Owner owner = parse_owner(read_text(descriptor));
  struct flock lock = whole_file(F_WRLCK);
  const bool asked = fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
  const bool held = asked ? lock.l_type != F_UNLCK : may_be_alive(owner);
  close(descriptor);
  return held ? owner.describe() : "";
}

}  // namespace landscape
