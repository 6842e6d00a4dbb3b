// The output file while a job writes it. Everything the file will ever hold is created once, by rank 0 with the serial
// driver, under a temporary name that is renamed to the output when it is whole; afterwards only raw data changes, so a
// kill at any moment leaves a file that opens. A round of a rank is: its values - made durable - row checksums and
// completion mask of these - made durable; then, when all ranks are there, the checksums of rows that ranks share.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "landscape/io/block.hpp"
#include "landscape/io/file_layout.hpp"
#include "landscape/io/file_system.hpp"
#include "landscape/io/results.hpp"
#include "landscape/parallel/communicator.hpp"

namespace landscape {

/// Bytes that a file of this layout takes on the disk, a little rounded up.
std::uint64_t file_size_estimate(const FileLayout& layout);

class LandscapeFile {
 public:
  /// Rank 0 alone (within root_only). Writes the whole file, reserves its disk space, makes it durable and renames it
  /// to `path`. Throws UsageError where `path` exists and may not be replaced, Error that names needed and free bytes
  /// where space is lacking; leaves no temporary file behind.
  static void create(const std::string& path, const FileLayout& layout,
                     ExistingOutput existing = ExistingOutput::refuse);

  /// Rank 0 alone (within root_only). Replaces the file at `path` by one of this layout, whose blocks have more rows
  /// and which is the same otherwise, with every intact row taken over bit for bit. All as create(): at any moment the
  /// one or the other file is there, whole.
  static void extend(const std::string& path, const FileLayout& layout);

  /// Collective: opens the file for the rounds on all ranks. Throws on all ranks alike, also where a rank sees another
  /// file there.
  static LandscapeFile open_parallel(const std::string& path, const Communicator& comm);

  LandscapeFile(LandscapeFile&&) noexcept;
  LandscapeFile& operator=(LandscapeFile&&) noexcept;
  /// Closes where all ranks get here together; leaves the file to MPI_Abort where this rank unwinds alone.
  ~LandscapeFile();

  std::int64_t n_rows(const std::string& block) const;
  std::int64_t n_columns(const std::string& block) const;
  bool has_row_vectors(const std::string& block) const;

  /// Rank-local (call within collectively). values[i] is item first_item + i of the flat list row * columns + column of
  /// the block of this group. Not marked as complete before commit_round(). Any number of calls per round, also none.
  void write_items(const std::string& block, std::int64_t first_item, std::span<const double> values);
  /// Rank-local. The vector of one row, which the layout must have asked for.
  void write_row_vector(const std::string& block, std::int64_t row, std::span<const double> values);

  /// Collective: makes this round's values durable, then marks them as complete and writes the checksum of every
  /// row whose last missing item was among them, whichever ranks and rounds computed it. It is mark_items(), one
  /// exchange between all ranks and, where rows are shared, finish_rows() and another exchange.
  void commit_round();
  /// Rank-local: makes what this rank wrote in this round durable and marks it; the number of rows of which another
  /// call, rank or round has the rest.
  std::int64_t mark_items();
  /// Rank-local, and only once all ranks are known to have marked theirs: ends the round.
  void finish_rows();

  /// Collective. What was written but not committed stays unmarked.
  void close();

 private:
  struct Impl;
  explicit LandscapeFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Rank 0 alone, while the file is not open in parallel: writes results into their places with the serial driver.
class ResultWriter {
 public:
  explicit ResultWriter(const std::string& path);
  ResultWriter(ResultWriter&&) noexcept;
  ResultWriter& operator=(ResultWriter&&) noexcept;
  ~ResultWriter();

  /// What was found out about the rows of a block: columns that the layout has, each (rows).
  void write_rows(const std::string& block, const std::vector<RowValues>& columns);
  /// Overwrites all results of a group and sets its state to "complete". Throws Error where a name, a type or a shape
  /// is not the layout's, or a text is longer than its place.
  void write(const ResultGroup& results);
  /// To what a block took so far.
  void add_seconds(const std::string& block, double seconds);
  /// Sets every result group of the file to "pending": before rows change that results were made of.
  void invalidate_all();
  /// Makes everything written so far durable, then sets the root's state.
  void set_state(RunState state);
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landscape
