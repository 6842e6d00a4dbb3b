// Cells, lines and tables around roughness/convergence.hpp, which knows the statistics.
#include "landscape/analysis/convergence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "landscape/analysis/profiles.hpp"
#include "landscape/config/text.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

constexpr std::size_t kOutcomeCapacity = 16;

WidthVerdict verdict_of(const Report& report) { return judge_widths(widths(report), report.stopping->until_ci); }

std::int64_t n_directions_of(const Report& report) { return report.losses.front().index.n_directions; }

std::string outcome_text(const Report& report) {
  if (!report.stopping) return "not asked";
  switch (verdict_of(report)) {
    case WidthVerdict::reached:
      return "reached";
    case WidthVerdict::hopeless:
      return "undefined";
    case WidthVerdict::wanting:
      break;
  }
  return "not reached";
}

double widest_half_width(const Report& report) {
  double widest = kUndefined;
  for (const IndexWidth& loss : widths(report)) {
    const double half_width = or_undefined(loss.half_width());
    if (!(half_width <= widest)) widest = half_width;
  }
  return widest;
}

// Only of a job that was stopped, or of damaged rows, fewer than all.
std::int64_t n_first_complete(const LossReport& loss) {
  const auto missing = std::find_if(loss.profiles.begin(), loss.profiles.end(), [](const ProfileDiagnostics& profile) {
    return profile.status == DirectionStatus::incomplete;
  });
  return missing - loss.profiles.begin();
}

std::string curve_cell(const CurvePoint& point) {
  std::string index = point.index ? fmt::format("{:.4g}", *point.index) : "undefined";
  if (!point.interval) return index;
  return fmt::format("{}  {:>18}", index,
                     fmt::format("{:.4g} .. {:.4g}", point.interval->lower, point.interval->upper));
}

}  // namespace

std::string curve_group(LossKind loss) { return result_group(loss) + "/curve"; }

ResultTable<LossReport> curve_table(std::int64_t n_directions) {
  const auto n = static_cast<std::int64_t>(curve_counts(n_directions).size());
  const auto column = [](auto get) {
    return [get](const LossReport& loss) {
      std::vector<decltype(stored(get(loss.curve.front())))> values;
      for (const CurvePoint& point : loss.curve) values.push_back(stored(get(point)));
      return values;
    };
  };
  ResultTable<LossReport> table(
      "the index of the first `directions` directions, with its interval as of the whole: does M suffice?");
  table.add("directions", "1", "number of first directions M_c", "(C)", {n},
            column([](const CurvePoint& point) { return point.n_directions; }));
  table.add("used", "1", "usable ones among them", "(C)", {n},
            column([](const CurvePoint& point) { return point.n_used; }));
  table.add("index", "1", "RI of the first M_c directions, NaN where undefined", "(C)", {n},
            column([](const CurvePoint& point) { return point.index; }));
  table.add("interval", "1", "lower and upper bound of RI, NaN where undefined", "(C, 2)", {n, 2},
            [](const LossReport& loss) {
              std::vector<double> bounds;
              for (const CurvePoint& point : loss.curve) {
                for (const double bound : stored(point.interval)) bounds.push_back(bound);
              }
              return bounds;
            });
  return table;
}

ResultTable<Report> stopping_table() {
  ResultTable<Report> table(
      "--until-ci adds directions until (upper - lower) / (2 index) of every loss's interval is at most until_ci");
  table.add("until_ci", "1", "the half-width asked for with --until-ci, NaN: not asked",
            [](const Report& report) { return report.stopping ? report.stopping->until_ci : kUndefined; });
  table.add("max_directions", "1", "--max-directions, 0: not asked",
            [](const Report& report) { return report.stopping ? report.stopping->max_directions : std::int64_t{0}; });
  table.add_text("outcome", kOutcomeCapacity, "reached, not reached, undefined or not asked", outcome_text);
  table.add("half_width", "1", "the largest (upper - lower) / (2 index), NaN where one is undefined",
            widest_half_width);
  return table;
}

std::vector<IndexWidth> widths(const Report& report) {
  std::vector<IndexWidth> all;
  for (const LossReport& loss : report.losses) {
    all.push_back(
        {loss.index.index, loss.interval, loss.resolution.value_or(0.0), loss.index.n_directions, loss.index.n_used});
  }
  return all;
}

std::int64_t directions_to_go_on_with(const Report& report) {
  if (!report.stopping || verdict_of(report) != WidthVerdict::wanting) return 0;
  const std::int64_t n = n_directions_of(report), next = next_count(n, report.stopping->max_directions);
  return next > n ? next : 0;
}

std::string half_widths_text(const Report& report) {
  std::string text;
  const std::vector<IndexWidth> all = widths(report);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::optional<double> half_width = all[i].half_width();
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", title(report.losses[i].loss),
                        half_width ? fmt::format("{:.3g} %", 100.0 * *half_width) : "undefined");
  }
  return text;
}

std::string curve_text(const Report& report) {
  if (report.losses.empty() || report.losses.front().curve.size() < 2) return "";
  std::int64_t most = 0;
  for (const LossReport& loss : report.losses) most = std::max(most, n_first_complete(loss));
  if (most < report.losses.front().curve.front().n_directions) return "";
  std::string text =
      fmt::format("\nRI of the first M directions, {:g} % intervals\n{:>10}", 100.0 * report.confidence, "M");
  for (const LossReport& loss : report.losses) text += fmt::format("{:>36}", "Deep " + title(loss.loss));
  text += '\n';
  for (std::size_t i = 0; i < report.losses.front().curve.size(); ++i) {
    const std::int64_t n = report.losses.front().curve[i].n_directions;
    if (n > most) break;
    text += fmt::format("{:>10}", count_text(n));
    for (const LossReport& loss : report.losses)
      text += fmt::format("{:>36}", n > n_first_complete(loss) ? "not done" : curve_cell(loss.curve[i]));
    text += '\n';
  }
  return text;
}

std::string stopping_text(const Report& report) {
  if (!report.stopping) return "";
  const std::string n = count_text(n_directions_of(report));
  const std::string bound = fmt::format("{:.3g} %", 100.0 * report.stopping->until_ci);
  switch (verdict_of(report)) {
    case WidthVerdict::reached:
      return fmt::format("Reached the relative half-width {} with {} directions: {}.", bound, n,
                         half_widths_text(report));
    case WidthVerdict::hopeless:
      return fmt::format(
          "The relative half-width {} was not pursued beyond {} directions: the index is zero or undefined.", bound, n);
    case WidthVerdict::wanting:
      break;
  }
  std::string text =
      fmt::format("Relative half-width {} not reached with {} directions: {}; ", bound, n, half_widths_text(report));
  const std::string& given = report.stopping->directions_from;
  const std::string most = count_text(report.stopping->max_directions);
  if (given.empty()) return text + fmt::format("raise --max-directions ({}).", most);
  return text + fmt::format("give more directions than '{}' holds, or raise --max-directions ({}) if it holds more.",
                            given, most);
}

}  // namespace landscape
