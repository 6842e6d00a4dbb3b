// Reading a file that nobody vouches for: HDF5 may crash or loop on damaged metadata, so a child process reads it
// first.
#pragma once

#include <functional>
#include <string>

namespace landscape {

/// Returns at once where the file's seal is intact. Otherwise runs `read` in a child process with bounded time and
/// memory, whatever it throws, and throws Error if that process crashes; warns on stderr if the seal is broken and the
/// file can be read all the same.
void rehearse(const std::string& path, const std::function<void()>& read);

}  // namespace landscape
