// std::from_chars behind sentences: what is no number, what is no whole one and what is too large are told apart.
#include "landscape/model/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace landscape {
namespace {

constexpr std::size_t kMostDigits = 40;

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_plus(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-' && text[1] != '+') text.remove_prefix(1);
  return text;
}

}  // namespace

std::optional<std::string> whole_digits(std::string_view text) {
  text = without_plus(text);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string digits(mantissa.substr(0, point));
  std::string fraction(mantissa.substr(std::min(point + 1, mantissa.size())));
  if (digits.empty() || !all_digits(digits) || !all_digits(fraction) || (point < mantissa.size() && fraction.empty()))
    return std::nullopt;
  int exponent = 0;
  if (e < text.size()) {
    const std::string_view power = without_plus(text.substr(e + 1));
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (error != std::errc() || end != power.data() + power.size()) return std::nullopt;
  }
  // The point moves right (or left) by the exponent; what then stands behind it must be zeros.
  const std::string all = digits + fraction;
  if (all.find_first_not_of('0') == std::string::npos) return "0";
  const auto n_whole = static_cast<std::int64_t>(digits.size()) + exponent;
  if (n_whole <= 0) return std::nullopt;
  const auto n = static_cast<std::size_t>(n_whole);
  if (n < all.size() && all.find_first_not_of('0', n) != std::string::npos) return std::nullopt;
  std::string whole = all.substr(0, n);
  whole.erase(0, whole.find_first_not_of('0'));
  whole.append(std::min(kMostDigits, n - std::min(n, all.size())), '0');
  if (whole.size() > kMostDigits) whole.resize(kMostDigits);
  return (negative ? "-" : "") + whole;
}

std::optional<double> read_real(std::string_view text, std::string_view option) {
  const std::string_view number = without_plus(text);
  double value = 0.0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (end != number.data() + number.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range)
    throw UsageError(fmt::format("{} '{}' is beyond double precision: give a number nearer to 1.", option, text));
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

double parse_real(std::string_view text, std::string_view option) {
  if (const auto value = read_real(text, option)) return *value;
  throw UsageError(fmt::format("{} '{}' is not a number.", option, text));
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 6> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 1024.0 && unit + 1 < kUnits.size()) {
    bytes /= 1024.0;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100.0 ? 0 : 1, kUnits[unit]);
}

std::string real_text(double value) { return std::isnan(value) ? "nan" : fmt::format("{}", value); }

}  // namespace landscape
