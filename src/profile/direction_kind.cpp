// Words of kinds.
#include "landscape/profile/direction_kind.hpp"

#include <fmt/format.h>

#include "landscape/model/choices.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

constexpr Choices<DirectionFamily, 7> kFamilies{{{DirectionFamily::random, "random"},
                                                 {DirectionFamily::top, "top"},
                                                 {DirectionFamily::bulk, "bulk"},
                                                 {DirectionFamily::gradient, "gradient"},
                                                 {DirectionFamily::adam, "adam"},
                                                 {DirectionFamily::towards, "towards"},
                                                 {DirectionFamily::worst, "worst"}}};

}  // namespace

std::string to_string(const DirectionKind& kind) {
  const std::string family = choice_name(kFamilies, kind.family);
  return kind.needs_span() ? fmt::format("{}:{}", family, kind.k) : family;
}

DirectionKind parse_direction_kind(std::string_view text, std::string_view option) {
  const auto colon = text.find(':');
  DirectionKind kind{parse_choice(kFamilies, text.substr(0, colon), option)};
  const bool has_number = colon != std::string_view::npos;
  if (kind.needs_span() != has_number) {
    throw UsageError(has_number
                         ? fmt::format("{} {} takes no number: write {}.", option, text, to_string(kind))
                         : fmt::format("{} {} lacks the number of eigenvectors: write {}:5.", option, text, text));
  }
  if (has_number) {
    const std::string name = fmt::format("{} {}", option, text.substr(0, colon + 1));
    kind.k = parse_whole<std::int64_t>(text.substr(colon + 1), name, 1, std::int64_t{1} << 40);
  }
  return kind;
}

}  // namespace landscape
