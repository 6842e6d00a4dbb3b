// verify FILE: stored numbers computed anew, on the device that wrote them or on another.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <set>

#include "landscape/analysis/file_commands.hpp"
#include "landscape/analysis/stored_settings.hpp"
#include "landscape/backend/held_threads.hpp"
#include "landscape/config/text.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/job/device.hpp"
#include "landscape/job/drawn_rows.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kSubset = 2000;           // losses verified of each loss unless --all
constexpr std::int64_t kLoneRows = 5;            // of rows that stand alone
constexpr double kOtherDeviceTolerance = 1e-12;  // relative to max|f| of the direction
constexpr std::int64_t kVerifyBatch = 1 << 16;   // items per call of the backend

struct Verified {
  std::int64_t n_compared = 0, n_different = 0, n_skipped = 0;
  std::int64_t n_damaged = 0;  // directions that do not match their checksum
  double worst = 0.0;  // |difference| / max|f| of the direction; infinity where one is not finite and the other is
};

class Verification {
 public:
  Verification(const LandscapeReader& reader, const Analysis& analysis, const RunConfig& config, LossBackend& backend,
               const std::string& device, int threads, std::uint64_t seed)
      : reader_(reader),
        analysis_(analysis),
        config_(config),
        backend_(backend),
        device_(device),
        threads_(threads),
        same_device_(reader.run().device == device),
        seed_(seed) {
    for (const std::string& name : reader.minimizers()) minimizers_.push_back(reader.minimizer(name));
  }

  Verified run(const Work& work, std::span<const Work> all) {
    const std::string& block = work.block.group;
    backend_.set_points(work.point_set == 0 ? reader_.points() : analysis_.points(config_, work.point_set));
    const auto lines = lines_of(work, all);
    const std::vector<RowState> states = reader_.row_states(block);
    const auto n_rows = static_cast<std::int64_t>(states.size());
    const std::int64_t n_columns = work.block.columns;
    if (reader_.axis(block) != work.block.axis.values)
      throw Error(fmt::format("'{}' is damaged: its settings do not fit its numbers.", reader_.path()));
    std::vector<std::int64_t> intact;
    for (std::int64_t row = 0; row < n_rows; ++row) {
      if (states[static_cast<std::size_t>(row)] == RowState::intact) intact.push_back(row);
    }
    Verified verified;
    verified.n_damaged = std::count(states.begin(), states.end(), RowState::damaged);
    verified.n_skipped = (n_rows - static_cast<std::int64_t>(intact.size())) * n_columns;
    cached_row_ = made_row_ = -1;
    if (!fetch_needed(work)) {  // rows that are there cannot be made again
      verified.n_skipped = n_rows * n_columns;
      return verified;
    }
    if (work.make_row && !same_device_) {
      throw UsageError(
          fmt::format("'{}' was made on {}, where alone its {} can be repeated bit for bit: give --device {}.",
                      reader_.path(), reader_.run().device, analysis_.items_name(), reader_.run().device));
    }
    const auto n_intact = static_cast<std::int64_t>(intact.size());
    if (config_.all) {
      for (const std::int64_t row : intact) {
        for (std::int64_t column = 0; column < n_columns; column += kVerifyBatch)
          compare(work, lines.get(), row, column, std::min(kVerifyBatch, n_columns - column), verified);
      }
      return verified;
    }
    if (work.make_row) {
      for (const std::int64_t item : random_items(work.loss, n_intact, kLoneRows))
        compare(work, nullptr, intact[static_cast<std::size_t>(item)], 0, n_columns, verified);
      return verified;
    }
    for (const std::int64_t item : random_items(work.loss, n_intact * n_columns, kSubset))
      compare(work, lines.get(), intact[static_cast<std::size_t>(item / n_columns)], item % n_columns, 1, verified);
    return verified;
  }

 private:
  // Whether the blocks are whole that rows of a work are made from.
  bool fetch_needed(const Work& work) {
    for (const std::string& group : work.needs) {
      if (needed_.contains(group)) continue;
      auto whole = whole_block(reader_, group);
      if (!whole) return false;
      needed_[group] = std::move(*whole);
    }
    return true;
  }

  // None where rows stand alone.
  std::unique_ptr<const LineSet> lines_of(const Work& work, std::span<const Work> all) const {
    if (work.make_row) return nullptr;
    return std::make_unique<const LineSet>(analysis_.lines(config_, work, minimizers_, given_rows(work, all)));
  }

  // Works that have their lines in common keep them in one block.
  std::vector<double> given_rows(const Work& work, std::span<const Work> all) const {
    if (config_.directions_from.empty() && !work.makes_directions) return {};
    const auto keeper = std::ranges::find_if(all, [&](const Work& other) {
      return other.lines == work.lines && reader_.has_row_vectors(other.block.group);
    });
    if (keeper == all.end()) {
      return read_directions(config_.directions_from, work.directions_name(),
                             static_cast<std::int64_t>(minimizers_.front().theta.size()));
    }
    const std::string& main = keeper->block.group;
    std::vector<double> rows;
    for (std::int64_t k = 0; k < reader_.n_rows(main); ++k) {
      const std::vector<double> row = reader_.row_vector(main, k);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    return rows;
  }

  // Distinct items below n, `most` or all of them: a pure function of the seed.
  std::set<std::int64_t> random_items(LossKind loss, std::int64_t n, std::int64_t most) const {
    std::set<std::int64_t> items;
    const std::uint64_t stream =
        subsequence(RandomUse::batches, (std::uint64_t{1} << 40) + static_cast<std::uint64_t>(loss));
    for (std::uint64_t block = 0; static_cast<std::int64_t>(items.size()) < std::min(n, most); ++block) {
      const double u = philox_uniform_pair(seed_, stream, block)[0];
      items.insert(std::min(n - 1, static_cast<std::int64_t>(u * static_cast<double>(n))));
    }
    return items;
  }

  // Columns of a row; of an indivisible one, which is kept, out of the whole.
  std::vector<double> evaluated(const Work& work, const LineSet* lines, std::int64_t row, std::int64_t column,
                                std::int64_t count) {
    const std::int64_t n = work.block.columns;
    const bool is_whole = work.make_rows || work.make_row;
    std::vector<double> values(static_cast<std::size_t>(is_whole ? n : count));
    if (!is_whole) {
      analysis_.evaluate(backend_, work, *lines, {row * n + column, count}, values);
      return values;
    }
    if (row != made_row_) {
      if (work.make_row) {
        work.make_row({device_, threads_, 0, [](double) { return true; }, needed_}, row, values);
      } else {
        analysis_.evaluate(backend_, work, *lines, {row * n, n}, values);
      }
      made_ = std::move(values);
      made_row_ = row;
    }
    return {made_.begin() + column, made_.begin() + column + count};
  }

  void compare(const Work& work, const LineSet* lines, std::int64_t row, std::int64_t column, std::int64_t count,
               Verified& verified) {
    if (row != cached_row_) {
      cached_ = reader_.rows(work.block.group, row, 1);
      cached_row_ = row;
    }
    std::vector<double> again = evaluated(work, lines, row, column, count);
    double scale = 0.0;
    for (const double f : cached_) scale = std::isfinite(f) ? std::max(scale, std::abs(f)) : scale;
    for (std::int64_t i = 0; i < count; ++i) {
      const double before = cached_[static_cast<std::size_t>(column + i)], now = again[static_cast<std::size_t>(i)];
      ++verified.n_compared;
      const bool same = std::bit_cast<std::uint64_t>(before) == std::bit_cast<std::uint64_t>(now);
      if (same || (!std::isfinite(before) && !std::isfinite(now))) continue;
      const double difference = std::abs(now - before) / scale;
      const bool close = !same_device_ && difference <= kOtherDeviceTolerance;
      if (!close) ++verified.n_different;
      verified.worst = std::max(verified.worst, std::isfinite(difference) ? difference : INFINITY);
    }
  }

  const LandscapeReader& reader_;
  const Analysis& analysis_;
  const RunConfig& config_;
  LossBackend& backend_;
  const std::string& device_;
  int threads_;
  bool same_device_;
  std::uint64_t seed_;
  std::vector<Minimizer> minimizers_;
  WholeBlocks needed_;
  std::int64_t cached_row_ = -1;
  std::vector<double> cached_;
  std::int64_t made_row_ = -1;
  std::vector<double> made_;
};

}  // namespace

void verify_file(const Invocation& invocation) {
  own_options(invocation);
  const LandscapeReader reader(invocation.file);
  const Analysis& analysis = analysis_of(reader, invocation);
  RunConfig config = stored_config(reader, invocation);
  const std::uint64_t subset_seed = config.seed;
  config.seed = parse_resolved_text(reader.run().config, reader.run().command).seed;

  const std::string& written_on = reader.run().device;
  const bool single = config.precision == Precision::single_precision;
  if (single && config.device == DeviceChoice::cuda) {
    throw UsageError(
        fmt::format("--device cuda cannot verify '{}', which is in single precision: drop it.", invocation.file));
  }
  const std::string device = choose_device(config, nullptr).name;
  const bool same_device = written_on == device;
  const PointSet points = reader.points();
  const std::vector<std::string> minimizers = reader.minimizers();
  if (minimizers.empty() && !config.minimizer_sources().empty())
    throw Error(fmt::format("'{}' lacks its /minimizer: use the original or a complete copy.", invocation.file));
  const NetworkSpec spec = minimizers.empty() ? config.network : reader.minimizer(minimizers.front()).spec;
  const int threads = threads_without_mpi(config);
  if (find_device(device).uses_threads) HeldThreads().start(threads);
  const Problem problem = problem_of(reader);
  const auto backend = make_backend_on(device, {spec, problem, points, threads, 0, config.precision});
  if (!config.quiet)
    fmt::print("{}: written on {}, verified on {}\n", invocation.file, written_on, backend->describe());

  std::int64_t n_different = 0, n_compared = 0, n_damaged = 0;
  Verification verification(reader, analysis, config, *backend, device, threads, subset_seed);
  const std::vector<Work> all = analysis.work(config);
  std::size_t name_width = 0;
  for (const Work& work : all) name_width = std::max(name_width, analysis.name(config, work).size() + 1);
  for (const Work& work : all) {
    const Verified verified = verification.run(work, all);
    n_different += verified.n_different;
    n_compared += verified.n_compared;
    n_damaged += verified.n_damaged;
    const std::string outcome = verified.n_different > 0
                                    ? fmt::format("{} differ, at worst by {:.2g} of the profile's largest |f|",
                                                  verified.n_different, verified.worst)
                                : verified.n_compared == 0 ? "none is done yet"
                                : same_device              ? "the same bits"
                                                           : fmt::format("equal within {:.1e}", verified.worst);
    fmt::print("{:<{}} {} of {} {} computed again: {}{}\n", analysis.name(config, work), name_width,
               count_text(verified.n_compared / work.numbers_per_item()), count_text(work.n_items()),
               analysis.items_name(), outcome,
               verified.n_skipped > 0 ? fmt::format(" ({} are not done or damaged)",
                                                    count_text(verified.n_skipped / work.numbers_per_item()))
                                      : "");
  }
  if (n_different > 0)
    throw Error(
        fmt::format("'{}' does not hold what this program computes: {} losses differ.", invocation.file, n_different));
  if (n_damaged > 0) {
    throw Error(fmt::format("{} directions in '{}' do not match their checksum: --resume computes them again.",
                            n_damaged, invocation.file));
  }
  require_sound_results(reader);
  if (n_compared == 0) throw Error(fmt::format("'{}' has no finished direction to compare with.", invocation.file));
}

}  // namespace landscape
