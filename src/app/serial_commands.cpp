// info, reduce and verify.
#include "landscape/app/serial_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>
#include <thread>

#include "landscape/app/minimizers.hpp"
#include "landscape/app/output.hpp"
#include "landscape/app/point_sets.hpp"
#include "landscape/app/reduction.hpp"
#include "landscape/app/report.hpp"
#include "landscape/app/setup.hpp"
#include "landscape/app/sweep.hpp"
#include "landscape/app/text.hpp"
#include "landscape/backend/cuda_backend.hpp"
#include "landscape/backend/held_threads.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kSubset = 2000;           // losses verified of each loss unless --all
constexpr double kOtherDeviceTolerance = 1e-12;  // relative to max|f| of the direction
constexpr std::int64_t kVerifyBatch = 1 << 16;   // items per call of the backend

void require_profiles(const LandscapeReader& reader) {
  if (reader.profiles().empty())
    throw UsageError(fmt::format("'{}' holds minimizers only, no profiles.", reader.path()));
}

std::string file_state(const LandscapeReader& reader) {
  if (reader.state() == RunState::complete) return "complete";
  if (reader.state() == RunState::stopped) return "stopped early; go on with --resume";
  const std::string holder = OutputLock::holder(reader.path());
  return holder.empty() ? "broken off; go on with --resume" : "being written by " + holder;
}

std::string value_text(double value) { return defined_text(value); }
std::string value_text(std::int64_t value) { return fmt::format("{}", value); }
std::string value_text(std::uint64_t value) { return fmt::format("{}", value); }
std::string value_text(const std::string& value) { return value; }
template <class Number>
std::string value_text(const std::vector<Number>& values) {
  std::string text;
  for (const Number value : values) text += (text.empty() ? "" : " .. ") + value_text(value);
  return text;
}
std::string value_text(const AttributeValue& value) {
  return std::visit([](const auto& held) { return value_text(held); }, value);
}

/// Single values and intervals; tables are left to those who plot them, and so are groups of nothing else.
void print_results(const LandscapeReader& reader, const std::string& path) {
  ResultGroup group = reader.results(path);
  std::erase_if(group.results, [](const Result& r) { return !r.shape.empty() && r.shape_names != "(2)"; });
  if (group.results.empty()) return;
  fmt::print("\n{}{}\n", path, reader.has_results(path) ? "" : ": pending");
  if (!reader.has_results(path)) return;
  std::size_t width = 0;
  for (const Result& result : group.results) width = std::max(width, result.name.size() + 2);
  for (const Result& result : group.results) fmt::print("  {:<{}}{}\n", result.name, width, value_text(result.value));
}

struct Verified {
  std::int64_t n_compared = 0, n_different = 0, n_skipped = 0;
  std::int64_t n_damaged = 0;  // directions that do not match their checksum
  double worst = 0.0;  // |difference| / max|f| of the direction; infinity where one is not finite and the other is
};

class Verification {
 public:
  Verification(const LandscapeReader& reader, const RunConfig& config, LossBackend& backend, bool same_device,
               std::uint64_t seed)
      : reader_(reader), config_(config), backend_(backend), same_device_(same_device), seed_(seed) {}

  Verified run(ProfileKey key) {
    const LossKind loss = key.loss;
    backend_.set_points(key.set == 0 ? reader_.points() : points_of_set(config_, key.set));
    const Minimizer minimizer = reader_.minimizer(loss);
    const LineSet lines = make_lines(config_, minimizer, given_rows(loss, minimizer));
    const std::vector<double> steps = reader_.steps(loss);
    const std::vector<RowState> states = reader_.row_states(key);
    Verified verified;
    verified.n_damaged = std::count(states.begin(), states.end(), RowState::damaged);
    if (config_.all) {
      for (std::int64_t row = 0; row < reader_.n_directions(loss); ++row) {
        if (states[static_cast<std::size_t>(row)] != RowState::intact) {
          verified.n_skipped += reader_.n_steps(loss);
          continue;
        }
        for (std::int64_t step = 0; step < reader_.n_steps(loss); step += kVerifyBatch) {
          compare(key, lines, steps, row, step, std::min(kVerifyBatch, reader_.n_steps(loss) - step), verified);
        }
      }
      return verified;
    }
    std::vector<std::int64_t> intact;
    for (std::size_t row = 0; row < states.size(); ++row) {
      if (states[row] == RowState::intact) intact.push_back(static_cast<std::int64_t>(row));
    }
    const std::int64_t n_steps = reader_.n_steps(loss);
    verified.n_skipped = (reader_.n_directions(loss) - static_cast<std::int64_t>(intact.size())) * n_steps;
    for (const std::int64_t item : random_items(loss, static_cast<std::int64_t>(intact.size()) * n_steps))
      compare(key, lines, steps, intact[static_cast<std::size_t>(item / n_steps)], item % n_steps, 1, verified);
    return verified;
  }

 private:
  std::vector<double> given_rows(LossKind loss, const Minimizer& minimizer) const {
    if (config_.directions_from.empty()) return {};
    if (!reader_.has_directions(loss)) {
      return read_directions(config_.directions_from, loss, static_cast<std::int64_t>(minimizer.theta.size()));
    }
    std::vector<double> rows;
    for (std::int64_t k = 0; k < reader_.n_directions(loss); ++k) {
      const std::vector<double> row = reader_.direction(loss, k);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    return rows;
  }

  // Distinct items below n, a pure function of the seed.
  std::set<std::int64_t> random_items(LossKind loss, std::int64_t n) const {
    std::set<std::int64_t> items;
    const std::uint64_t stream =
        subsequence(RandomUse::batches, (std::uint64_t{1} << 40) + static_cast<std::uint64_t>(loss));
    for (std::uint64_t block = 0; static_cast<std::int64_t>(items.size()) < std::min(n, kSubset); ++block) {
      const double u = philox_uniform_pair(seed_, stream, block)[0];
      items.insert(std::min(n - 1, static_cast<std::int64_t>(u * static_cast<double>(n))));
    }
    return items;
  }

  void compare(ProfileKey key, const LineSet& lines, std::span<const double> steps, std::int64_t row, std::int64_t step,
               std::int64_t count, Verified& verified) {
    if (row != cached_row_ || key != cached_key_) {
      cached_ = reader_.losses(key, row, 1);
      cached_row_ = row;
      cached_key_ = key;
    }
    std::vector<double> again(static_cast<std::size_t>(count));
    backend_.evaluate({key.loss, &lines, steps, row * static_cast<std::int64_t>(steps.size()) + step, count}, again);
    double scale = 0.0;
    for (const double f : cached_) scale = std::isfinite(f) ? std::max(scale, std::abs(f)) : scale;
    for (std::int64_t i = 0; i < count; ++i) {
      const double before = cached_[static_cast<std::size_t>(step + i)], now = again[static_cast<std::size_t>(i)];
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
  const RunConfig& config_;
  LossBackend& backend_;
  bool same_device_;
  std::uint64_t seed_;
  ProfileKey cached_key_ = LossKind::ritz;
  std::int64_t cached_row_ = -1;
  std::vector<double> cached_;
};

std::set<std::string> allowed_options(Command command) {
  switch (command) {
    case Command::info:
      return {"settings"};
    case Command::reduce:
      return {"bootstrap", "confidence", "interval", "seed", "quiet"};
    case Command::compare:
      return {"bootstrap", "confidence", "seed", "losses", "quiet"};
    case Command::verify:
      return {"all", "device", "threads", "seed", "quiet"};
    default:
      return {};
  }
}

void apply_allowed_options(RunConfig& config, const Invocation& invocation) {
  const std::set<std::string> allowed = allowed_options(invocation.command);
  Complaints complaints;
  const OptionTexts given = gather_options(invocation);
  for (const auto& [name, text] : given) {
    if (allowed.contains(name)) continue;
    complaints.add(
        fmt::format("--{} has no meaning for {}: the file's own settings count.", name, to_string(invocation.command)));
  }
  apply_options(config, given, complaints);
  complaints.raise();
}

}  // namespace

RunConfig own_options(const Invocation& invocation) {
  RunConfig config;
  apply_allowed_options(config, invocation);
  return config;
}

RunConfig stored_config(const LandscapeReader& reader, const Invocation& invocation) {
  RunConfig config;
  try {
    config = parse_resolved_text(reader.run().config);
  } catch (const Error& error) {
    throw Error(fmt::format("'{}' holds settings that this version cannot read: {}", reader.path(), error.what()));
  }
  if (config_hash(config) != reader.run().config_hash) {
    throw Error(fmt::format("'{}' is damaged: its settings do not fit their hash.", reader.path()));
  }
  RunConfig changed = config;
  apply_allowed_options(changed, invocation);
  changed.losses = config.losses;                // --losses of compare chooses among what there is
  changed.training.seed = config.training.seed;  // --seed is that of the command's own random numbers
  changed.direction_seed = config.direction_seed;
  validate(bootstrap_options(changed));
  return changed;
}

void require_sound_results(const LandscapeReader& reader) {
  for (const std::string& group : reader.result_groups()) {
    reader.has_results(group);
    reader.results(group);
  }
}

void show_info(const Invocation& invocation) {
  const RunConfig asked = own_options(invocation);
  const std::string& path = invocation.file;
  const LandscapeReader reader(path);
  const RunInfo& run = reader.run();
  if (asked.settings) {
    fmt::print("{}", run.config);
    return;
  }
  fmt::print("{}: format {}, {} {}{}, created {}\n", path, kFormatVersion, run.program, run.version,
             run.git_revision.empty() ? "" : " (git " + run.git_revision + ")", run.created);
  fmt::print("State       {}\n", file_state(reader));
  fmt::print("Problem     {}\n", problem_text(problem_of(reader), reader.dimension()));
  for (const LossKind loss : reader.minimizers()) {
    const Minimizer minimizer = reader.minimizer(loss);
    fmt::print("Minimizer   {}: {}, {} parameters\n", to_string(loss), minimizer.spec.describe(),
               minimizer.theta.size());
    fmt::print("            {}\n", loss_text(minimizer));
    if (const std::string others = other_losses_text(minimizer); !others.empty())
      fmt::print("            {}\n", others);
    fmt::print("            {}\n{}", minimizer.source, warning_lines(minimizer.warnings));
  }
  for (const LossKind loss : reader.profiles()) {
    const std::int64_t total = reader.n_directions(loss) * reader.n_steps(loss);
    fmt::print("Profiles    {}: {} directions x {} steps, {} of {} losses done{}\n", to_string(loss),
               reader.n_directions(loss), reader.n_steps(loss),
               count_text(reader.n_complete_rows(loss) * reader.n_steps(loss)), count_text(total),
               reader.has_directions(loss) ? ", directions stored" : "");
    if (reader.n_point_sets(loss) == 0) continue;
    const RunConfig config = parse_resolved_text(run.config);
    for (int set = 1; set <= std::min(reader.n_point_sets(loss), static_cast<int>(further_sets(config).size()));
         ++set) {
      fmt::print("            {}: {} of {} losses done\n", set_name(config, set),
                 count_text(reader.n_complete_rows({loss, set}) * reader.n_steps(loss)), count_text(total));
    }
  }
  fmt::print("\nSettings (hash {})\n{}", run.config_hash, run.config);
  std::optional<Error> damage;
  for (const std::string& group : reader.result_groups()) {
    try {
      print_results(reader, group);
    } catch (const Error& error) {  // the others are still worth reading
      if (!damage) damage = error;
    }
  }
  if (damage) throw *damage;
}

void reduce_again(const Invocation& invocation) {
  own_options(invocation);
  const LandscapeReader reader(invocation.file);
  require_profiles(reader);
  const RunConfig config = stored_config(reader, invocation);
  require_sound_results(reader);
  if (reader.state() != RunState::complete) fmt::print("{}: {}\n", invocation.file, file_state(reader));
  fmt::print("{}", config.is_sweep() ? sweep_text(reduce_sweep(reader, config))
                                     : report_text(reduce_profiles(reader, config)));
}

void verify_file(const Invocation& invocation) {
  own_options(invocation);
  const LandscapeReader reader(invocation.file);
  require_profiles(reader);
  RunConfig config = stored_config(reader, invocation);
  const std::uint64_t subset_seed = config.seed;
  config.seed = parse_resolved_text(reader.run().config).seed;

  const std::string written_on = device_of(reader, reader.profiles().front());
  const bool single = config.precision == Precision::single_precision;
  if (single && config.device == DeviceChoice::cuda) {
    throw UsageError(
        fmt::format("--device cuda cannot verify '{}', which is in single precision: drop it.", invocation.file));
  }
  const bool cuda = !single && (config.device == DeviceChoice::cuda ||
                                (config.device == DeviceChoice::automatic && cuda_status().n_devices > 0));
  const bool same_device = written_on == (cuda ? "cuda" : "cpu");
  const PointSet points = reader.points();
  const NetworkSpec spec = reader.minimizer(reader.profiles().front()).spec;
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int threads = config.threads > 0 ? config.threads : cores;
  if (!cuda) HeldThreads().start(threads);
  const auto backend = cuda ? make_cuda_backend(spec, problem_of(reader), points, 0)
                            : make_cpu_backend(spec, problem_of(reader), points, threads, config.precision);
  if (!config.quiet)
    fmt::print("{}: written on {}, verified on {}\n", invocation.file, written_on, backend->describe());

  std::int64_t n_different = 0, n_compared = 0, n_damaged = 0;
  Verification verification(reader, config, *backend, same_device, subset_seed);
  for (const ProfileKey key : profile_keys(config)) {
    const Verified verified = verification.run(key);
    n_different += verified.n_different;
    n_compared += verified.n_compared;
    n_damaged += verified.n_damaged;
    const std::string outcome = verified.n_different > 0
                                    ? fmt::format("{} differ, at worst by {:.2g} of the profile's largest |f|",
                                                  verified.n_different, verified.worst)
                                : verified.n_compared == 0 ? "none is done yet"
                                : same_device              ? "the same bits"
                                                           : fmt::format("equal within {:.1e}", verified.worst);
    fmt::print(
        "{:<9} {} of {} losses{} computed again: {}{}\n", to_string(key.loss), count_text(verified.n_compared),
        count_text(reader.n_directions(key.loss) * reader.n_steps(key.loss)),
        key.set == 0 ? "" : fmt::format(" of {}", set_name(config, key.set)), outcome,
        verified.n_skipped > 0 ? fmt::format(" ({} are not done or damaged)", count_text(verified.n_skipped)) : "");
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
