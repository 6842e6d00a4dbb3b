// --json of reduce, info and compare: what they found as one JSON object on standard output (RFC 8259), and nothing
// else there. Its members are listed in src/io/README.md; a number that is undefined or infinite is null.
#pragma once

#include <string>
#include <vector>

#include "landscape/config/settings.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/results.hpp"
#include "landscape/roughness/comparison.hpp"

namespace landscape {

/// Raised where a member changes its meaning or goes away.
inline constexpr int kJsonSchema = 1;

/// Of reduce: `groups` as an analysis found them. `settings` are those that it used.
std::string reduced_json(const LandscapeReader& reader, const RunConfig& settings,
                         const std::vector<ResultGroup>& groups);
/// Of info. Throws Error where results are damaged.
std::string info_json(const LandscapeReader& reader);

struct FileComparison {
  std::string loss_a, loss_b;
  Comparison comparison;
};
/// Of compare; why_unpaired is empty for paired comparisons. `differences` are settings, "key: A | B".
std::string comparison_json(const LandscapeReader& a, const LandscapeReader& b,
                            const std::vector<std::string>& differences, const std::string& why_unpaired,
                            const std::vector<FileComparison>& comparisons);

}  // namespace landscape
