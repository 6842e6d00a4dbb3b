// Reading a file that nobody vouches for: HDF5 may crash or loop on damaged metadata, so a child process reads it
// first.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

#include "metadata_seal.hpp"

namespace landscape {

/// Returns at once where the file's seal is intact. Otherwise runs `read` in a child process with bounded time and
/// memory, whatever it throws, and throws Error if that process crashes. Returns what the seal is like.
Seal rehearse(const std::string& path, const std::function<void()>& read);
/// The same where the seal is known: an intact one needs no rehearsal.
void rehearse(const std::string& path, Seal seal, const std::function<void()>& read);

/// Throws Error "The minimizer file 'a.h5' is no plain file: give <wanted>." where it is not there, no file or not
/// readable; `subject` stands before the name. A FIFO is not opened.
void require_readable(const std::string& path, std::string_view subject, std::string_view wanted);

/// Say on stderr, once per file, what was noticed though the file can be read all the same: that it was altered, and
/// that nothing vouches for its numbers.
void warn_if_broken(Seal seal, const std::string& path);
void warn_without_checksums(const std::string& path);

/// read(), after its rehearsal.
template <class F>
std::invoke_result_t<F> read_rehearsed(const std::string& path, F&& read) {
  const Seal seal = rehearse(path, [&] { read(); });
  std::invoke_result_t<F> result = read();
  warn_if_broken(seal, path);
  return result;
}

}  // namespace landscape
