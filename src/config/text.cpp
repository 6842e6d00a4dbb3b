// Words and numbers for people.
#include "landscape/config/text.hpp"

#include <fmt/format.h>
#include <cstdio>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace landscape {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

bool is_plain_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7F) return false;
      ++i;
      continue;
    }
    const int more = byte >= 0xC2 && byte <= 0xDF   ? 1
                     : byte >= 0xE0 && byte <= 0xEF ? 2
                     : byte >= 0xF0 && byte <= 0xF4 ? 3
                                                    : 0;
    if (more == 0 || i + static_cast<std::size_t>(more) >= text.size()) return false;
    std::uint32_t code = byte & (0x3Fu >> more);
    for (int k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
      if ((next & 0xC0) != 0x80) return false;
      code = (code << 6) | (next & 0x3Fu);
    }
    const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    const bool control = code < 0xA0;  // C1
    if (overlong || control || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return false;
    i += static_cast<std::size_t>(more) + 1;
  }
  return true;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> words;
  for (std::size_t end; (end = text.find(at)) != std::string_view::npos; text.remove_prefix(end + 1))
    words.push_back(text.substr(0, end));
  words.push_back(text);
  return words;
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0.0)) return "?";
  if (seconds < 1e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 1.0) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 60.0) return fmt::format("{:.1f} s", seconds);
  if (seconds > 1e12) return "ages";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  if (whole < 48 * 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} days {} h", whole / 86400, whole / 3600 % 24);
}

std::string count_text(std::int64_t count) {
  const std::string digits = std::to_string(count);
  const std::size_t first = count < 0 ? 1 : 0;
  std::string grouped;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    if (at > first && (digits.size() - at) % 3 == 0) grouped += ' ';
    grouped += digits[at];
  }
  return grouped;
}

std::string defined_text(double value, std::string_view format) {
  return std::isnan(value) ? "undefined" : fmt::format(fmt::runtime(format), value);
}

std::string wrapped(const std::string& sentence, std::size_t width) {
  std::string text, line;
  for (std::size_t at = 0; at < sentence.size();) {
    const std::size_t end = std::min(sentence.find(' ', at), sentence.size());
    const std::string word = sentence.substr(at, end - at);
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      text += line + '\n';
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return text + line + '\n';
}

void print_now(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

std::string number_or_undefined(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{:.4g}", *value) : "undefined";
}

std::string known_index_text(const std::optional<double>& index, const std::optional<double>& resolution) {
  if (!index || !resolution || *index > *resolution) return number_or_undefined(index);
  return fmt::format("{:.2g} (rounding {:.1g})", *index, *resolution);
}

}  // namespace landscape
