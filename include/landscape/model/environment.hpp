// Environment variables: one that is empty counts as not set.
#pragma once

#include <cstdlib>

namespace landscape {

/// The variable's text, nullptr where it is unset or empty.
inline const char* environment(const char* name) noexcept {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? text : nullptr;
}

}  // namespace landscape
