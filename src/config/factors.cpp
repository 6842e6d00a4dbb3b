// From --vary to combinations.
#include "landscape/config/factors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>

#include "landscape/config/option_table.hpp"
#include "landscape/config/settings.hpp"
#include "landscape/config/text.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kMostCombinations = 100'000;  // settled one by one, some 0.3 ms each
// Options that have defaults of their own for a dimension, or that a study gives otherwise.
constexpr std::array<std::string_view, 2> kNotVaried{"dimension", "losses"};
constexpr std::array<std::string_view, 3> kSeeds{"seed", "train-seed", "direction-seed"};

bool takes(const Option& option, const std::string& value) {
  RunConfig scratch;
  try {
    option.set(scratch, value, option.name);
  } catch (const UsageError&) {
    return false;
  }
  return true;
}

// a:b or a:b:step; nothing where the word is no range.
std::optional<std::vector<std::string>> range(const std::string& word) {
  if (word.find_first_not_of("0123456789:") != std::string::npos) return std::nullopt;
  const std::vector<std::string_view> ends = split(word, ':');
  if (ends.size() < 2 || ends.size() > 3 || std::ranges::any_of(ends, &std::string_view::empty)) return std::nullopt;
  const auto whole = [&](std::size_t i) {
    return parse_whole<std::int64_t>(ends[i], "--vary", 0, std::numeric_limits<std::int64_t>::max() / 2);
  };
  const std::int64_t first = whole(0), last = whole(1), step = ends.size() == 3 ? whole(2) : 1;
  if (last < first || step < 1) throw UsageError(fmt::format("--vary: the range {} has no number in it.", word));
  if ((last - first) / step >= kMostCombinations)
    throw UsageError(fmt::format("--vary: the range {} has more than {} numbers.", word, kMostCombinations));
  std::vector<std::string> numbers;
  for (std::int64_t number = first; number <= last; number += step) numbers.push_back(fmt::format("{}", number));
  return numbers;
}

const Option& variable_option(const std::string& name) {
  const Option* option = find_option(name);
  if (option == nullptr) throw UsageError(fmt::format("--vary: the option '{}' is unknown.", name));
  const bool defines = option->stage == Stage::training || option->stage == Stage::evaluation;
  if (!defines || std::ranges::count(kNotVaried, name) > 0 || !option->means_something_to("study") ||
      !option->means_something_to("roughness")) {
    throw UsageError(fmt::format(
        "--vary: the option '{}' cannot be varied{}.", name,
        name == "losses" ? ": every training is done for each of --losses" : "; a study is of one, so run several"));
  }
  return *option;
}

ExpandedFactor expanded(const Factor& factor) {
  ExpandedFactor all;
  for (const std::string_view name : split(factor.options, '+')) all.options.emplace_back(name);
  std::vector<const Option*> options;
  for (const std::string& name : all.options) options.push_back(&variable_option(name));
  for (const std::string_view entry : split(factor.values, factor.values.find('|') != std::string::npos ? '|' : ',')) {
    const std::string word(entry);
    // A range only where the option does not take the text as it stands: 0:1:21 is a grid.
    const auto numbers = takes(*options.front(), word) ? std::nullopt : range(word);
    for (const std::string& value : numbers ? *numbers : std::vector<std::string>{word}) {
      RunConfig scratch;
      for (const Option* option : options) option->set(scratch, value, fmt::format("--vary: {}", option->name));
      if (std::ranges::count(all.values, value) > 0)
        throw UsageError(fmt::format("--vary: {} has the value {} twice.", factor.options, value));
      all.values.push_back(value);
    }
  }
  return all;
}

std::string describe_combination(const std::vector<ExpandedFactor>& factors, const std::vector<std::size_t>& values) {
  std::vector<std::string> words;
  for (std::size_t f = 0; f < factors.size(); ++f)
    words.push_back(fmt::format("{}={}", factors[f].name(), factors[f].values[values[f]]));
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

std::string ExpandedFactor::name() const { return fmt::format("{}", fmt::join(options, "+")); }

bool ExpandedFactor::is_seed() const {
  return std::ranges::all_of(options, [](const std::string& name) { return std::ranges::count(kSeeds, name) > 0; });
}

std::vector<ExpandedFactor> expanded_factors(const RunConfig& config) {
  std::vector<ExpandedFactor> factors;
  std::vector<std::string> seen;
  for (const Factor& factor : config.study.vary) {
    factors.push_back(expanded(factor));
    for (const std::string& option : factors.back().options) {
      if (std::ranges::count(seen, option) > 0) throw UsageError(fmt::format("--vary names {} twice.", option));
      seen.push_back(option);
    }
  }
  return factors;
}

std::int64_t count_combinations(const std::vector<ExpandedFactor>& factors) {
  std::int64_t n = 1;
  for (const ExpandedFactor& factor : factors) {
    n *= static_cast<std::int64_t>(factor.values.size());
    if (n > kMostCombinations)
      throw UsageError(fmt::format("--vary makes more than {} combinations: take fewer values.", kMostCombinations));
  }
  return n;
}

std::vector<std::size_t> values_of_combination(const std::vector<ExpandedFactor>& factors, std::int64_t number) {
  std::vector<std::size_t> values(factors.size());
  for (std::size_t f = factors.size(); f-- > 0;) {
    const auto n = static_cast<std::int64_t>(factors[f].values.size());
    values[f] = static_cast<std::size_t>(number % n);
    number /= n;
  }
  return values;
}

RunConfig config_of_combination(const RunConfig& config, const std::vector<ExpandedFactor>& factors,
                                std::int64_t number, LossKind loss) {
  const std::vector<std::size_t> values = values_of_combination(factors, number);
  OptionTexts changes{{"losses", {to_string(loss), ""}}};
  for (std::size_t f = 0; f < factors.size(); ++f) {
    for (const std::string& option : factors[f].options) changes[option] = {factors[f].values[values[f]], ""};
  }
  try {
    return with_options(config, changes, "roughness");
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("--vary: {} cannot be: {}", describe_combination(factors, values), error.what()));
  }
}

}  // namespace landscape
