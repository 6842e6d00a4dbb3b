// The combinations of --vary, sorted into groups; columns and text tables.
#include "study_design.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "landscape/model/numbers.hpp"

namespace landscape {

StudyDesign::StudyDesign(const RunConfig& config) : factors(expanded_factors(config)), n(count_combinations(factors)) {
  std::map<std::vector<std::size_t>, std::size_t> known;
  for (std::int64_t row = 0; row < n; ++row) {
    std::vector<std::size_t> key = values_of_combination(factors, row);
    for (std::size_t f = 0; f < factors.size(); ++f) {
      if (factors[f].is_seed()) key[f] = 0;
    }
    const auto [at, is_new] = known.emplace(std::move(key), groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(static_cast<std::size_t>(row));
  }
}

FactorColumn factor_column(const ExpandedFactor& factor) {
  FactorColumn column{factor.options.front(), "--" + factor.name(), {}};
  std::ranges::replace(column.name, '-', '_');
  std::vector<double> numbers;
  for (const std::string& value : factor.values) {
    if (const auto number = read_real(value, factor.name())) numbers.push_back(*number);
  }
  if (numbers.size() == factor.values.size()) {
    column.of_value = std::move(numbers);
    return column;
  }
  for (std::size_t i = 0; i < factor.values.size(); ++i) {
    column.of_value.push_back(static_cast<double>(i));
    column.description += fmt::format("{} {} {}", i == 0 ? ":" : ",", i, factor.values[i]);
  }
  return column;
}

std::string aligned(const TextTable& table, std::size_t n_left) {
  std::vector<std::size_t> widths(table.front().size());
  for (const auto& row : table) {
    if (row.size() == 1 && widths.size() > 1) continue;  // a line of its own
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : table) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string blank(widths[c] - std::min(widths[c], row[c].size()), ' ');
      line += (c == 0 ? "" : "  ") + (c < n_left ? row[c] + blank : blank + row[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
    if (&row == &table.front()) text += std::string(line.size(), '-') + "\n";
  }
  return text;
}

std::string cell(const std::optional<double>& value, std::string_view format) {
  return value && std::isfinite(*value) ? fmt::format(fmt::runtime(format), *value) : "-";
}

std::string interval_cell(double lower, double upper) {
  return std::isfinite(lower) ? fmt::format("{:.3g} .. {:.3g}", lower, upper) : "-";
}

}  // namespace landscape
