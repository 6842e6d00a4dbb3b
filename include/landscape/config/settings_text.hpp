// The text of settings, one rule for config files, the text stored in output files and the one that ranks exchange:
//
//   # a comment
//   directions = 200          # and another one
//   output = "with # and \"quotes\", a tab \t and a line break \n.h5"
//
// A plain value goes from its first to its last visible character, or to a ` #`; a # inside it is refused. In double
// quotes everything counts, and \" \\ \n \t \r stand for what could not be written otherwise.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "landscape/model/complaints.hpp"

namespace landscape {

struct Setting {
  std::string key;
  std::string value;
  friend bool operator==(const Setting&, const Setting&) = default;
};

/// The value as a line holds it: plain, or in double quotes where it would not be read back as it is.
std::string setting_value(std::string_view value);
/// "key = value\n"
std::string setting_line(std::string_view key, std::string_view value);

/// In the order of the lines; a line that is none becomes a complaint, headed by `name`.
std::vector<Setting> parse_settings(std::string_view text, const std::string& name, Complaints& complaints);
/// Throws UsageError where there are complaints.
std::vector<Setting> parse_settings(std::string_view text, const std::string& name);

}  // namespace landscape
