// The output file as read by one process: of a finished job, a running one or a dead one. Nothing in the file is
// trusted: shapes, types and sizes are checked against each other and against the file's length before memory is taken,
// and a damaged file is an Error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "landscape/io/attributes.hpp"
#include "landscape/io/file_layout.hpp"
#include "landscape/io/results.hpp"
#include "landscape/model/minimizer.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

/// What one row of a block is worth.
enum class RowState : std::uint8_t {
  missing,  // no item is marked
  partial,  // some items are, or all of them but the row's checksum is still to come
  damaged,  // all are, but the row's checksum does not match
  intact
};

class LandscapeReader {
 public:
  /// Throws Error that names the file: not there, not HDF5, not ours, of a newer format, cut off, damaged.
  explicit LandscapeReader(const std::string& path);
  LandscapeReader(LandscapeReader&&) noexcept;
  LandscapeReader& operator=(LandscapeReader&&) noexcept;
  ~LandscapeReader();

  const std::string& path() const;
  const RunInfo& run() const;
  RunState state() const;
  const std::string& problem() const;  // the equation's name
  int dimension() const;
  AttributeList problem_attributes() const;
  PointSet points() const;

  std::vector<std::string> minimizers() const;  // their names, in the layout's order
  Minimizer minimizer(const std::string& name) const;

  /// Groups of the blocks, a block before those below it, else by name.
  std::vector<std::string> blocks() const;
  bool has_block(const std::string& block) const;
  std::int64_t n_rows(const std::string& block) const;
  std::int64_t n_columns(const std::string& block) const;
  std::vector<double> axis(const std::string& block) const;      // (columns)
  std::vector<double> row_axis(const std::string& block) const;  // (rows); empty where there is none
  AttributeList block_attributes(const std::string& block) const;
  /// Spent on its numbers, mean over ranks.
  double seconds(const std::string& block) const;
  /// Rows [first, first + count), (count, columns), whatever their state.
  std::vector<double> rows(const std::string& block, std::int64_t first, std::int64_t count) const;
  /// (rows); reads all of them once.
  std::vector<RowState> row_states(const std::string& block) const;
  /// Items marked as complete; reads the mask only.
  std::int64_t n_complete_items(const std::string& block) const;
  /// Rows of which all items are; reads the mask only. A job that goes on computes the others from their start.
  std::int64_t n_complete_rows(const std::string& block) const;
  bool has_row_vectors(const std::string& block) const;
  std::vector<double> row_vector(const std::string& block, std::int64_t row) const;
  bool has_row_column(const std::string& block, const std::string& name) const;
  /// What was found out about the rows; T is double, std::int64_t or std::uint8_t, as in the layout.
  template <class T>
  std::vector<T> row_column(const std::string& block, const std::string& name) const;

  /// Paths of the groups, as given to the layout.
  std::vector<std::string> result_groups() const;
  /// Whether the group is there and its state "complete".
  bool has_results(const std::string& group) const;
  /// In the layout's order. Throws Error where the checksum of complete results does not match; of pending ones that
  /// were being written when their job was killed, all values are undefined.
  ResultGroup results(const std::string& group) const;
  /// One of them. Throw Error where it is missing or of another type.
  double real_result(const std::string& group, const std::string& name) const;
  std::int64_t whole_result(const std::string& group, const std::string& name) const;

 private:
  void read_structure() const;
  void open_all_datasets(const std::string& block) const;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landscape
