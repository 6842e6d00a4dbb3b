// The two kinds of failure a user can meet. Both carry one sentence that names the option or file and the remedy.
#pragma once

#include <stdexcept>

namespace landscape {

/// Anything that went wrong while running; the program exits with code 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A request that cannot be meant: unknown option, impossible grid, shapes that do not fit; exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace landscape
