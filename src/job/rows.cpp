// Files are read in pieces: 300 000 profiles may be more than a node's memory.
#include "landscape/job/rows.hpp"

#include <algorithm>

namespace landscape {

namespace {

constexpr std::int64_t kPiece = 1 << 22;  // numbers at a time: 32 MiB

std::int64_t rows_in_piece(std::int64_t width) { return std::max<std::int64_t>(1, kPiece / width); }

// Rows of one block, in order.
class RowsInTurn {
 public:
  RowsInTurn(const Rows& rows, const std::string& block)
      : rows_(rows), block_(block), n_(rows.n_rows(block)), width_(rows.n_columns(block)) {}

  std::int64_t size() const { return n_; }
  std::span<const double> next() {
    const std::int64_t piece = rows_in_piece(width_), at = next_++;
    if (at % piece == 0) values_ = rows_.rows(block_, at, std::min(piece, n_ - at));
    return std::span(values_).subspan(static_cast<std::size_t>(at % piece * width_), static_cast<std::size_t>(width_));
  }

 private:
  const Rows& rows_;
  const std::string& block_;
  std::int64_t n_, width_, next_ = 0;
  std::vector<double> values_;
};

}  // namespace

std::int64_t Rows::for_each_piece(
    const std::string& block,
    const std::function<void(std::int64_t, std::span<const double>, std::span<const RowState>)>& visit) const {
  const std::vector<RowState> states = row_states(block);
  const auto n = static_cast<std::int64_t>(states.size());
  const std::int64_t piece = rows_in_piece(n_columns(block));
  for (std::int64_t first = 0; first < n; first += piece) {
    const std::int64_t count = std::min(piece, n - first);
    visit(first, rows(block, first, count),
          std::span(states).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
  }
  return std::count(states.begin(), states.end(), RowState::damaged);
}

std::int64_t Rows::for_each(const std::string& block,
                            const std::function<void(std::span<const double>, bool)>& visit) const {
  const auto width = static_cast<std::size_t>(n_columns(block));
  return for_each_piece(block, [&](std::int64_t, std::span<const double> values, std::span<const RowState> states) {
    for (std::size_t k = 0; k < states.size(); ++k)
      visit(values.subspan(k * width, width), states[k] == RowState::intact);
  });
}

void Rows::for_each_pair(const std::string& first, const std::string& second,
                         const std::function<void(std::span<const double>, std::span<const double>)>& visit) const {
  RowsInTurn of_first(*this, first), of_second(*this, second);
  for (std::int64_t k = 0; k < of_first.size(); ++k) {
    const std::span<const double> row = of_first.next();
    visit(row, of_second.next());
  }
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

std::int64_t ColumnRows::n_columns(const std::string& block) const {
  return static_cast<std::int64_t>(axis(block).size());
}

std::vector<double> ColumnRows::axis(const std::string& block) const {
  const std::vector<double> whole = rows_.axis(block);
  return whole == axis_ ? selected(whole) : whole;
}

std::vector<double> ColumnRows::rows(const std::string& block, std::int64_t first, std::int64_t count) const {
  std::vector<double> whole = rows_.rows(block, first, count);
  return rows_.axis(block) == axis_ ? selected(whole) : whole;
}

std::vector<double> ColumnRows::selected(const std::vector<double>& table) const {
  std::vector<double> values;
  for (std::size_t row = 0; row < table.size(); row += axis_.size()) {
    for (const std::size_t column : columns_) values.push_back(table[row + column]);
  }
  return values;
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
