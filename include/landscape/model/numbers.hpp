// Numbers as people write them: 100, 1e3, +0.9. Every reader of an option's value goes through here.
#pragma once

#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "landscape/model/error.hpp"

namespace landscape {

/// The digits of a whole number however it is written ("+12", "1e3", "2.50e1"; with a minus where it is below zero),
/// none where it is no whole number. What has more than 40 digits is cut: no type holds it.
std::optional<std::string> whole_digits(std::string_view text);

/// A finite number; nothing where it is none. Throws UsageError that names `option` where no double holds it.
std::optional<double> read_real(std::string_view text, std::string_view option);

/// Throws UsageError that names `option`.
double parse_real(std::string_view text, std::string_view option);

/// Throws UsageError that names `option` and the range.
template <class Integer>
Integer parse_whole(std::string_view text, std::string_view option, Integer least, Integer most) {
  const auto complain = [&](const char* what, const char* one) {
    throw UsageError(std::string(option) + " '" + std::string(text) + "' is " + what + ": give " + one + " from " +
                     std::to_string(least) + " to " + std::to_string(most) + ".");
  };
  const auto digits = whole_digits(text);
  if (!digits) complain("not a whole number", "one");
  Integer value{};
  const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), value);
  const bool negative = digits->front() == '-';
  const bool fits = error == std::errc() && end == digits->data() + digits->size();
  if (fits ? value < least : negative) complain("too small", "a whole number");
  if (!fits || value > most) complain("too large", "a whole number");
  return value;
}

/// "512 B", "1.5 MiB"
std::string bytes_text(double bytes);

/// What a file holds where there is no number.
inline constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
inline double or_undefined(const std::optional<double>& value) { return value.value_or(kUndefined); }

/// As shortest digits; not-a-number has no sign, which means nothing.
std::string real_text(double value);

}  // namespace landscape
