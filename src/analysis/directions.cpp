// Kinds of directions: settings, numbers, groups of the file, the page.
#include "landscape/analysis/directions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "landscape/analysis/index_results.hpp"
#include "landscape/analysis/point_set_results.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/hessian/made_directions.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kDefaultSpan = 5;
constexpr const char* kLine = "{:<9} {:>9} {:>23} {:>9} {:>10} {:>22} {:>10}\n";

LossKind other_loss(LossKind loss) { return loss == LossKind::ritz ? LossKind::galerkin : LossKind::ritz; }

std::string name_in_file(const DirectionKind& kind) {
  std::string name = to_string(kind);
  std::ranges::replace(name, ':', '_');
  return name;
}

void require_kind(const RunConfig& config, const DirectionKind& kind, std::int64_t n) {
  const std::string name = "--direction-kind " + to_string(kind);
  if (kind.needs_span() && n > static_cast<std::int64_t>(kLargestSpan)) {
    throw UsageError(fmt::format("{} takes the Hessian of {} parameters apart, and {} are the most: leave it out.",
                                 name, count_text(n), count_text(kLargestSpan)));
  }
  const std::int64_t most = kind.family == DirectionFamily::bulk ? n - 1 : n;
  if (kind.needs_span() && kind.k > most) {
    throw UsageError(fmt::format("{} is more eigenvectors than the {} parameters leave{}: give {} at most.", name, n,
                                 kind.family == DirectionFamily::bulk ? " directions without them" : "", most));
  }
  if (kind.family == DirectionFamily::towards && config.losses.size() < 2) {
    throw UsageError(fmt::format("{} needs the minimizers of both losses: {}.", name,
                                 has_loss(config.problem, LossKind::ritz)
                                     ? "drop --losses, or leave it out"
                                     : "leave it out, as the problem has no Ritz loss"));
  }
}

KindReport reduce_kind(const Rows& rows, const RunConfig& config, LossKind loss, const DirectionKind& kind,
                       const DiagnosticsOptions& options) {
  const std::string block = kind_profile_group(loss, kind);
  const std::vector<double> steps = rows.axis(block);
  const std::vector<std::uint8_t> nothing(steps.size(), 0);
  KindReport report;
  report.kind = kind;
  report.highest_end = -INFINITY;
  report.n_damaged = rows.for_each(block, [&](std::span<const double> row, bool intact) {
    const auto complete = intact ? std::span<const std::uint8_t>() : std::span(nothing);
    report.profiles.push_back(diagnose_profile(row, steps, complete, options));
    if (report.profiles.back().status == DirectionStatus::usable)
      report.highest_end = std::max({report.highest_end, row.front(), row.back()});
  });
  if (!std::isfinite(report.highest_end)) report.highest_end = kUndefined;
  static_cast<IndexEstimate&>(report) = estimate_index(report.profiles, config);
  report.curvature = mean_curvature(report.profiles, bootstrap_options(config));
  const Minimizer minimizer = rows.minimizer(to_string(loss));
  report.length =
      DirectionSet(minimizer.spec, minimizer.theta, config.direction_seed, config.norm, config.bias).typical_length();
  if (kind.family == DirectionFamily::towards) {
    const std::vector<double> other = rows.minimizer(to_string(other_loss(loss))).theta;
    double square = 0.0;
    for (std::size_t p = 0; p < other.size(); ++p) square += std::pow(other[p] - minimizer.theta[p], 2);
    report.other_at = std::sqrt(square) / report.length;
  }
  report.seconds = rows.seconds(block);
  return report;
}

ResultTable<KindReport> kind_table(const RunConfig& config, const DirectionKind& kind) {
  using K = KindReport;
  ResultTable<K> table(
      "RI = std(T; ddof = 1) / mean(T) over the usable directions of one kind, T the normalised total variation of a "
      "profile; NaN where undefined, as of a single direction, which has T alone");
  add_index(table);
  add_directions(table);
  table.add("mean_curvature", "loss / step^2", "mean f'' at the step nearest s = 0",
            [](const K& r) { return r.curvature.mean; });
  table.add("mean_curvature_interval", "loss / step^2", "lower and upper bound of mean_curvature",
            [](const K& r) { return r.curvature.interval; });
  table.add("highest_end", "loss", "the greatest loss at an end of a usable profile", &K::highest_end);
  table.add("length", "1",
            "sqrt(E |d|^2) of random directions, to which top, bulk, gradient, adam and towards are scaled",
            &K::length);
  if (kind.family == DirectionFamily::towards)
    table.add("other_at", "step", "where the other loss's minimizer lies", &K::other_at);
  table.add("bootstrap_resamples", "1", "resamples of the intervals", [=](const K&) { return config.bootstrap; });
  table.add("bootstrap_seed", "1", "seed of the resampling", [=](const K&) { return config.seed; });
  table.add("evaluation_seconds", "s", "time of the evaluation, mean over ranks", &K::seconds);
  return table;
}

template <class Interval>
std::string range_text(const std::optional<Interval>& interval) {
  return interval ? fmt::format("{:.3g} .. {:.3g}", interval->lower, interval->upper) : "undefined";
}

bool rests_on_few(const KindReport& kind) { return kind.interval && kind.interval->rests_on_few && !kind.is_zero(); }

std::string interval_text(const KindReport& kind) {
  if (kind.kind.is_single()) return "one direction";
  if (kind.is_zero()) return "rounding";
  return range_text(kind.interval) + (rests_on_few(kind) ? " (*)" : "");
}

std::string kind_line(const KindReport& kind) {
  const bool single = kind.kind.is_single();
  return fmt::format(fmt::runtime(kLine), to_string(kind.kind), single ? "-" : number_or_undefined(kind.index.index),
                     interval_text(kind), number_or_undefined(kind.index.mean),
                     number_or_undefined(kind.curvature.mean), single ? "-" : range_text(kind.curvature.interval),
                     defined_text(kind.highest_end, "{:.4g}"));
}

// What the table does not show of a kind.
std::string kind_notes(LossKind loss, const KindReport& kind) {
  std::string text;
  const RoughnessIndex& index = kind.index;
  if (index.n_used < index.n_directions) {
    text +=
        fmt::format("{}: {} of {} directions are usable: {} flat, {} at rounding level, {} not finite, {} not done.\n",
                    to_string(kind.kind), index.n_used, index.n_directions, index.n_flat, index.n_unresolved,
                    index.n_non_finite, index.n_incomplete);
  }
  if (kind.is_zero())
    text += fmt::format("{}: RI is zero to rounding, which can make {:.1g}.\n", to_string(kind.kind), *kind.resolution);
  if (kind.other_at)
    text += fmt::format("towards: the minimizer {} lies at s = {:.4g}.\n", to_string(other_loss(loss)), *kind.other_at);
  if (kind.n_damaged > 0)
    text += fmt::format("{}: {} directions do not match their checksum; --resume computes them again.\n",
                        to_string(kind.kind), kind.n_damaged);
  return text;
}

}  // namespace

void settle_directions(RunConfig& config) {
  const auto n = static_cast<std::int64_t>(ParameterLayout(config.network).size());
  std::vector<DirectionKind>& kinds = config.direction_kinds;
  if (kinds.empty()) {
    using enum DirectionFamily;
    kinds.push_back({random});
    const std::int64_t k = std::min(kDefaultSpan, n - 1);
    if (k > 0 && n <= static_cast<std::int64_t>(kLargestSpan)) kinds.insert(kinds.end(), {{top, k}, {bulk, k}});
    kinds.insert(kinds.end(), {{gradient}, {adam}});
    if (config.losses.size() == 2) kinds.push_back({towards});
    kinds.push_back({worst});
  }
  for (const DirectionKind& kind : kinds) require_kind(config, kind, n);
  if (std::ranges::all_of(kinds, &DirectionKind::is_single)) config.n_directions = 1;
}

std::string kind_profile_group(LossKind loss, const DirectionKind& kind) {
  return profile_group(loss) + "/" + name_in_file(kind);
}

std::string kind_group(LossKind loss, const DirectionKind& kind) {
  return "directions/" + to_string(loss) + "/" + name_in_file(kind);
}

double farther_end(const ProfileGrid& grid) { return grid.max >= -grid.min ? grid.max : grid.min; }

std::string scaling_text(const RunConfig& config, const DirectionKind& kind) {
  const std::string drawn = fmt::format("norm {}, bias {}", to_string(config.norm), to_string(config.bias));
  switch (kind.family) {
    case DirectionFamily::random:
      return drawn;
    case DirectionFamily::worst:
      return "within the ball of " + drawn;
    default:
      return "the length of random directions, " + drawn;
  }
}

std::vector<KindsOfLoss> reduce_directions(const Rows& rows, const RunConfig& config) {
  validate(bootstrap_options(config));
  std::vector<KindsOfLoss> losses;
  for (const LossKind loss : config.losses) {
    DiagnosticsOptions options;
    options.interval_length = config.grid.length();
    options.loss_error = loss_error(rows, config, loss);
    KindsOfLoss& of_loss = losses.emplace_back();
    of_loss.loss = loss;
    for (const DirectionKind& kind : config.direction_kinds)
      of_loss.kinds.push_back(reduce_kind(rows, config, loss, kind, options));
  }
  return losses;
}

std::vector<ResultGroup> directions_results(const RunConfig& config, const std::vector<KindsOfLoss>* losses) {
  std::vector<ResultGroup> groups;
  for (std::size_t i = 0; i < config.losses.size(); ++i) {
    for (std::size_t k = 0; k < config.direction_kinds.size(); ++k) {
      const DirectionKind& kind = config.direction_kinds[k];
      groups.push_back(
          kind_table(config, kind)
              .group(kind_group(config.losses[i], kind), losses != nullptr ? &(*losses)[i].kinds[k] : nullptr));
    }
  }
  return groups;
}

std::vector<RowValues> kind_columns(const KindReport& kind) {
  std::vector<double> total_variation, curvature;
  for (const ProfileDiagnostics& profile : kind.profiles) {
    total_variation.push_back(profile.status == DirectionStatus::usable ? profile.total_variation : kUndefined);
    curvature.push_back(or_undefined(profile.curvature));
  }
  return {{"total_variation", total_variation}, {"curvature", curvature}};
}

std::string directions_report(const RunConfig& config, const std::vector<KindsOfLoss>& losses) {
  std::string text;
  bool few = false;
  for (const KindsOfLoss& of_loss : losses) {
    const std::string caption = fmt::format(
        "{}Deep {}: RI by kind of direction, {} directions a kind, {:g} % intervals\n", text.empty() ? "" : "\n",
        title(of_loss.loss), count_text(config.n_directions), 100.0 * config.confidence);
    const std::string head =
        fmt::format(fmt::runtime(kLine), "kind", "RI", "interval", "mean T", "mean f''", "interval", "end f");
    text += caption + head + std::string(head.size() - 1, '-') + '\n';
    for (const KindReport& kind : of_loss.kinds) text += kind_line(kind);
    for (const KindReport& kind : of_loss.kinds) {
      text += kind_notes(of_loss.loss, kind);
      few = few || rests_on_few(kind);
    }
  }
  text += '\n';
  const double length = losses.empty() ? 0.0 : losses.front().kinds.front().length;
  std::string lengths = fmt::format("{:.4g}", length);
  if (losses.size() > 1) lengths += fmt::format(" and {:.4g}", losses.back().kinds.front().length);
  text +=
      wrapped(fmt::format("Random directions have the norm {} and bias {}; worst is of their ball; all others are as "
                          "they are, scaled to their length {}. f'': curvature at s = 0. end f: the greatest loss at "
                          "an end of a profile. A kind of one direction has T and no index.",
                          to_string(config.norm), to_string(config.bias), lengths),
              kTextWidth);
  if (few)
    text += wrapped("(*) few directions carry the variance, so the interval may be too short: use more --directions.",
                    kTextWidth);
  if (const std::string unmeasured = unmeasured_text(config); !unmeasured.empty())
    text += wrapped(unmeasured, kTextWidth);
  return text;
}

}  // namespace landscape
