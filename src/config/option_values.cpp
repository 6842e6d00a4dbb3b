// Values of options, one function a kind.
#include "option_values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "landscape/config/text.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {

using Text = std::string_view;

double parse_real_where(Text text, Text option, bool (*holds)(double), Text condition) {
  const double value = parse_real(text, option);
  if (!holds(value)) throw UsageError(fmt::format("{} {} is impossible: it must be {}.", option, text, condition));
  return value;
}

std::uint64_t parse_seed(Text text, Text option) {
  return parse_whole<std::uint64_t>(text, option, 0, std::numeric_limits<std::uint64_t>::max());
}

bool parse_switch(Text text, Text option) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  throw UsageError(fmt::format("{} '{}' is neither true nor false.", option, text));
}

std::string problem_names(const char* between) {
  std::string names;
  for (const Equation& equation : equations()) names += (names.empty() ? "" : between) + std::string(equation.name);
  return names;
}

std::string problem_summaries() {
  std::string text;
  for (const Equation& e : equations()) text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", e.name, e.summary);
  return text;
}

Problem parse_problem(Text text, Text option, const Problem& earlier) {
  for (const Equation& equation : equations()) {
    if (equation.name == text) return Problem(text, earlier.boundary(), earlier.parameters());
  }
  throw UsageError(fmt::format("{} '{}' is unknown: choose one of {}.", option, text, problem_names(", ")));
}

Problem with_parameter(const Problem& problem, const Parameter& parameter, double value) {
  Parameters parameters = problem.parameters();
  parameters.*parameter.value = value;
  return Problem(problem->name, problem.boundary(), parameters);
}

std::string parameter_text(const Problem& problem, const Parameter& parameter) {
  const double value = problem.parameters().*parameter.value;
  return problem->has(parameter) && value != Parameters().*parameter.value ? fmt::format("{}", value) : "";
}

std::vector<int> parse_layers(Text text, Text option) {
  std::vector<int> layers;
  for (const Text word : split(text, ',')) layers.push_back(parse_whole<int>(word, option, 1, 4096));
  return layers;
}

std::vector<std::string> parse_minimizers(Text text, Text option) {
  std::vector<std::string> entries;
  for (const Text word : split(text, ',')) {
    if (word.empty()) throw UsageError(fmt::format("{} '{}' has an empty entry: write A,B or A,B,C.", option, text));
    entries.emplace_back(word);
  }
  if (entries.size() < 2 || entries.size() > 3)
    throw UsageError(fmt::format("{} '{}' must name two or three minimizers: write A,B or A,B,C.", option, text));
  for (const std::string& entry : entries) {
    if (std::ranges::count(entries, entry) > 1) throw UsageError(fmt::format("{} names {} twice.", option, entry));
  }
  return entries;
}

std::vector<Factor> parse_factors(Text text, Text option) {
  std::vector<Factor> factors;
  for (std::size_t at; (at = text.find_first_not_of(" ;")) != Text::npos;) {
    text.remove_prefix(at);
    const Text entry = text.substr(0, text.find_first_of(" ;"));
    text.remove_prefix(entry.size());
    const auto equals = entry.find('=');
    if (equals == Text::npos || equals == 0 || equals + 1 == entry.size())
      throw UsageError(
          fmt::format("{} '{}' is no list of values: write \"width=2,4 train-seed=1:20\".", option, entry));
    factors.push_back({std::string(entry.substr(0, equals)), std::string(entry.substr(equals + 1))});
  }
  return factors;
}

std::string to_string(const std::vector<Factor>& factors) {
  std::string text;
  for (const Factor& factor : factors)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", factor.options, factor.values);
  return text;
}

double parse_duration(Text text, Text option) {
  Text rest = text;
  std::size_t least_parts = 1;
  double days = 0.0;
  bool good = true;
  const auto dash = text.find('-');
  if (dash != Text::npos && dash != 0 && text.find_first_not_of("0123456789") == dash) {
    good = std::from_chars(text.data(), text.data() + dash, days).ec == std::errc();
    rest.remove_prefix(dash + 1);
    least_parts = 3;  // with days, the first number is hours
  }
  std::size_t n_parts = 0;
  double seconds = days * 24.0;
  for (bool more = true; good && more; ++n_parts) {
    const auto colon = rest.find(':');
    const Text number = rest.substr(0, colon);
    const auto value = read_real(number, option);
    const double limit = n_parts > 0 ? 60.0 : least_parts > 1 ? 24.0 : std::numeric_limits<double>::infinity();
    good = n_parts < 3 && value && !std::signbit(*value) && *value < limit;
    seconds = seconds * (n_parts > 0 ? 60.0 : 1.0) + value.value_or(0.0);
    more = colon != Text::npos;
    if (more) rest.remove_prefix(colon + 1);
  }
  for (; n_parts < least_parts; ++n_parts) seconds *= 60.0;
  if (!good || !std::isfinite(seconds)) {
    throw UsageError(fmt::format(
        "{} '{}' is not a duration: write seconds, M:S, H:M:S or, with days, D-H, D-H:M or D-H:M:S.", option, text));
  }
  return seconds;
}

}  // namespace landscape
