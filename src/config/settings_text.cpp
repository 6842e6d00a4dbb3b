// One parser for a line and its inverse: what setting_line() writes, parse_settings() reads back to the same bytes.
#include "landscape/config/settings_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "landscape/model/error.hpp"

namespace landscape {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::array<std::pair<char, char>, 5> kEscapes{
    {{'"', '"'}, {'\\', '\\'}, {'n', '\n'}, {'t', '\t'}, {'r', '\r'}}};  // written after a backslash, meant

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// `text` begins after the opening quote. False where it is not closed, holds an unknown escape, or goes on after it.
bool read_quoted(std::string_view text, std::string& value) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      const std::string_view rest = trimmed(text.substr(i + 1));
      return rest.empty() || rest.front() == '#';
    }
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    if (++i == text.size()) return false;
    const auto known = std::find_if(kEscapes.begin(), kEscapes.end(), [&](auto pair) { return pair.first == text[i]; });
    if (known == kEscapes.end()) return false;
    value += known->second;
  }
  return false;
}

Setting parse_line(std::string_view line, const std::string& name) {
  const std::size_t equals = line.find('=');
  Setting setting{std::string(trimmed(line.substr(0, equals))), {}};
  if (equals == std::string_view::npos || setting.key.empty())
    throw UsageError(fmt::format("{}: the line '{}' is not of the form key = value.", name, line));
  const std::string_view right = trimmed(line.substr(equals + 1));
  if (right.starts_with('"')) {
    if (read_quoted(right.substr(1), setting.value)) return setting;
    throw UsageError(
        fmt::format("{}: the value in '{}' does not end with its quote: write \\\" and \\\\ for \" and \\ in it, or "
                    "leave the quotes out.",
                    name, line));
  }
  if (right.starts_with('\''))
    throw UsageError(fmt::format("{}: the value in '{}' has single quotes: write double ones.", name, line));
  const std::size_t comment = right.find('#');
  setting.value = trimmed(right.substr(0, comment));
  if (comment != std::string_view::npos && comment > 0 && right[comment - 1] != ' ' && right[comment - 1] != '\t') {
    throw UsageError(
        fmt::format("{}: '{}' has a # inside its value: put the value into double quotes, or a blank before "
                    "a comment.",
                    name, line));
  }
  return setting;
}

}  // namespace

std::string setting_value(std::string_view value) {
  const bool plain = !value.empty() && trimmed(value).size() == value.size() && !value.starts_with('"') &&
                     !value.starts_with('\'') && value.find_first_of("#\n\t\r") == std::string_view::npos;
  if (plain) return std::string(value);
  std::string quoted = "\"";
  for (const char c : value) {
    const auto special = std::find_if(kEscapes.begin(), kEscapes.end(), [c](auto pair) { return pair.second == c; });
    if (special == kEscapes.end()) {
      quoted += c;
    } else {
      quoted += {'\\', special->first};
    }
  }
  return quoted + '"';
}

std::string setting_line(std::string_view key, std::string_view value) {
  return fmt::format("{} = {}\n", key, setting_value(value));
}

std::vector<Setting> parse_settings(std::string_view text, const std::string& name, Complaints& complaints) {
  std::vector<Setting> settings;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.front() != '#') complaints.collect([&] { settings.push_back(parse_line(line, name)); });
  }
  return settings;
}

std::vector<Setting> parse_settings(std::string_view text, const std::string& name) {
  Complaints complaints;
  std::vector<Setting> settings = parse_settings(text, name, complaints);
  complaints.raise();
  return settings;
}

}  // namespace landscape
