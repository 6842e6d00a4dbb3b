// `even`: s_j = (min (last - j) + max j) / last, symmetric to the last bit. `arange`: numpy's min + j h up to max + h,
// whose rounding may add a step.
#include "landscape/profile/profile_grid.hpp"

#include <fmt/format.h>

#include <cmath>

#include "landscape/model/choices.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

constexpr Choices<GridRule, 2> kRules{{{GridRule::even, "even"}, {GridRule::arange, "arange"}}};
constexpr int kMostSteps = 10'000'000;

}  // namespace

std::vector<double> ProfileGrid::steps() const {
  std::vector<double> s;
  if (rule == GridRule::even) {
    s.resize(static_cast<std::size_t>(num));
    const double last = num - 1;
    // Symmetric in its ends: both are exact, and a grid about zero holds zero and mirror pairs of equal magnitude.
    for (int j = 0; j < num; ++j) s[static_cast<std::size_t>(j)] = (min * (last - j) + max * j) / last;
    return s;
  }
  const double h = (max - min) / (num - 1);
  const double stop = max + h;
  const auto count = static_cast<std::size_t>(std::ceil((stop - min) / h));
  s.resize(count);
  for (std::size_t j = 0; j < count; ++j) s[j] = min + static_cast<double>(j) * h;
  return s;
}

double ProfileGrid::length() const {
  if (rule == GridRule::even) return max - min;
  const std::vector<double> s = steps();
  return s.back() - s.front();
}

ProfileGrid parse_grid(std::string_view text, std::string_view option) {
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  const bool has_parts = second != std::string_view::npos;
  const std::optional<double> min = has_parts ? read_real(text.substr(0, first), option) : std::nullopt;
  const std::optional<double> max =
      has_parts ? read_real(text.substr(first + 1, second - first - 1), option) : std::nullopt;
  const std::optional<std::string> num = has_parts ? whole_digits(text.substr(second + 1)) : std::nullopt;
  if (!min || !max || !num)
    throw UsageError(fmt::format("{} '{}' is not min:max:num: write for example {}=-1:1:101.", option, text, option));
  ProfileGrid grid;
  grid.min = *min;
  grid.max = *max;
  if (!(grid.min < grid.max) || !std::isfinite(grid.max - grid.min)) {
    throw UsageError(fmt::format("{} '{}' needs finite ends with min < max.", option, text));
  }
  grid.num =
      parse_whole(text.substr(second + 1), fmt::format("{} '{}': the number of points", option, text), 2, kMostSteps);
  const std::vector<double> s = grid.steps();
  for (std::size_t j = 1; j < s.size(); ++j) {
    if (!(s[j - 1] < s[j])) {
      throw UsageError(
          fmt::format("{} '{}' is finer than double precision: use fewer points or a longer range.", option, text));
    }
  }
  return grid;
}

std::string to_string(const ProfileGrid& grid) { return fmt::format("{}:{}:{}", grid.min, grid.max, grid.num); }
std::string to_string(GridRule rule) { return choice_name(kRules, rule); }
GridRule parse_grid_rule(std::string_view text, std::string_view option) { return parse_choice(kRules, text, option); }

}  // namespace landscape
