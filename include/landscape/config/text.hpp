// Small helpers for words and numbers that people read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landscape {

inline constexpr std::size_t kTextWidth = 98;  // bytes, of running text

/// Edits (insert, delete, replace) that turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);
/// Valid UTF-8 without control characters other than tab and newline.
bool is_plain_text(std::string_view text);
/// The words between `at`, in order; one may be empty. They are parts of `text`.
std::vector<std::string_view> split(std::string_view text, char at);
/// "12 s", "3 min 20 s", "4 h 05 min"
std::string duration_text(double seconds);
/// 1234567 -> "1 234 567"
std::string count_text(std::int64_t count);

/// `value` in fmt's format, "undefined" where it is not a number: whose sign means nothing.
std::string defined_text(double value, std::string_view format = "{}");

/// `sentence` in lines of at most `width` bytes, broken at spaces; ends with a newline.
std::string wrapped(const std::string& sentence, std::size_t width);

/// To standard output, at once. A full disk behind it must not stop the work: that is found out at the end of the job.
void print_now(const std::string& text);

/// Four significant digits, "undefined" where there is no finite number.
std::string number_or_undefined(const std::optional<double>& value);
/// "0.2512", or "3.1e-16 (rounding 5e-14)" of an index that rounding can make (index_resolution()).
std::string known_index_text(const std::optional<double>& index, const std::optional<double>& resolution);

}  // namespace landscape
