// fork, limits of time and memory, read, exit: what crashes or hangs in a damaged file is the child.
#include "rehearsal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <set>

#include "landscape/io/file_system.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

constexpr rlim_t kSeconds = 20;
constexpr std::uint64_t kExtraMemory = std::uint64_t{4} << 30;

std::uint64_t address_space() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

[[noreturn]] void run_in_child(const std::function<void()>& read) {
  const rlimit time{kSeconds, kSeconds}, none{0, 0};
  const rlim_t bytes = address_space() + kExtraMemory;
  const rlimit memory{bytes, bytes};
  setrlimit(RLIMIT_CPU, &time);
  setrlimit(RLIMIT_AS, &memory);
  setrlimit(RLIMIT_CORE, &none);
  for (const int crash : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    signal(crash, SIG_DFL);  // no backtraces of other libraries
  alarm(2 * kSeconds);
  signal(SIGALRM, SIG_DFL);
  if (const int nowhere = open("/dev/null", O_WRONLY); nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  try {
    read();
  } catch (...) {  // the parent will meet it too, and report it
  }
  _exit(0);
}

void warn_once(const std::string& path, std::string_view what) {
  static std::set<std::string> said;
  const std::string warning = fmt::format("warning: '{}' {}\n", path, what);
  if (said.insert(warning).second) fmt::print(stderr, "{}", warning);
}

}  // namespace

Seal rehearse(const std::string& path, const std::function<void()>& read) {
  const Seal seal = check_seal(path);
  rehearse(path, seal, read);
  return seal;
}

void rehearse(const std::string& path, Seal seal, const std::function<void()>& read) {
  if (seal == Seal::intact) return;
  const pid_t child = fork();
  if (child == 0) run_in_child(read);
  if (child < 0) return;  // no process to be had: rather read without rehearsal than not at all
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw Error(fmt::format("'{}' is damaged: HDF5 cannot read it.", path));
  }
}

void require_readable(const std::string& path, std::string_view subject, std::string_view wanted) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) {
    throw Error(fmt::format("{}'{}' cannot be opened {}: give {}.", subject, path, errno_text(), wanted));
  }
  if (!S_ISREG(status.st_mode)) throw Error(fmt::format("{}'{}' is no plain file: give {}.", subject, path, wanted));
  if (access(path.c_str(), R_OK) != 0)
    throw Error(fmt::format("{}'{}' cannot be read {}.", subject, path, errno_text()));
}

void warn_if_broken(Seal seal, const std::string& path) {
  if (seal == Seal::broken) warn_once(path, "was altered since it was written, by another program or by damage.");
}

void warn_without_checksums(const std::string& path) {
  warn_once(path, "is a copy without checksums: whether its numbers are those that were written cannot be told.");
}

}  // namespace landscape
