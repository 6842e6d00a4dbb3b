// A block: what a job computes, as the file knows it. A matrix of real numbers that ranks fill in any order, the values
// along its rows, and what is found out about every row once it is whole. In the file it is a group with the datasets
//
//   <values> (rows, columns)   the numbers, valid where `complete` is 1
//   complete (rows, columns)   the mask
//   row_checksum (rows)        CRC-32C of a row, once it is whole
//   <axis> (columns)           what a column stands for
//   <row axis> (rows)          where there is one: what a row stands for
//   evaluation_seconds (1)     spent on computing it, mean over ranks
//   <row vectors> (rows, n)    where asked for: what a row stands for
//   <row columns> (rows) each  found out at the end
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "landscape/io/attributes.hpp"

namespace landscape {

struct Axis {
  std::string name;  // "steps"
  std::string description;
  std::vector<double> values;  // (columns), of a row axis (rows)
};

enum class ColumnType { real, whole, byte };

/// One number per row.
struct RowColumn {
  std::string name;  // "total_variation"
  std::string description;
  ColumnType type = ColumnType::real;
};
struct RowValues {
  std::string name;
  std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::uint8_t>> values;  // (rows)
};

/// One vector per row.
struct RowVectors {
  std::string name;  // "direction"
  std::string description;
  std::int64_t length = 0;  // 0: none are stored
};

struct Block {
  std::string group;  // "profiles/ritz"
  std::int64_t rows = 0, columns = 0;
  std::string values;  // name of the dataset of numbers: "loss"
  std::string description;
  std::string shape_names = "(M, P)";  // of rows and columns
  AttributeList attributes;
  Axis axis;
  Axis row_axis;  // values (rows); without a name: none
  RowVectors row_vectors;
  std::vector<RowColumn> row_columns;

  std::int64_t n_items() const { return rows * columns; }
};

}  // namespace landscape
