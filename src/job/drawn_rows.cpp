// Rows that stand alone, drawn by ranks as they get free.
#include "landscape/job/drawn_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "landscape/config/text.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/shared_counter.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

constexpr double kMostCost = 0.1;  // of making rows durable, per second of work

struct DrawnRow {
  std::size_t work = 0;
  std::int64_t row = 0;
  double cost = 1.0;
};

// The dearest first, so that what is left at the end is small; else in their order.
std::vector<DrawnRow> rows_in_turn(std::span<const Work> work, std::span<const OpenRows> open,
                                   std::span<const std::size_t> stage) {
  std::vector<DrawnRow> rows;
  for (const std::size_t i : stage) {
    for (const std::int64_t row : open[i]) rows.push_back({i, row, work[i].cost(row)});
  }
  std::ranges::stable_sort(rows, std::ranges::greater(), &DrawnRow::cost);
  return rows;
}

// Collective: what these rows are made from and no rank has yet, through rank 0.
void fetch_needed(const Communicator& comm, const Setup& setup, std::span<const Work> work,
                  std::span<const DrawnRow> rows, LandscapeFile& file, WholeBlocks& blocks) {
  std::vector<std::string> needed;
  for (const DrawnRow& drawn : rows) {
    for (const std::string& group : work[drawn.work].needs) {
      if (!blocks.contains(group) && std::ranges::count(needed, group) == 0) needed.push_back(group);
    }
  }
  if (needed.empty()) return;
  file.close();
  for (const std::string& group : needed) {
    blocks[group] = root_only(comm, [&] {
      auto whole = whole_block(LandscapeReader(setup.config.output), group);
      if (whole) return std::move(*whole);
      throw Error(fmt::format("'{}' is damaged: rows of its block {} are gone; --resume computes them again.",
                              setup.config.output, group));
    });
  }
  file = LandscapeFile::open_parallel(setup.config.output, comm);
}

class DrawnRows {
 public:
  DrawnRows(const Communicator& comm, const Setup& setup, std::span<const Work> work, std::vector<DrawnRow> rows,
            const WholeBlocks& blocks, LandscapeFile& file)
      : comm_(comm),
        setup_(setup),
        work_(work),
        rows_(std::move(rows)),
        blocks_(blocks),
        file_(file),
        counter_(comm, static_cast<std::int64_t>(rows_.size())),
        progress_(comm.is_root() && !setup.config.quiet ? detect_progress_style() : ProgressStyle::none) {
    outcome_.n_items = static_cast<std::int64_t>(rows_.size());
    outcome_.seconds.resize(work.size());
  }

  EvaluationOutcome run() {
    collectively(comm_, [&] {
      try {
        while (!stopped_) {
          const auto number = counter_.draw();
          if (!number) break;
          make(rows_[static_cast<std::size_t>(*number)], *number);
        }
        keep();
      } catch (...) {
        counter_.finish();
        throw;
      }
      counter_.finish();
    });
    outcome_.n_done = comm_.all_reduce(n_done_, Reduction::sum);
    for (double& seconds : outcome_.seconds) seconds = comm_.all_reduce(seconds, Reduction::sum) / comm_.size();
    outcome_.n_rounds = 1;
    outcome_.wall_seconds = clock_.seconds();
    progress_.clear();
    return outcome_;
  }

 private:
  void make(const DrawnRow& drawn, std::int64_t number) {
    const Work& work = work_[drawn.work];
    const Stopwatch clock;
    values_.resize(static_cast<std::size_t>(work.block.columns));
    const auto go_on = [&](double share) {
      counter_.answer();
      show_progress(number, share);
      return !should_stop(setup_);
    };
    try {
      work.make_row({setup_.device, setup_.threads, comm_.node_rank(), go_on, blocks_}, drawn.row, values_);
    } catch (const TrainingStopped&) {
      stopped_ = true;
      return;
    }
    outcome_.seconds[drawn.work] += clock.seconds();
    file_.write_items(work.block.group, drawn.row * work.block.columns, values_);
    ++n_done_;
    if (since_kept_.seconds() * kMostCost > cost_of_keeping_) keep();
    stopped_ = stopped_ || should_stop(setup_);
  }

  // Of whole rows: no other rank has a part in them.
  void keep() {
    const Stopwatch clock;
    file_.mark_items();
    file_.finish_rows();
    cost_of_keeping_ = clock.seconds();
    since_kept_ = {};
  }

  void show_progress(std::int64_t number, double share) {
    if (!progress_.is_due()) return;
    const auto n = static_cast<double>(rows_.size());
    const double done = std::max(0.0, static_cast<double>(number) + share - 0.5 * (comm_.size() - 1)) / n;
    progress_.update(fmt::format("  {}  {:5.1f} % of {}{}", setup_.analysis->items_name(), 100.0 * done,
                                 count_text(outcome_.n_items), remaining_text(done, clock_.seconds())));
  }

  const Communicator& comm_;
  const Setup& setup_;
  std::span<const Work> work_;
  std::vector<DrawnRow> rows_;
  const WholeBlocks& blocks_;
  LandscapeFile& file_;
  SharedCounter counter_;
  Progress progress_;
  Stopwatch clock_, since_kept_;
  double cost_of_keeping_ = 0.0;  // seconds, the last time
  std::int64_t n_done_ = 0;       // by this rank
  bool stopped_ = false;
  EvaluationOutcome outcome_;
  std::vector<double> values_;
};

}  // namespace

std::optional<std::vector<double>> whole_block(const LandscapeReader& reader, const std::string& block) {
  const std::vector<RowState> states = reader.row_states(block);
  const auto is_intact = [](RowState state) { return state == RowState::intact; };
  if (!std::ranges::all_of(states, is_intact)) return std::nullopt;
  return reader.rows(block, 0, static_cast<std::int64_t>(states.size()));
}

EvaluationOutcome draw_rows(const Communicator& comm, const Setup& setup, std::span<const Work> work,
                            std::span<const OpenRows> open, LandscapeFile& file) {
  EvaluationOutcome outcome;
  WholeBlocks blocks;
  for (const std::vector<std::size_t>& stage : drawing_stages(work)) {
    std::vector<DrawnRow> rows = rows_in_turn(work, open, stage);
    if (rows.empty()) continue;
    fetch_needed(comm, setup, work, rows, file, blocks);
    outcome.add(DrawnRows(comm, setup, work, std::move(rows), blocks, file).run());
    if (!outcome.complete()) break;
  }
  return outcome;
}

}  // namespace landscape
