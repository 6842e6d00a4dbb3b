// Results as they lie in the output file: a group of datasets, each with one value or a short table, its description
// and its unit. They exist from the start, undefined, and are overwritten in place once they are known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "landscape/io/attributes.hpp"

namespace landscape {

/// Undefined real numbers are NaN, undefined whole ones 0, undefined texts empty.
using ResultValue = AttributeValue;

struct Result {
  std::string name;  // "index"
  std::string description;
  std::string units = "1";
  std::string shape_names = "()";       // "(L, K)"
  std::vector<std::int64_t> shape;      // up to three extents; none: a single value
  std::size_t capacity = 0;             // of a text, in bytes
  ResultValue value = std::int64_t{0};  // of the type that it has in the file; tables row-major

  friend bool operator==(const Result&, const Result&) = default;
};

struct ResultGroup {
  std::string path;  // "roughness/ritz", "roughness/comparison"
  std::string description;
  std::vector<Result> results;

  friend bool operator==(const ResultGroup&, const ResultGroup&) = default;
};

/// Groups of one layout as one, each result a table with a further first extent, called `name`: "(C, 10)". Throws Error
/// where there is no group, or a text in it.
ResultGroup stacked(const std::vector<ResultGroup>& groups, const std::string& name);

/// The undefined value of the same type and shape.
ResultValue undefined_like(const ResultValue& value);

}  // namespace landscape
