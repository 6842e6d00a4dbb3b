// The rows of losses in a file, in blocks that fit in memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "landscape/analysis/profiles.hpp"

namespace landscape {

/// visit(row (P), whether it is intact) for every direction, in order; returns how many rows are damaged.
template <class Visit>
std::int64_t visit_rows(const LandscapeReader& reader, ProfileKey key, Visit&& visit) {
  constexpr std::int64_t kBlockLosses = 1 << 22;  // read at a time: 32 MiB
  const std::string group = profile_group(key);
  const std::int64_t n_rows = reader.n_rows(group), n_steps = reader.n_columns(group);
  const std::vector<RowState> states = reader.row_states(group);
  const std::int64_t block = std::max<std::int64_t>(1, kBlockLosses / n_steps);
  for (std::int64_t first = 0; first < n_rows; first += block) {
    const std::int64_t count = std::min(block, n_rows - first);
    const std::vector<double> losses = reader.rows(group, first, count);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto row = std::span<const double>(losses).subspan(static_cast<std::size_t>(i * n_steps),
                                                               static_cast<std::size_t>(n_steps));
      visit(row, states[static_cast<std::size_t>(first + i)] == RowState::intact);
    }
  }
  return std::count(states.begin(), states.end(), RowState::damaged);
}

}  // namespace landscape
