// What an analysis has to say to be a command: which blocks of numbers it fills, along which lines, and what it finds
// in them. All else - output, minimizers, rounds over all ranks, checkpoints, resume, verify, dry run - is the job's
// (job.hpp), once for all of them. An analysis holds no state: everything it needs is in the settings and in the rows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/io/block.hpp"
#include "landscape/io/landscape_file.hpp"
#include "landscape/job/rows.hpp"
#include "landscape/job/setup.hpp"
#include "landscape/profile/line_set.hpp"

namespace landscape {

/// Items [first, first + count) of the flat list row * columns + column of a block.
struct ItemRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
  friend bool operator==(const ItemRange&, const ItemRange&) = default;
};

/// Makes whole rows of a block, (K, columns), from first_row on. A function of its arguments alone.
using RowMaker =
    std::function<void(LossBackend& backend, const LineSet& lines, std::int64_t first_row, std::span<double> rows)>;

/// Blocks of which every row is there, (rows, columns) each, by their groups.
using WholeBlocks = std::map<std::string, std::vector<double>>;

/// What a row that stands alone is made with.
struct RowTools {
  const std::string& device;
  int threads = 1;
  int node_rank = 0;
  /// To be asked often, with the share of the row that is done; where it says no, the maker throws TrainingStopped.
  const std::function<bool(double share)>& go_on;
  const WholeBlocks& blocks;  // those that Work::needs names
};
/// Makes one row of a block, (columns). A function of the row and of the blocks that are needed.
using LoneRowMaker = std::function<void(const RowTools& tools, std::int64_t row, std::span<double> values)>;

/// One block and how its numbers come about: row k belongs to line k, column j to step j; or whole rows are made at
/// once; or each row stands alone, without minimizers and lines of the run, and ranks draw one after the other, where
/// rows are made from those of other blocks as soon as these are whole.
struct Work {
  Block block;
  LossKind loss = LossKind::ritz;
  Quantity quantity = Quantity::loss;  // along a line
  std::string minimizer;               // that the lines begin at, by its name; empty: the loss's own
  std::vector<double> steps;           // along a line
  std::string directions{};       // under whose name --directions-from has those of the lines; empty: the minimizer's
  std::string lines;              // works with one name here have their lines in common
  bool makes_directions = false;  // not drawn: Analysis::make_directions(); the block stores them
  int point_set = 0;              // which quadrature points; 0: the run's own
  RowMaker make_rows{};           // where rows are indivisible: no rank then gets a part of one
  LoneRowMaker make_row{};        // where rows stand alone
  std::vector<std::string> needs{};      // then: groups of the blocks that its rows are made from
  std::int64_t rows_per_checkpoint = 0;  // of a path: rows c n ... c n + n - 1 need its checkpoint c alone; 0: none do
  std::function<double(std::int64_t row)> row_cost{};  // of these, in any unit; empty: all cost the same

  /// That come about together.
  std::int64_t least_items() const { return make_rows ? block.columns : 1; }
  /// That one item of those that are counted and shown consists of.
  std::int64_t numbers_per_item() const { return make_row ? block.columns : 1; }
  double cost(std::int64_t row) const { return row_cost ? row_cost(row) : 1.0; }
  std::int64_t n_items() const { return block.n_items() / numbers_per_item(); }
  std::string minimizer_name() const { return minimizer.empty() ? to_string(loss) : minimizer; }
  std::string directions_name() const { return directions.empty() ? minimizer_name() : directions; }
};

/// Columns of one block: numbers about its rows.
struct BlockColumns {
  std::string block;  // its group
  std::vector<RowValues> columns;
};

/// More directions, and why.
struct Growth {
  std::int64_t n_directions = 0;  // 0: none, the job is done
  std::string sentence;
};

/// What was found. Rank 0 stores it, the output being closed, and prints it.
class Findings {
 public:
  Findings() = default;
  Findings(const Findings&) = delete;
  Findings& operator=(const Findings&) = delete;
  virtual ~Findings() = default;
  /// Those of Analysis::results(), with their values.
  virtual std::vector<ResultGroup> groups() const = 0;
  virtual std::vector<BlockColumns> columns() const { return {}; }
  virtual std::string text() const = 0;
  /// Whether the rows suffice.
  virtual Growth growth() const { return {}; }
};

class Analysis {
 public:
  Analysis() = default;
  Analysis(const Analysis&) = delete;
  Analysis& operator=(const Analysis&) = delete;
  virtual ~Analysis() = default;

  /// Fills in the settings that it has defaults for. Throws UsageError where they cannot be.
  virtual void settle(RunConfig& config) const;
  /// Its blocks, the run's own first. A function of the settings alone, the same on all ranks.
  virtual std::vector<Work> work(const RunConfig& config) const = 0;
  /// Points of Work::point_set.
  virtual PointSet points(const RunConfig& config, int set) const;
  /// Rank 0: the rows (M, n) of every work that makes its directions, at the minimizers; empty of the others. Throws
  /// TrainingStopped where should_stop().
  virtual std::vector<std::vector<double>> make_directions(const Setup& setup, std::span<const Work> work,
                                                           std::span<const Minimizer> minimizers) const;
  /// The lines of a work, from its minimizer or through several of the run's. `given` are the rows (M, n) that were
  /// made or those of --directions-from, else empty.
  virtual LineSet lines(const RunConfig& config, const Work& work, std::span<const Minimizer> minimizers,
                        const std::vector<double>& given) const;
  /// Numbers of some items, of indivisible rows those of whole ones; the backend holds the points of the work. What
  /// the work makes rows by, else its quantity along the lines, unless overridden.
  virtual void evaluate(LossBackend& backend, const Work& work, const LineSet& lines, const ItemRange& items,
                        std::span<double> values) const;
  /// Collective: numbers about rows that take all ranks, once all rows are there; rank 0's count. lines[i] belongs to
  /// work[i].
  virtual std::vector<BlockColumns> measure_rows(const Communicator& comm, const Setup& setup,
                                                 std::span<const Work> work,
                                                 std::span<const LineSet* const> lines) const;
  /// The groups that its findings will be stored in, undefined.
  virtual std::vector<ResultGroup> results(const RunConfig& config) const = 0;
  /// On config.threads threads, which can be had. No bit depends on them.
  virtual std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const = 0;
  /// Lines of the job's header, each "Name        text\n".
  virtual std::string header(const RunConfig& config) const = 0;
  /// What its numbers are called in messages.
  virtual std::string items_name() const { return "losses"; }
  /// "ritz" or "ritz, point set 2": how `info` and `verify` call a work.
  virtual std::string name(const RunConfig& config, const Work& work) const;
};

/// Numbers in all blocks, or rows where these stand alone.
std::int64_t count_items(std::span<const Work> work);

/// The works whose rows stand alone, by their places, in the order in which they can be drawn: those of one stage need
/// blocks of earlier ones only, or of works of lines. Throws Error where a block is needed that none fills, or where
/// works need each other.
std::vector<std::vector<std::size_t>> drawing_stages(std::span<const Work> work);

}  // namespace landscape
