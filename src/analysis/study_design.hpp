// What the tables of a study have in common: its combinations of --vary, and how they stand in file and text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/analysis/study_report.hpp"
#include "landscape/config/factors.hpp"
#include "landscape/io/result_table.hpp"

namespace landscape {

/// The combinations of a configuration.
struct StudyDesign {
  std::vector<ExpandedFactor> factors;
  std::int64_t n = 0;
  std::vector<std::vector<std::size_t>> groups;  // rows that differ in their seeds only

  explicit StudyDesign(const RunConfig& config);
  bool has_seeds() const { return std::ranges::any_of(factors, &ExpandedFactor::is_seed); }
  const std::string& value(std::size_t factor, std::size_t row) const {
    return factors[factor].values[values_of_combination(factors, static_cast<std::int64_t>(row))[factor]];
  }
};

// ---- in the file

/// A factor as a column: its numbers, or the places of its words in the list that the description gives.
struct FactorColumn {
  std::string name, description;
  std::vector<double> of_value;
};

FactorColumn factor_column(const ExpandedFactor& factor);

/// A column for each factor; row_of(i): a combination of entry i.
template <class Source, class RowsOf>
void add_factors(ResultTable<Source>& table, const StudyDesign& design, bool with_seeds, const std::string& shape_name,
                 std::int64_t n, RowsOf row_of) {
  for (std::size_t f = 0; f < design.factors.size(); ++f) {
    if (design.factors[f].is_seed() && !with_seeds) continue;
    FactorColumn column = factor_column(design.factors[f]);
    std::vector<double> values;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto row = static_cast<std::int64_t>(row_of(static_cast<std::size_t>(i)));
      values.push_back(column.of_value[values_of_combination(design.factors, row)[f]]);
    }
    table.add(column.name, "1", column.description, shape_name, {n}, [values](const Source&) { return values; });
  }
}

// ---- in words

using TextTable = std::vector<std::vector<std::string>>;  // its first row is the head

/// Columns side by side, a rule under the head; right-aligned, but for the first n_left. A row of one entry is a line
/// of its own.
std::string aligned(const TextTable& table, std::size_t n_left = 0);
/// "-" where undefined.
std::string cell(const std::optional<double>& value, std::string_view format);
std::string interval_cell(double lower, double upper);

}  // namespace landscape
