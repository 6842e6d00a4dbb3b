// Enumerations as words: one table per enumeration serves parsing, printing and the error message that lists the
// choices.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "landscape/model/error.hpp"

namespace landscape {

template <class Enum, std::size_t kCount>
using Choices = std::array<std::pair<Enum, std::string_view>, kCount>;

template <class Enum, std::size_t kCount>
std::string choice_name(const Choices<Enum, kCount>& choices, Enum value) {
  for (const auto& [choice, name] : choices) {
    if (choice == value) return std::string(name);
  }
  throw Error("An enumeration holds a value that it does not name.");
}

/// "linear, fcnet or resnet"
template <class Enum, std::size_t kCount>
std::string choice_listing(const Choices<Enum, kCount>& choices) {
  std::string listing;
  for (std::size_t i = 0; i < kCount; ++i) {
    listing += i == 0 ? "" : i + 1 == kCount ? " or " : ", ";
    listing += choices[i].second;
  }
  return listing;
}

/// Throws UsageError "--network 'foo' is unknown: choose linear, fcnet or resnet."
template <class Enum, std::size_t kCount>
Enum parse_choice(const Choices<Enum, kCount>& choices, std::string_view text, std::string_view option) {
  for (const auto& [choice, name] : choices) {
    if (name == text) return choice;
  }
  throw UsageError(std::string(option) + " '" + std::string(text) + "' is unknown: choose " + choice_listing(choices) +
                   ".");
}

}  // namespace landscape
