// Files are read in pieces: 300 000 profiles may be more than a node's memory.
#include "landscape/job/rows.hpp"

#include <algorithm>

namespace landscape {

std::int64_t Rows::for_each(const std::string& block,
                            const std::function<void(std::span<const double>, bool)>& visit) const {
  constexpr std::int64_t kPiece = 1 << 22;  // numbers at a time: 32 MiB
  const std::int64_t n = n_rows(block), width = n_columns(block);
  const std::vector<RowState> states = row_states(block);
  const std::int64_t piece = std::max<std::int64_t>(1, kPiece / width);
  for (std::int64_t first = 0; first < n; first += piece) {
    const std::int64_t count = std::min(piece, n - first);
    const std::vector<double> values = rows(block, first, count);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto row = std::span(values).subspan(static_cast<std::size_t>(i * width), static_cast<std::size_t>(width));
      visit(row, states[static_cast<std::size_t>(first + i)] == RowState::intact);
    }
  }
  return std::count(states.begin(), states.end(), RowState::damaged);
}

// While findings are pending, the column may be that of fewer rows, or half written.
std::vector<double> FileRows::measured(const std::string& block, const std::string& column) const {
  const auto is_there = [&](const std::string& group) { return reader_.has_results(group); };
  if (!std::ranges::all_of(reader_.result_groups(), is_there) || !reader_.has_row_column(block, column)) return {};
  return reader_.row_column<double>(block, column);
}

// A job that goes on with a file finds its results pending, but not gone.
std::optional<ResultGroup> FileRows::earlier_findings(const std::string& group) const {
  if (std::ranges::count(reader_.result_groups(), group) == 0) return std::nullopt;
  if (reader_.state() != RunState::running && !reader_.has_results(group)) return std::nullopt;
  return reader_.results(group);
}

void MemoryRows::add(Block block, std::vector<double> values, double seconds) {
  const std::string group = block.group;
  blocks_.insert_or_assign(group, Held{std::move(block), std::move(values), seconds});
}

std::vector<RowState> MemoryRows::row_states(const std::string& block) const {
  return std::vector<RowState>(static_cast<std::size_t>(n_rows(block)), RowState::intact);
}

std::vector<double> MemoryRows::rows(const std::string& block, std::int64_t first, std::int64_t count) const {
  const Held& held = blocks_.at(block);
  const auto begin = held.values.begin() + first * held.block.columns;
  return {begin, begin + count * held.block.columns};
}

}  // namespace landscape
