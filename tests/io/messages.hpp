// What is said when something fails.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "landscape/model/error.hpp"

namespace landscape::test {

inline std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

/// The same of what a file is to blame for, and no option.
inline std::string message_of_fault(const std::function<void()>& f) {
  return message_of([&] {
    try {
      f();
    } catch (const UsageError& error) {
      ADD_FAILURE() << "a file's fault is no usage error: " << error.what();
    }
  });
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace landscape::test
