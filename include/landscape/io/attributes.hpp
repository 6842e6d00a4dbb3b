// Named values for attributes of the output file, so that other rooms can hand over results without knowing HDF5.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace landscape {

using AttributeValue =
    std::variant<std::int64_t, std::uint64_t, double, std::string, std::vector<double>, std::vector<std::int64_t>>;

struct Attribute {
  std::string name;
  AttributeValue value;

  template <std::integral T>
  Attribute(std::string key, T number) : name(std::move(key)) {
    if constexpr (std::is_same_v<T, std::uint64_t>) {
      value = number;
    } else {
      value = static_cast<std::int64_t>(number);
    }
  }
  Attribute(std::string key, double number) : name(std::move(key)), value(number) {}
  Attribute(std::string key, std::string text) : name(std::move(key)), value(std::move(text)) {}
  Attribute(std::string key, const char* text) : name(std::move(key)), value(std::string(text)) {}
  Attribute(std::string key, std::vector<double> numbers) : name(std::move(key)), value(std::move(numbers)) {}
  Attribute(std::string key, std::vector<std::int64_t> numbers) : name(std::move(key)), value(std::move(numbers)) {}
  Attribute(std::string key, AttributeValue any) : name(std::move(key)), value(std::move(any)) {}

  friend bool operator==(const Attribute&, const Attribute&) = default;
};
using AttributeList = std::vector<Attribute>;

}  // namespace landscape
