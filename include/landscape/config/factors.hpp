// --vary of the command study: options that take several values, and the settings of every combination.
//
//   --vary "width=2,4,8 train-seed=1:20"                     60 trainings: every width with every seed
//   --vary "quadrature+train-quadrature=simpson:10,simpson:100"   both at once
//   --vary "layers=16,16|32,32,32"                           between | where values have commas
//
// a:b and a:b:step stand for whole numbers from a to b.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "landscape/config/run_config.hpp"

namespace landscape {

/// A factor's options and its values, every one a text that each of the options takes.
struct ExpandedFactor {
  std::vector<std::string> options;
  std::vector<std::string> values;
  std::string name() const;  // "quadrature+train-quadrature"
  /// A training, or the directions, drawn once more: numbers are summarised over its values.
  bool is_seed() const;
};

/// In the order of --vary. Throws UsageError where an option cannot be varied, takes no such value, or has a value
/// twice.
std::vector<ExpandedFactor> expanded_factors(const RunConfig& config);

/// Of all combinations; the last factor's value changes from each to the next. Throws UsageError beyond 100 000.
std::int64_t count_combinations(const std::vector<ExpandedFactor>& factors);

/// By factor: which of its values combination `number` has.
std::vector<std::size_t> values_of_combination(const std::vector<ExpandedFactor>& factors, std::int64_t number);

/// Settings of the command roughness for one combination and loss. Throws UsageError, which names the combination,
/// where they cannot be.
RunConfig config_of_combination(const RunConfig& config, const std::vector<ExpandedFactor>& factors,
                                std::int64_t number, LossKind loss);

}  // namespace landscape
