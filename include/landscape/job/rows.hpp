// The numbers of blocks on their way to findings, wherever they lie: in a file or in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "landscape/io/block.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/model/minimizer.hpp"

namespace landscape {

class Rows {
 public:
  Rows() = default;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  virtual ~Rows() = default;

  virtual std::string source() const = 0;  // "'landscape.h5'", for messages
  virtual Minimizer minimizer(const std::string& name) const = 0;
  virtual bool has_block(const std::string& block) const = 0;
  virtual std::int64_t n_rows(const std::string& block) const = 0;
  virtual std::int64_t n_columns(const std::string& block) const = 0;
  virtual std::vector<double> axis(const std::string& block) const = 0;          // (columns)
  virtual std::vector<RowState> row_states(const std::string& block) const = 0;  // (rows)
  /// Rows [first, first + count), (count, columns), whatever their state.
  virtual std::vector<double> rows(const std::string& block, std::int64_t first, std::int64_t count) const = 0;
  /// Spent on a block's numbers, mean over ranks.
  virtual double seconds(const std::string& block) const = 0;
  /// What Analysis::measure_rows() found about the rows (rows); empty where nothing did yet.
  virtual std::vector<double> measured(const std::string& block, const std::string& column) const = 0;
  /// Findings of an earlier reduction of these rows; nothing where there was none.
  virtual std::optional<ResultGroup> earlier_findings(const std::string& group) const = 0;

  /// visit(first row, rows (count, columns), their states (count)) for pieces of many rows, in order; returns how many
  /// rows are damaged.
  std::int64_t for_each_piece(const std::string& block,
                              const std::function<void(std::int64_t first, std::span<const double> rows,
                                                       std::span<const RowState> states)>& visit) const;
  /// visit(row (columns), whether it is intact) for every row, in order, without holding all of them; returns how many
  /// are damaged.
  std::int64_t for_each(const std::string& block,
                        const std::function<void(std::span<const double>, bool)>& visit) const;
  /// visit(row of the first, row of the second) for every row of two blocks with as many of them, whatever their state.
  void for_each_pair(const std::string& first, const std::string& second,
                     const std::function<void(std::span<const double>, std::span<const double>)>& visit) const;
};

/// Rows of an output file.
class FileRows : public Rows {
 public:
  explicit FileRows(const LandscapeReader& reader) : reader_(reader) {}

  std::string source() const override { return "'" + reader_.path() + "'"; }
  Minimizer minimizer(const std::string& name) const override { return reader_.minimizer(name); }
  bool has_block(const std::string& block) const override { return reader_.has_block(block); }
  std::int64_t n_rows(const std::string& block) const override { return reader_.n_rows(block); }
  std::int64_t n_columns(const std::string& block) const override { return reader_.n_columns(block); }
  std::vector<double> axis(const std::string& block) const override { return reader_.axis(block); }
  std::vector<RowState> row_states(const std::string& block) const override { return reader_.row_states(block); }
  std::vector<double> rows(const std::string& block, std::int64_t first, std::int64_t count) const override {
    return reader_.rows(block, first, count);
  }
  double seconds(const std::string& block) const override { return reader_.seconds(block); }
  std::vector<double> measured(const std::string& block, const std::string& column) const override;
  std::optional<ResultGroup> earlier_findings(const std::string& group) const override;

 private:
  const LandscapeReader& reader_;
};

/// Some columns of the blocks that have `axis`; all else as it is.
class ColumnRows : public Rows {
 public:
  ColumnRows(const Rows& rows, std::vector<double> axis, std::vector<std::size_t> columns)
      : rows_(rows), axis_(std::move(axis)), columns_(std::move(columns)) {}

  std::string source() const override { return rows_.source(); }
  Minimizer minimizer(const std::string& name) const override { return rows_.minimizer(name); }
  bool has_block(const std::string& block) const override { return rows_.has_block(block); }
  std::int64_t n_rows(const std::string& block) const override { return rows_.n_rows(block); }
  std::int64_t n_columns(const std::string& block) const override;
  std::vector<double> axis(const std::string& block) const override;
  std::vector<RowState> row_states(const std::string& block) const override { return rows_.row_states(block); }
  std::vector<double> rows(const std::string& block, std::int64_t first, std::int64_t count) const override;
  double seconds(const std::string& block) const override { return rows_.seconds(block); }
  std::vector<double> measured(const std::string& block, const std::string& column) const override {
    return rows_.measured(block, column);
  }
  std::optional<ResultGroup> earlier_findings(const std::string& group) const override {
    return rows_.earlier_findings(group);
  }

 private:
  std::vector<double> selected(const std::vector<double>& table) const;  // of whole rows

  const Rows& rows_;
  std::vector<double> axis_;
  std::vector<std::size_t> columns_;
};

/// Rows that no file has.
class MemoryRows : public Rows {
 public:
  void add(Minimizer minimizer) { minimizers_.push_back(std::move(minimizer)); }
  /// A whole block; values (rows, columns).
  void add(Block block, std::vector<double> values, double seconds = 0.0);

  std::string source() const override { return "memory"; }
  Minimizer minimizer(const std::string& name) const override { return find_minimizer(minimizers_, name); }
  bool has_block(const std::string& block) const override { return blocks_.contains(block); }
  std::int64_t n_rows(const std::string& block) const override { return blocks_.at(block).block.rows; }
  std::int64_t n_columns(const std::string& block) const override { return blocks_.at(block).block.columns; }
  std::vector<double> axis(const std::string& block) const override { return blocks_.at(block).block.axis.values; }
  std::vector<RowState> row_states(const std::string& block) const override;
  std::vector<double> rows(const std::string& block, std::int64_t first, std::int64_t count) const override;
  double seconds(const std::string& block) const override { return blocks_.at(block).seconds; }
  std::vector<double> measured(const std::string&, const std::string&) const override { return {}; }
  std::optional<ResultGroup> earlier_findings(const std::string&) const override { return std::nullopt; }

 private:
  struct Held {
    Block block;
    std::vector<double> values;
    double seconds = 0.0;
  };
  std::vector<Minimizer> minimizers_;
  std::map<std::string, Held> blocks_;
};

}  // namespace landscape
