// Names of files, and the room that they have.
#pragma once

#include <cstdint>
#include <string>

namespace landscape {

/// What becomes of a file that has the name of one to be made.
enum class ExistingOutput { refuse, replace };

/// Absolute path with links resolved, so that every name of a file leads to one lock and one temporary name.
std::string resolve_path(const std::string& path);
std::string folder_of(const std::string& path);

/// Whether two names lead to one file, through links of any kind.
bool is_same_file(const std::string& a, const std::string& b);

/// Free bytes for this user on the file system of `path`'s folder.
std::uint64_t free_bytes(const std::string& path);

std::string host_name();
/// "(No such file or directory)" of errno.
std::string errno_text();

}  // namespace landscape
