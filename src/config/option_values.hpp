// The values of options as text, where they are more than a number or a word of a list: parsed, and written back. Every
// parser throws UsageError that names `option`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "landscape/config/run_config.hpp"
#include "landscape/config/text.hpp"
#include "landscape/model/error.hpp"

namespace landscape {

/// A number for which `holds`; else it is said to have to be `condition`.
double parse_real_where(std::string_view text, std::string_view option, bool (*holds)(double),
                        std::string_view condition);
std::uint64_t parse_seed(std::string_view text, std::string_view option);
bool parse_switch(std::string_view text, std::string_view option);

std::string problem_names(const char* between);
std::string problem_summaries();
/// The equation of this name with the boundary and the parameters of `earlier`.
Problem parse_problem(std::string_view text, std::string_view option, const Problem& earlier);
/// The same equation and boundary with another value of a parameter.
Problem with_parameter(const Problem& problem, const Parameter& parameter, double value);
/// Empty where the equation does not have the parameter, or has the value that it has without it.
std::string parameter_text(const Problem& problem, const Parameter& parameter);

/// Words between commas, each once; in one order, so that "galerkin,ritz" is the same calculation.
template <class Parse>
auto parse_words(std::string_view text, std::string_view option, Parse&& parse) {
  std::vector<decltype(parse(text, option))> found;
  for (const std::string_view word : split(text, ',')) {
    const auto value = parse(word, option);
    if (std::ranges::find(found, value) != found.end())
      throw UsageError(fmt::format("{} names {} twice.", option, to_string(value)));
    found.push_back(value);
  }
  std::ranges::sort(found);
  return found;
}
template <class Enum>
std::string join_words(const std::vector<Enum>& values) {
  std::string text;
  for (const Enum& value : values) text += fmt::format("{}{}", text.empty() ? "" : ",", to_string(value));
  return text;
}

/// Numbers between commas, each once; ascending, so that any order is the same calculation.
template <class Number, class Parse>
std::vector<Number> parse_list(std::string_view text, std::string_view option, Parse&& parse) {
  std::vector<Number> numbers;
  for (const std::string_view word : split(text, ',')) numbers.push_back(parse(word, option));
  std::sort(numbers.begin(), numbers.end());
  if (const auto twice = std::adjacent_find(numbers.begin(), numbers.end()); twice != numbers.end())
    throw UsageError(fmt::format("{} names {} twice.", option, *twice));
  return numbers;
}

std::vector<int> parse_layers(std::string_view text, std::string_view option);
/// Two or three, in order.
std::vector<std::string> parse_minimizers(std::string_view text, std::string_view option);
/// Entries name=values between spaces or semicolons; written back by to_string().
std::vector<Factor> parse_factors(std::string_view text, std::string_view option);

/// S, M:S, H:M:S and, as Slurm writes them, D-H, D-H:M and D-H:M:S -> seconds. Slurm's single number, which is minutes,
/// is seconds here.
double parse_duration(std::string_view text, std::string_view option);

}  // namespace landscape
