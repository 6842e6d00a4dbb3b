// All grids' steps are sorted into one list of distinct values; a table entry picks its own out of every row.
#include "landscape/analysis/sweep.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "landscape/analysis/point_set_results.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/profile/sweep_grid.hpp"

namespace landscape {
namespace {

constexpr std::size_t kLeastGap = 2;  // of the printed table
constexpr std::size_t kStabilityCapacity = 256, kMethodCapacity = 16;
constexpr const char* kStability =
    "stable 1: the index and that of every finer m (of the finest: of the next coarser) lie in each other's interval, "
    "or are both zero at rounding level; 0: not; -1: only one m";

bool lies_in(const std::optional<double>& index, const std::optional<IndexInterval>& interval) {
  return index && interval && *index >= interval->lower && *index <= interval->upper;
}

std::string cell(const SweepEntry& entry) {
  std::string text = "undefined";
  if (entry.is_zero()) {
    text = known_index_text(entry.index.index, entry.resolution);
  } else if (entry.index.index) {
    text = fmt::format("{:.4g}", *entry.index.index);
    if (entry.interval && entry.interval->upper < 100.0 * *entry.index.index) {
      const double half = 50.0 * (entry.interval->upper - entry.interval->lower) / *entry.index.index;
      text += half < 10.0     ? fmt::format(" ({:.2g} %)", half)
              : half <= 100.0 ? fmt::format(" ({:.0f} %)", half)
                              : std::string(" (>100 %)");
    }
  }
  return text + (entry.stability == Stability::stable ? " *" : "  ");
}

// Right-aligned columns as wide as their longest cell and a gap; as many side by side as the text is wide.
std::string table_of(const SweepReport& report, const SweepLoss& loss) {
  const std::size_t n_intervals = report.intervals.size();
  std::vector<std::string> names, titles, cells;
  for (const double radius : report.radius) names.push_back(fmt::format("{:g}", radius));
  for (const std::int64_t intervals : report.intervals) titles.push_back(fmt::format("m = {}  ", intervals));
  for (const SweepEntry& entry : loss.entries) cells.push_back(cell(entry));
  const auto longest = [](const std::vector<std::string>& texts) {
    std::size_t length = 0;
    for (const std::string& text : texts) length = std::max(length, text.size());
    return length;
  };
  const std::size_t name_width = std::max<std::size_t>(8, longest(names));
  const std::size_t width = std::max(longest(titles), longest(cells)) + kLeastGap;
  const std::size_t n_columns = std::max<std::size_t>(1, (kTextWidth - std::min(kTextWidth, name_width)) / width);
  std::string text;
  for (std::size_t first = 0; first < n_intervals; first += n_columns) {
    const std::size_t end = std::min(first + n_columns, n_intervals);
    text += fmt::format("{:>{}}", "l", name_width);
    for (std::size_t k = first; k < end; ++k) text += fmt::format("{:>{}}", titles[k], width);
    text += fmt::format("\n{}\n", std::string(name_width + width * (end - first), '-'));
    for (std::size_t l = 0; l < report.radius.size(); ++l) {
      text += fmt::format("{:>{}}", names[l], name_width);
      for (std::size_t k = first; k < end; ++k) text += fmt::format("{:>{}}", cells[l * n_intervals + k], width);
      text += '\n';
    }
  }
  return text;
}

// A column of the (L, K) entries.
template <class Get>
auto entries(Get get) {
  return [get](const SweepLoss& loss) {
    std::vector<decltype(stored(get(loss.entries.front())))> values;
    for (const SweepEntry& entry : loss.entries) values.push_back(stored(get(entry)));
    return values;
  };
}

std::vector<double> interval_bounds(const SweepLoss& loss) {
  std::vector<double> bounds;
  for (const SweepEntry& entry : loss.entries) {
    for (const double bound : stored(entry.interval)) bounds.push_back(bound);
  }
  return bounds;
}

ResultTable<SweepLoss> sweep_table(const RunConfig& config) {
  const BootstrapOptions bootstrap = bootstrap_options(config);
  const SweepGrid grid = sweep_grid(config.sweep_radius, config.sweep_intervals);
  const auto n_steps = static_cast<std::int64_t>(grid.steps.size()), n_separate = grid.n_separate;
  const auto n_radius = static_cast<std::int64_t>(config.sweep_radius.size());
  const auto n_intervals = static_cast<std::int64_t>(config.sweep_intervals.size());
  const auto constant = [](auto value) { return [value](const SweepLoss&) { return value; }; };
  const std::vector<std::int64_t> shape{n_radius, n_intervals};
  ResultTable<SweepLoss> table(
      "RI on the even grid of m intervals on [-l, l], for every half-width l and every m; NaN where undefined");
  table.add_text("stability", kStabilityCapacity, "what the numbers in stable mean", constant(std::string(kStability)));
  table.add("confidence", "1", "confidence of the intervals", constant(bootstrap.confidence));
  table.add_text("interval_method", kMethodCapacity, "--interval", constant(to_string(bootstrap.method)));
  table.add("bootstrap_resamples", "1", "resamples of an interval", constant(bootstrap.resamples));
  table.add("bootstrap_seed", "1", "seed of the resampling", constant(bootstrap.seed));
  table.add("directions", "1", "number of directions M", &SweepLoss::n_directions);
  table.add("steps", "1", "distinct steps of all grids together", constant(n_steps));
  table.add("steps_if_separate", "1", "steps of all grids, were nothing shared", constant(n_separate));
  table.add("evaluation_seconds", "s", "time of the evaluation, mean over ranks", &SweepLoss::evaluation_seconds);
  table.add("radius", "step", "half-widths l", "(L)", {n_radius}, constant(config.sweep_radius));
  table.add("intervals", "1", "numbers of intervals m", "(K)", {n_intervals}, constant(config.sweep_intervals));
  table.add("index", "1", "RI, NaN where undefined", "(L, K)", shape,
            entries([](const SweepEntry& entry) { return entry.index.index; }));
  table.add("interval", "1", "lower and upper bound of RI", "(L, K, 2)", {n_radius, n_intervals, 2}, interval_bounds);
  table.add("mean", "1 / step", "mean T", "(L, K)", shape,
            entries([](const SweepEntry& entry) { return entry.index.mean; }));
  table.add("resolution", "1", "the RI that rounded losses alone can make", "(L, K)", shape,
            entries([](const SweepEntry& entry) { return entry.index.index ? entry.resolution : kUndefined; }));
  table.add("used", "1", "usable directions", "(L, K)", shape,
            entries([](const SweepEntry& entry) { return entry.index.n_used; }));
  table.add("unresolved", "1", "directions left out at rounding level", "(L, K)", shape,
            entries([](const SweepEntry& entry) { return entry.index.n_unresolved; }));
  table.add("stable", "1", "see stability", "(L, K)", shape,
            entries([](const SweepEntry& entry) { return static_cast<std::int64_t>(entry.stability); }));
  return table;
}

}  // namespace

void settle_sweep(RunConfig& config) {
  config.grid = ProfileGrid{};
  if (config.sweep_radius.empty()) config.sweep_radius = {0.01, 0.02, 0.1, 1.0};
  if (config.sweep_intervals.empty()) config.sweep_intervals = {10, 20, 50, 100, 200};
  sweep_grid(config.sweep_radius, config.sweep_intervals);
}

bool agree(const SweepEntry& a, const SweepEntry& b) {
  if (a.is_zero() || b.is_zero()) return a.is_zero() && b.is_zero();
  return lies_in(a.index.index, b.interval) && lies_in(b.index.index, a.interval);
}

void judge_stability(std::span<SweepEntry> entries) {
  if (entries.size() < 2) return;
  const auto stability = [](bool stable) { return stable ? Stability::stable : Stability::unstable; };
  const std::size_t last = entries.size() - 1;
  for (std::size_t k = 0; k < last; ++k) {
    entries[k].stability = stability(std::all_of(entries.begin() + static_cast<std::ptrdiff_t>(k) + 1, entries.end(),
                                                 [&](const SweepEntry& finer) { return agree(entries[k], finer); }));
  }
  entries[last].stability = stability(agree(entries[last], entries[last - 1]));
}

SweepEntries sweep_entries(const Rows& rows, const RunConfig& config, LossKind loss, const SweepGrid& grid,
                           std::string_view of_what) {
  const std::string block = profile_group(loss);
  if (rows.axis(block) != grid.steps)
    throw Error(fmt::format("{} is damaged: its steps are not those of {}.", rows.source(), of_what));
  DiagnosticsOptions options;
  options.loss_error = loss_error(rows, config, loss);
  std::vector<std::vector<ProfileDiagnostics>> profiles(grid.positions.size());
  std::vector<double> losses, steps;
  SweepEntries found;
  found.n_damaged = rows.for_each(block, [&](std::span<const double> row, bool intact) {
    for (std::size_t i = 0; i < grid.positions.size(); ++i) {
      losses.clear();
      steps.clear();
      for (const std::size_t at : grid.positions[i]) {
        losses.push_back(row[at]);
        steps.push_back(grid.steps[at]);
      }
      const std::vector<std::uint8_t> complete(steps.size(), intact ? 1 : 0);
      profiles[i].push_back(diagnose_profile(losses, steps, complete, options));
    }
  });
  for (const std::vector<ProfileDiagnostics>& of_grid : profiles) {
    const IndexEstimate estimate = estimate_index(of_grid, config);
    found.entries.push_back({estimate.index, estimate.interval, estimate.resolution.value_or(0.0)});
  }
  return found;
}

SweepReport reduce_sweep(const Rows& rows, const RunConfig& config) {
  SweepReport report;
  report.radius = config.sweep_radius;
  report.intervals = config.sweep_intervals;
  report.bootstrap = bootstrap_options(config);
  validate(report.bootstrap);
  const SweepGrid grid = sweep_grid(config.sweep_radius, config.sweep_intervals);
  report.n_steps = static_cast<std::int64_t>(grid.steps.size());
  report.n_separate = grid.n_separate;
  report.unmeasured = unmeasured_text(config);
  const std::size_t n_intervals = report.intervals.size();
  for (const LossKind loss : profile_losses(rows)) {
    SweepEntries found = sweep_entries(rows, config, loss, grid, "its sweep");
    SweepLoss& result = report.losses.emplace_back();
    result.loss = loss;
    result.n_directions = rows.n_rows(profile_group(loss));
    result.n_damaged = found.n_damaged;
    result.entries = std::move(found.entries);
    for (std::size_t l = 0; l < report.radius.size(); ++l)
      judge_stability(std::span(result.entries).subspan(l * n_intervals, n_intervals));
    result.evaluation_seconds = rows.seconds(profile_group(loss));
  }
  return report;
}

std::string sweep_group(LossKind loss) { return "sweep/" + to_string(loss); }

std::vector<ResultGroup> sweep_results(const RunConfig& config, const SweepReport* report) {
  std::vector<ResultGroup> groups;
  const ResultTable<SweepLoss> table = sweep_table(config);
  for (const LossKind loss : config.losses) {
    const SweepLoss* source = nullptr;
    if (report != nullptr) {
      const auto found = std::find_if(report->losses.begin(), report->losses.end(),
                                      [&](const SweepLoss& of) { return of.loss == loss; });
      source = &*found;
    }
    groups.push_back(table.group(sweep_group(loss), source));
  }
  return groups;
}

std::string sweep_text(const SweepReport& report) {
  std::string text;
  for (const SweepLoss& loss : report.losses) {
    text += fmt::format("{}Deep {}: RI by half-width l and number of intervals m, {} directions\n",
                        text.empty() ? "" : "\n", loss.loss == LossKind::ritz ? "Ritz" : "Galerkin",
                        count_text(loss.n_directions));
    text += table_of(report, loss);
    std::int64_t fewest = loss.n_directions;
    for (const SweepEntry& entry : loss.entries) fewest = std::min(fewest, entry.index.n_used);
    if (fewest < loss.n_directions)
      text += fmt::format("Some entries rest on fewer directions, one on {}: see `used` in the file.\n", fewest);
    if (loss.n_damaged > 0)
      text += fmt::format("{} directions do not match their checksum; --resume computes them again.\n", loss.n_damaged);
  }
  text += fmt::format(
      "\nIn brackets: relative half-width of the {:g} % interval. * stable: the index and that of every\n"
      "finer m (of the finest: of the next coarser) lie in each other's interval.\n",
      100.0 * report.bootstrap.confidence);
  if (!report.unmeasured.empty()) text += wrapped(report.unmeasured, 98);
  return text;
}

std::string sweep_title(const RunConfig& config) {
  const SweepGrid grid = sweep_grid(config.sweep_radius, config.sweep_intervals);
  return fmt::format("half-widths {:g} with {} intervals: {} distinct steps of {}",
                     fmt::join(config.sweep_radius, ", "), fmt::join(config.sweep_intervals, ", "),
                     count_text(static_cast<std::int64_t>(grid.steps.size())), count_text(grid.n_separate));
}

}  // namespace landscape
