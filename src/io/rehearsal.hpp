// Reading a file that nobody vouches for: HDF5 may crash or loop on damaged metadata, so a child process reads it
// first.
#pragma once

#include <functional>
#include <string>
#include <type_traits>

#include "metadata_seal.hpp"

namespace landscape {

/// Returns at once where the file's seal is intact. Otherwise runs `read` in a child process with bounded time and
/// memory, whatever it throws, and throws Error if that process crashes. Returns what the seal is like.
Seal rehearse(const std::string& path, const std::function<void()>& read);

/// Says on stderr that the file was altered, though it can be read all the same.
void warn_if_broken(Seal seal, const std::string& path);

/// read(), after its rehearsal.
template <class F>
std::invoke_result_t<F> read_rehearsed(const std::string& path, F&& read) {
  const Seal seal = rehearse(path, [&] { read(); });
  std::invoke_result_t<F> result = read();
  warn_if_broken(seal, path);
  return result;
}

}  // namespace landscape
