// Rounds over the open items.
#include "landscape/job/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "landscape/config/text.hpp"
#include "landscape/parallel/collective.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kFirstItemsPerThread = 64;    // of the first round, which measures the speed
constexpr std::int64_t kFirstBatchPerThread = 4;     // before the cost of an item is known
constexpr std::int64_t kMostItemsPerRank = 1 << 23;  // per block and round: bounds what a kill can cost
constexpr std::int64_t kLargestBatch = 1 << 20;      // items per call of the backend: 8 MiB of losses
constexpr double kBatchSeconds = 0.25;               // between looks at the clock and the stop flag
constexpr double kGrowth = 32.0;                     // of the items per round, at most
constexpr double kMostCost = 0.1;                    // of a round: seconds that are not work, per second of work
constexpr double kLeastTimed = 1e-3;                 // seconds of work that tell a rank's speed
constexpr double kSlowest = 0.01;                    // speed of the fastest: no rank is given less to show what it can

class Rounds {
 public:
  Rounds(const Communicator& comm, const Setup& setup, LossBackend& backend, std::span<const Work> work,
         std::span<const LineSet* const> lines, std::span<const OpenRows> open, LandscapeFile& file)
      : comm_(comm),
        setup_(setup),
        backend_(backend),
        work_(work),
        lines_(lines),
        open_(open),
        file_(file),
        progress_(comm.is_root() && !setup.config.quiet ? detect_progress_style() : ProgressStyle::none) {
    for (std::size_t i = 0; i < open.size(); ++i) {
      outcome_.n_items += items_of(i);
      longest_ = std::max(longest_, items_of(i));
      if (items_of(i) > 0) least_ = std::max(least_, work[i].least_items());
    }
    outcome_.seconds.resize(work.size());
    speeds_.assign(static_cast<std::size_t>(comm.size()), 1.0);
    outcome_.busy.resize(speeds_.size());
    per_block_ = kFirstItemsPerThread * setup.threads * comm.size();
    per_block_ = std::max(comm.all_reduce(per_block_, Reduction::max), least_ * comm.size());
    batch_ = kFirstBatchPerThread * setup.threads;
  }

  EvaluationOutcome run() {
    write_row_vectors();
    for (bool stop = outcome_.n_items == 0; !stop;) {
      const Stopwatch round;
      const Shared shared = take_together(round);
      outcome_.n_done += shared.n_done;
      ++outcome_.n_rounds;
      cursor_ += per_block_;
      stop = shared.stop || cursor_ >= longest_;
      size_next_round(shared);
      cost_of_round_ = round.seconds() - shared.work_seconds;
    }
    collectively(comm_, [&] { use_set(0); });
    for (double& seconds : outcome_.seconds) seconds = comm_.all_reduce(seconds, Reduction::sum) / comm_.size();
    outcome_.wall_seconds = clock_.seconds();
    progress_.clear();
    return outcome_;
  }

 private:
  std::int64_t items_of(std::size_t i) const {
    return work_[i].make_row ? 0 : static_cast<std::int64_t>(open_[i].size()) * work_[i].block.columns;
  }

  // What a rank has to say after its part of a round.
  struct Said {
    std::int64_t n_done = 0;
    std::int64_t n_partial = 0;  // rows that it shares with others
    double work_seconds = 0.0;   // of evaluating
    double cost_of_round = 0.0;  // of the round before: seconds beyond the slowest rank's work
    double seconds_left = 0.0;   // before the time limit
    bool stop = false;
  };
  // The same on all ranks.
  using Shared = Said;

  // One round of all ranks, in one exchange between them, and a second one where rows are shared.
  Shared take_together(const Stopwatch& round) {
    const auto mine = [&] {
      Said said;
      said.n_done = evaluate_round();
      said.work_seconds = round.seconds();
      said.n_partial = file_.mark_items();
      said.cost_of_round = cost_of_round_;
      said.seconds_left = setup_.config.time_limit - setup_.clock.seconds();
      said.stop = stopped_early_ || should_stop(setup_);
      return said;
    };
    Shared shared;
    shared.seconds_left = std::numeric_limits<double>::infinity();
    const std::vector<Said> all = collectively_gather(comm_, mine);
    learn_speeds(all);
    for (const Said& said : all) {
      shared.n_done += said.n_done;
      shared.n_partial += said.n_partial;
      shared.work_seconds = std::max(shared.work_seconds, said.work_seconds);
      shared.cost_of_round = std::max(shared.cost_of_round, said.cost_of_round);
      shared.seconds_left = std::min(shared.seconds_left, said.seconds_left);
      shared.stop = shared.stop || said.stop;
    }
    if (shared.n_partial > 0) {
      collectively(comm_, [&] { file_.finish_rows(); });
    } else {
      file_.finish_rows();
    }
    return shared;
  }

  // The same on all ranks. A round too short to tell changes nothing.
  void learn_speeds(const std::vector<Said>& all) {
    std::vector<double> now;
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      outcome_.busy[rank] += all[rank].work_seconds;
      if (all[rank].n_done > 0 && all[rank].work_seconds >= kLeastTimed)
        now.push_back(static_cast<double>(all[rank].n_done) / all[rank].work_seconds);
    }
    if (now.size() < all.size()) return;
    const double least = kSlowest * std::ranges::max(now);
    for (std::size_t rank = 0; rank < now.size(); ++rank) {
      const double speed = std::max(now[rank], least);
      speeds_[rank] = are_timed_ ? 0.5 * (speeds_[rank] + speed) : speed;
    }
    are_timed_ = true;
  }

  // The slice of every block's list that this round takes, and of it this rank's share.
  std::int64_t evaluate_round() {
    std::int64_t done = 0;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      const std::int64_t end = std::min(cursor_ + per_block_, items_of(i));
      if (cursor_ >= end) continue;
      const WorkRange share = share_of({cursor_, end}, items_of(i), work_[i].least_items(), comm_.rank(), speeds_);
      const Stopwatch clock;
      for (const ItemRange& items : contiguous_items(open_[i], work_[i].block.columns, share)) {
        use_set(work_[i].point_set);
        done += evaluate_items(work_[i], *lines_[i], items, done);
      }
      outcome_.seconds[i] += clock.seconds();
    }
    return done;
  }

  void use_set(int set) {
    if (set == set_) return;
    backend_.set_points(set == 0 ? setup_.points : setup_.analysis->points(setup_.config, set));
    set_ = set;
  }

  std::int64_t evaluate_items(const Work& work, const LineSet& lines, const ItemRange& items,
                              std::int64_t done_before) {
    std::int64_t done = 0;
    while (done < items.count) {
      if (should_stop(setup_)) {
        stopped_early_ = true;
        break;
      }
      const Stopwatch clock;
      const std::int64_t least = work.least_items();
      const std::int64_t count = std::min(std::max(batch_ / least, std::int64_t{1}) * least, items.count - done);
      values_.resize(static_cast<std::size_t>(count));
      setup_.analysis->evaluate(backend_, work, lines, {items.first + done, count}, values_);
      file_.write_items(work.block.group, items.first + done, values_);
      done += count;
      const double seconds = std::max(clock.seconds(), 1e-6);
      const double fitting = static_cast<double>(count) * std::min(kGrowth, kBatchSeconds / seconds);
      batch_ = std::clamp(static_cast<std::int64_t>(fitting), std::int64_t{1}, kLargestBatch);
      show_progress(done_before + done);
    }
    return done;
  }

  // Rank 0 takes its own share as the measure of all: each has as much as it is fast.
  void show_progress(std::int64_t own_done) {
    if (!progress_.is_due()) return;
    const double done = static_cast<double>(outcome_.n_done) + static_cast<double>(own_done) * ranks_like_this();
    const double fraction = std::min(1.0, done / static_cast<double>(outcome_.n_items));
    progress_.update(fmt::format("  profiles  {:5.1f} % of {} {}, {:.3g} per second{}", 100.0 * fraction,
                                 count_text(outcome_.n_items), setup_.analysis->items_name(),
                                 done / std::max(clock_.seconds(), 1e-3), remaining_text(fraction, clock_.seconds())));
  }

  double ranks_like_this() const {
    return std::accumulate(speeds_.begin(), speeds_.end(), 0.0) / speeds_[static_cast<std::size_t>(comm_.rank())];
  }

  // Of as much work as --round-seconds asks for, but no less than makes the cost of a round a small part of it.
  void size_next_round(const Shared& last) {
    mean_cost_ = outcome_.n_rounds == 2 ? last.cost_of_round : 0.5 * (mean_cost_ + last.cost_of_round);
    double target = std::max(setup_.config.round_seconds, mean_cost_ / kMostCost);
    if (setup_.config.time_limit > 0.0) target = std::min(target, std::max(1.0, last.seconds_left));
    const double fitting =
        static_cast<double>(per_block_) * std::min(kGrowth, target / std::max(last.work_seconds, 1e-6));
    per_block_ = std::clamp(static_cast<std::int64_t>(fitting), least_ * comm_.size(),
                            std::max(kMostItemsPerRank, least_) * comm_.size());
  }

  void write_row_vectors() {
    const auto is_stored = [&](const Work& work) { return file_.has_row_vectors(work.block.group); };
    if (std::ranges::none_of(work_, is_stored)) return;  // an exchange less
    collectively(comm_, [&] {
      for (std::size_t i = 0; i < work_.size(); ++i) {
        const std::string& block = work_[i].block.group;
        if (!file_.has_row_vectors(block)) continue;
        std::vector<double> direction(lines_[i]->parameter_count());
        const WorkRange share = WorkPartition(file_.n_rows(block), comm_.size()).of(comm_.rank());
        for (std::int64_t k = share.begin; k < share.end; ++k) {
          lines_[i]->direction(k, direction);
          file_.write_row_vector(block, k, direction);
        }
      }
    });
  }

  const Communicator& comm_;
  const Setup& setup_;
  LossBackend& backend_;
  std::span<const Work> work_;
  std::span<const LineSet* const> lines_;
  std::span<const OpenRows> open_;
  LandscapeFile& file_;
  Progress progress_;
  Stopwatch clock_;
  EvaluationOutcome outcome_;
  std::vector<double> speeds_;  // by rank: items per second in the rounds so far, the last ones counting most
  bool are_timed_ = false;
  std::int64_t cursor_ = 0;     // open items of every block that earlier rounds took
  std::int64_t per_block_ = 1;  // items of every block in this round, all ranks together
  int set_ = 0;                 // whose points the backend holds
  std::int64_t longest_ = 0;    // of the open lists
  std::int64_t least_ = 1;      // items that come about together, in any of them
  std::int64_t batch_ = 1;      // items per call of the backend
  double cost_of_round_ = 0.0;  // the last one's seconds on this rank beyond the slowest rank's work
  double mean_cost_ = 0.0;      // of the rounds so far, the last ones counting most; the same on all ranks
  bool stopped_early_ = false;
  std::vector<double> values_;
};

}  // namespace

void EvaluationOutcome::add(const EvaluationOutcome& more) {
  n_items += more.n_items;
  n_done += more.n_done;
  n_rounds += more.n_rounds;
  seconds.resize(std::max(seconds.size(), more.seconds.size()));
  for (std::size_t i = 0; i < more.seconds.size(); ++i) seconds[i] += more.seconds[i];
  busy.resize(std::max(busy.size(), more.busy.size()));
  for (std::size_t i = 0; i < more.busy.size(); ++i) busy[i] += more.busy[i];
  wall_seconds += more.wall_seconds;
}

std::vector<ItemRange> contiguous_items(std::span<const std::int64_t> rows, std::int64_t n_columns, WorkRange open) {
  std::vector<ItemRange> ranges;
  for (std::int64_t at = open.begin; at < open.end;) {
    const std::int64_t column = at % n_columns;
    const std::int64_t count = std::min(n_columns - column, open.end - at);
    const std::int64_t first = rows[static_cast<std::size_t>(at / n_columns)] * n_columns + column;
    if (!ranges.empty() && ranges.back().first + ranges.back().count == first) {
      ranges.back().count += count;
    } else {
      ranges.push_back({first, count});
    }
    at += count;
  }
  return ranges;
}

WorkRange share_of(WorkRange slice, std::int64_t n_items, std::int64_t least_items, int rank,
                   std::span<const double> speeds) {
  const std::int64_t begin = slice.begin / least_items;
  const std::int64_t end = slice.end >= n_items ? n_items / least_items : slice.end / least_items;
  const double all = std::accumulate(speeds.begin(), speeds.end(), 0.0);
  const auto before = [&](int ranks) {
    const double part = std::accumulate(speeds.begin(), speeds.begin() + ranks, 0.0) / all;
    const auto pieces = static_cast<std::int64_t>(std::llround(part * static_cast<double>(end - begin)));
    return std::clamp(begin + pieces, begin, std::max(begin, end));
  };
  const bool is_last = rank + 1 == static_cast<int>(speeds.size());
  return {before(rank) * least_items, (is_last ? std::max(begin, end) : before(rank + 1)) * least_items};
}

EvaluationOutcome evaluate_rows(const Communicator& comm, const Setup& setup, LossBackend& backend,
                                std::span<const Work> work, std::span<const LineSet* const> lines,
                                std::span<const OpenRows> open, LandscapeFile& file) {
  return Rounds(comm, setup, backend, work, lines, open, file).run();
}

}  // namespace landscape
