// Questions to the operating system about names and disks.
#include "landscape/io/file_system.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <limits>

#include "landscape/model/error.hpp"

namespace landscape {

std::string resolve_path(const std::string& path) {
  namespace fs = std::filesystem;
  constexpr int kMostLinks = 40;
  std::error_code error;
  fs::path resolved = fs::absolute(path, error);
  // Also a link whose target does not exist yet leads to that target.
  for (int i = 0; !error && i < kMostLinks; ++i) {
    resolved = fs::weakly_canonical(resolved.parent_path(), error) / resolved.filename();
    if (error || !fs::is_symlink(fs::symlink_status(resolved, error))) {
      if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) error.clear();
      break;
    }
    resolved = resolved.parent_path() / fs::read_symlink(resolved, error);
  }
  if (error || resolved.empty())
    throw Error(fmt::format("The path '{}' cannot be followed ({}).", path, error.message()));
  return resolved.lexically_normal().string();
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown-host";
  return name.data();
}

std::string errno_text() { return fmt::format("({})", std::strerror(errno)); }

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat first = {}, second = {};
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 && first.st_ino == second.st_ino &&
         first.st_dev == second.st_dev;
}

std::uint64_t free_bytes(const std::string& path) {
  struct statvfs status = {};
  if (statvfs(folder_of(resolve_path(path)).c_str(), &status) != 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace landscape
