// From the rows of paths to barriers, medians and the comparison of the losses.
#include "landscape/analysis/connectivity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "landscape/analysis/index_results.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/backend/loss_rounding.hpp"
#include "landscape/backend/solution_measure.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/roughness/barrier.hpp"
#include "landscape/roughness/diagnostics.hpp"

namespace landscape {
namespace {

std::size_t n_pairs_of(const RunConfig& config) { return minimizer_pairs(config).size(); }

// ---- from rows

/// The rows of one block, those that are not intact undefined; counts damaged ones.
std::vector<double> read_block(const Rows& rows, const std::string& group, LossConnectivity& report) {
  std::vector<double> values;
  report.n_damaged += rows.for_each(group, [&](std::span<const double> row, bool intact) {
    for (const double value : row) values.push_back(intact ? value : kUndefined);
  });
  report.seconds += rows.seconds(group);
  return values;
}

/// Rows of parameters and quantities.
struct ParameterRows {
  std::vector<double> values;
  std::size_t n_rows = 0, n = 0;  // n parameters at the beginning of each

  std::size_t width() const { return values.size() / n_rows; }
  std::span<const double> parameters(std::size_t row) const { return std::span(values).subspan(row * width(), n); }
  std::vector<double> quantity(std::size_t number) const {
    std::vector<double> column;
    for (std::size_t row = 0; row < n_rows; ++row) column.push_back(values[row * width() + n + number]);
    return column;
  }
};

double distance_of(std::span<const double> a, std::span<const double> b) {
  double squares = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (b[i] - a[i]) * (b[i] - a[i]);
  return std::sqrt(squares);
}

// No barrier is below zero, and neither is their median.
PairMedian median_of_barriers(const RunConfig& config, std::span<const double> barriers,
                              const std::vector<MinimizerPair>& pairs) {
  PairMedian found =
      pair_median(barriers, pairs, static_cast<std::size_t>(config.connectivity.seeds), bootstrap_options(config));
  if (found.interval) found.interval->lower = std::max(0.0, found.interval->lower);
  return found;
}

PathReport reduce_path(const Rows& rows, const RunConfig& config, PathKind kind,
                       const std::vector<MinimizerPair>& pairs, const math::LossError<double>& error,
                       LossConnectivity& loss) {
  PathReport report;
  report.kind = kind;
  const std::vector<double> t = path_points(config);
  const std::vector<double> values = read_block(rows, paths_group(loss.loss, kind), loss);
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const std::span<const double> losses = std::span(values).subspan(p * t.size(), t.size());
    const PathBarrier barrier = path_barrier(t, losses);
    report.barrier.push_back(barrier.height);
    report.at.push_back(barrier.at);
    report.scaled.push_back(barrier.height / loss.scale);
    if (std::isfinite(barrier.height))
      report.resolution = std::max(report.resolution, barrier_rounding(losses, error) / loss.scale);
  }
  report.median_barrier = median_of_barriers(config, report.barrier, pairs);
  report.median_scaled = median_of_barriers(config, report.scaled, pairs);
  return report;
}

// Near minimizers of one network and problem rounding is alike: one of them stands for all.
math::LossError<double> error_at_minimizers(const RunConfig& config, LossKind loss, const ParameterRows& minimizers) {
  for (std::size_t k = 0; k < minimizers.n_rows; ++k) {
    const std::span<const double> theta = minimizers.parameters(k);
    if (is_finite(theta)) return loss_rounding(config.network, config.problem, loss, theta, profile_points(config));
  }
  return {};
}

LossConnectivity reduce_loss(const Rows& rows, const RunConfig& config, LossKind loss,
                             const std::vector<MinimizerPair>& pairs) {
  LossConnectivity report;
  report.loss = loss;
  report.scale = loss_scale(loss, config.problem, config.network.dimension);
  const std::size_t n = ParameterLayout(config.network).size();
  const ParameterRows minimizers{read_block(rows, minimizers_group(loss), report),
                                 static_cast<std::size_t>(config.connectivity.seeds), n};
  const ParameterRows matched{read_block(rows, matched_group(loss), report), pairs.size(), n};
  for (std::size_t q = 0; q < report.minimizers.size(); ++q) report.minimizers[q] = minimizers.quantity(q);
  const std::vector<RowState> states = rows.row_states(minimizers_group(loss));
  for (std::size_t k = 0; k < minimizers.n_rows; ++k)
    report.n_failed += states[k] == RowState::intact && !is_finite(minimizers.parameters(k)) ? 1 : 0;
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const std::span<const double> first = minimizers.parameters(pairs[p].first);
    report.distance.push_back(distance_of(first, minimizers.parameters(pairs[p].second)));
    report.matched_distance.push_back(distance_of(first, matched.parameters(p)));
  }
  const math::LossError<double> error = error_at_minimizers(config, loss, minimizers);
  for (const PathKind kind : path_kinds(config)) {
    PathReport& path = report.paths.emplace_back(reduce_path(rows, config, kind, pairs, error, report));
    if (!kind.is_curve) continue;
    const ParameterRows curves{read_block(rows, curves_group(loss, kind.is_matched), report), pairs.size(), n};
    for (std::size_t q = 0; q < path.curve.size(); ++q) path.curve[q] = curves.quantity(q);
    const std::vector<double>& at_limit = path.curve[static_cast<std::size_t>(CurveQuantity::at_limit)];
    path.n_at_limit = std::ranges::count(at_limit, 1.0);
  }
  return report;
}

// ---- Ritz against Galerkin

std::string path_words(PathKind kind) {
  return fmt::format("{} path{}", kind.is_curve ? "curved" : "straight", kind.is_matched ? " after matching" : "");
}

std::string comparison_sentence(const PairedBarriers& paired, bool both_zero, double confidence) {
  if (!paired.difference.median) return fmt::format("On the {} no pair has both barriers.", path_words(paired.kind));
  if (both_zero) {
    return fmt::format("On the {} neither loss has a barrier that is more than rounding.", path_words(paired.kind));
  }
  std::string verdict = "cannot be told apart";
  std::string interval = "no interval of fewer than five minimizers";
  if (const auto& bounds = paired.difference.interval) {
    if (bounds->lower > 0.0) verdict = "differ, those of Ritz being higher";
    if (bounds->upper < 0.0) verdict = "differ, those of Galerkin being higher";
    interval = fmt::format("{:g} % interval {:.3g} to {:.3g}", 100.0 * confidence, bounds->lower, bounds->upper);
  }
  return fmt::format(
      "On the {} the scaled barriers of both losses {}: median of Ritz - Galerkin {:.3g}, {}, and "
      "Ritz is higher in {} of {} pairs.",
      path_words(paired.kind), verdict, *paired.difference.median, interval, paired.n_ritz_higher,
      paired.difference.n_pairs);
}

std::vector<PairedBarriers> compare_losses(const RunConfig& config, const ConnectivityReport& report) {
  std::vector<PairedBarriers> comparison;
  if (report.losses.size() < 2) return comparison;
  const auto of = [&](LossKind loss) { return std::ranges::find(report.losses, loss, &LossConnectivity::loss); };
  const LossConnectivity &ritz = *of(LossKind::ritz), &galerkin = *of(LossKind::galerkin);
  for (std::size_t i = 0; i < ritz.paths.size(); ++i) {
    const PathReport &a = ritz.paths[i], &b = galerkin.paths[i];
    PairedBarriers& paired = comparison.emplace_back();
    paired.kind = a.kind;
    std::vector<double> difference;
    for (std::size_t p = 0; p < a.scaled.size(); ++p) {
      difference.push_back(a.scaled[p] - b.scaled[p]);
      paired.n_ritz_higher += difference.back() > 0.0 ? 1 : 0;
      paired.n_galerkin_higher += difference.back() < 0.0 ? 1 : 0;
    }
    paired.difference = pair_median(difference, report.pairs, static_cast<std::size_t>(config.connectivity.seeds),
                                    bootstrap_options(config));
    paired.sentence = comparison_sentence(paired, a.is_zero() && b.is_zero(), config.confidence);
  }
  return comparison;
}

// ---- in the file

/// The median that `get` takes of the source, and its interval.
template <class Source>
void add_median(ResultTable<Source>& table, const std::string& name, const std::string& what,
                PairMedian (*get)(const Source&)) {
  table.add(name, "1", "median over the pairs of " + what, [get](const Source& source) { return get(source).median; });
  table.add(name + "_interval", "1", "its interval: minimizers are resampled, not pairs",
            [get](const Source& source) { return get(source).interval; });
}

ResultTable<LossConnectivity> loss_table(const RunConfig& config) {
  using L = LossConnectivity;
  const std::vector<MinimizerPair> pairs = minimizer_pairs(config);
  const auto n = static_cast<std::int64_t>(pairs.size()), k = config.connectivity.seeds;
  const BootstrapOptions bootstrap = bootstrap_options(config);
  const auto constant = [](auto value) { return [value](const L&) { return value; }; };
  ResultTable<L> table("minimizers K of one loss, trained from K seeds, and pairs N of them");
  table.add("scale", "1", "loss of u = 0 minus that of u*, absolute: what scaled barriers are divided by", &L::scale);
  table.add("confidence", "1", "confidence of the intervals", constant(bootstrap.confidence));
  table.add("bootstrap_resamples", "1", "resamples of the minimizers", constant(bootstrap.resamples));
  table.add("bootstrap_seed", "1", "their seed", constant(bootstrap.seed));
  table.add("failed", "1", "trainings that came to a loss that is not finite", &L::n_failed);
  table.add("evaluation_seconds", "s", "time of trainings, curves and losses, mean over ranks", &L::seconds);
  const auto numbers_of = [&](std::size_t MinimizerPair::*member) {
    std::vector<std::int64_t> numbers;
    for (const MinimizerPair& pair : pairs) numbers.push_back(static_cast<std::int64_t>(pair.*member));
    return numbers;
  };
  table.add("first", "1", "minimizer i of a pair, from 0", "(N)", {n}, constant(numbers_of(&MinimizerPair::first)));
  table.add("second", "1", "minimizer j of a pair", "(N)", {n}, constant(numbers_of(&MinimizerPair::second)));
  table.add("distance", "1", "|theta_j - theta_i|", "(N)", {n}, &L::distance);
  table.add("matched_distance", "1", "the same with the matched theta_j", "(N)", {n}, &L::matched_distance);
  constexpr std::array<std::array<const char*, 2>, static_cast<std::size_t>(kMinimizerQuantities)> kNames{
      {{"loss", "loss of a minimizer, with a quadrature that is as good as exact"},
       {"loss_error", "its uncertainty"},
       {"relative_l2_error", "|u - u*|_L2 / |u*|_L2"},
       {"relative_h1_error", "|grad(u - u*)|_L2 / |grad u*|_L2"},
       {"gradient_norm", "length of the loss's gradient"}}};
  for (std::size_t q = 0; q < kNames.size(); ++q)
    table.add(kNames[q][0], "1", kNames[q][1], "(K)", {k}, [q](const L& loss) { return loss.minimizers[q]; });
  return table;
}

ResultTable<PathReport> path_table(const RunConfig& config, PathKind kind) {
  using P = PathReport;
  const auto n = static_cast<std::int64_t>(n_pairs_of(config));
  ResultTable<P> table(fmt::format("barriers of N pairs on the {}", path_words(kind)));
  table.add("barrier", "1", "B = max over t of L(t) - ((1 - t) L(0) + t L(1))", "(N)", {n}, &P::barrier);
  table.add("barrier_at", "1", "the first t that reaches it", "(N)", {n}, &P::at);
  table.add("scaled_barrier", "1", "B / scale", "(N)", {n}, &P::scaled);
  add_median<P>(table, "median_barrier", "the barrier", [](const P& path) { return path.median_barrier; });
  add_median<P>(table, "median_scaled_barrier", "the scaled barrier", [](const P& path) { return path.median_scaled; });
  table.add("used", "1", "pairs whose losses are finite", [](const P& path) { return path.median_scaled.n_pairs; });
  table.add("minimizers", "1", "minimizers in these", [](const P& path) { return path.median_scaled.n_minimizers; });
  table.add("resolution", "1", "a scaled barrier that rounded losses alone can make", &P::resolution);
  if (!kind.is_curve) return table;
  constexpr std::array<std::array<const char*, 2>, static_cast<std::size_t>(kCurveQuantities)> kNames{
      {{"mean_loss", "mean loss over t, which the curve makes small"},
       {"mean_loss_gradient", "length of its gradient in the control point"},
       {"iterations", "of L-BFGS"},
       {"at_limit", "1 where these ended at --curve-iterations"}}};
  for (std::size_t q = 0; q < kNames.size(); ++q)
    table.add(kNames[q][0], "1", kNames[q][1], "(N)", {n}, [q](const P& path) { return path.curve[q]; });
  return table;
}

ResultTable<PairedBarriers> comparison_table(PathKind kind) {
  using C = PairedBarriers;
  ResultTable<C> table(
      fmt::format("Ritz against Galerkin on the {}, pair by pair of the same seeds", path_words(kind)));
  add_median<C>(table, "difference", "the scaled barriers' difference, Ritz - Galerkin",
                [](const C& paired) { return paired.difference; });
  table.add("pairs", "1", "pairs that have both barriers", [](const C& paired) { return paired.difference.n_pairs; });
  table.add("ritz_higher", "1", "of these, pairs whose Ritz barrier is the higher one", &C::n_ritz_higher);
  table.add("galerkin_higher", "1", "pairs whose Galerkin barrier is", &C::n_galerkin_higher);
  table.add_text("sentence", kSentenceCapacity, "in words", &C::sentence);
  return table;
}

// ---- in words

constexpr std::size_t kLabelWidth = 18;

std::string interval_text(const std::optional<TwoSided>& interval) {
  return interval ? fmt::format("{:.2g} .. {:.2g}", interval->lower, interval->upper) : "-";
}

std::string cell(const std::optional<double>& value) { return value ? fmt::format("{:.3g}", *value) : "-"; }

std::string path_label(PathKind kind) {
  return fmt::format("{}{}", kind.is_curve ? "curve" : "straight", kind.is_matched ? ", matched" : "");
}

std::string path_cells(const PathReport& path, double scale) {
  if (path.is_zero()) {
    return fmt::format("{:>10}{:>10}{:>20}", fmt::format("< {:.0e}", path.resolution * scale),
                       fmt::format("< {:.0e}", path.resolution), "rounding");
  }
  return fmt::format("{:>10}{:>10}{:>20}", cell(path.median_barrier.median), cell(path.median_scaled.median),
                     interval_text(path.median_scaled.interval));
}

std::string barriers_table(const RunConfig& config, const ConnectivityReport& report) {
  std::string text =
      fmt::format("Barriers between {} minimizers{}: medians over {} pairs, {:g} % intervals of scaled\n",
                  count_text(config.connectivity.seeds), report.losses.size() > 1 ? " of each loss" : "",
                  count_text(static_cast<std::int64_t>(report.pairs.size())), 100.0 * config.confidence);
  std::string losses(kLabelWidth, ' '), columns = fmt::format("{:<{}}", "path", kLabelWidth);
  for (const LossConnectivity& loss : report.losses) {
    losses += fmt::format("{:>40}", "Deep " + title(loss.loss));
    columns += fmt::format("{:>10}{:>10}{:>20}", "barrier", "scaled", "interval");
  }
  text += losses + "\n" + columns + "\n" + std::string(columns.size(), '-') + "\n";
  for (std::size_t i = 0; i < report.losses.front().paths.size(); ++i) {
    text += fmt::format("{:<{}}", path_label(report.losses.front().paths[i].kind), kLabelWidth);
    for (const LossConnectivity& loss : report.losses) text += path_cells(loss.paths[i], loss.scale);
    text += "\n";
  }
  return text;
}

// A line with a number per loss, below its columns.
std::string line_of(const ConnectivityReport& report, const std::string& label, auto number) {
  std::string text = fmt::format("{:<{}}", label, kLabelWidth);
  for (const LossConnectivity& loss : report.losses) text += fmt::format("{:>20}{:>20}", number(loss), "");
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string median_cell(std::vector<double> values, const char* format) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  const auto found = median(std::move(values));
  return found ? fmt::format(fmt::runtime(format), *found) : "-";
}

std::string minimizers_lines(const ConnectivityReport& report) {
  using L = LossConnectivity;
  const auto quantity = [](MinimizerQuantity q) { return static_cast<std::size_t>(q); };
  std::string text = line_of(report, "scale", [](const L& l) { return fmt::format("{:.4g}", l.scale); });
  text += line_of(report, "median distance", [](const L& l) { return median_cell(l.distance, "{:.4g}"); });
  text += line_of(report, "  when matched", [](const L& l) { return median_cell(l.matched_distance, "{:.4g}"); });
  text += line_of(report, "median loss",
                  [&](const L& l) { return median_cell(l.minimizers[quantity(MinimizerQuantity::loss)], "{:.7g}"); });
  text += line_of(report, "  relative L2", [&](const L& l) {
    return median_cell(l.minimizers[quantity(MinimizerQuantity::relative_l2_error)], "{:.2e}");
  });
  return text;
}

std::string notes(const RunConfig& config, const ConnectivityReport& report) {
  std::string text = wrapped(
      "barrier: the highest rise of the loss above the straight line between its values at the ends; scaled: over the "
      "scale, the loss of u = 0 minus that of u*. Pairs share minimizers: the intervals resample minimizers, not "
      "pairs.",
      kTextWidth);
  for (const LossConnectivity& loss : report.losses) {
    if (loss.n_failed > 0)
      text +=
          wrapped(fmt::format("Warning: {} of {} {} trainings came to a loss that is not finite, and their pairs are "
                              "left out: lower --learning-rate.",
                              loss.n_failed, config.connectivity.seeds, title(loss.loss)),
                  kTextWidth);
    const auto fewest = std::ranges::min(loss.paths, {}, [](const PathReport& path) {
                          return path.median_scaled.n_pairs;
                        }).median_scaled.n_pairs;
    if (fewest < static_cast<std::int64_t>(report.pairs.size()))
      text += fmt::format("{}: only {} of {} pairs have a barrier on every path.\n", to_string(loss.loss), fewest,
                          report.pairs.size());
    if (loss.n_damaged > 0)
      text += fmt::format("{} rows do not match their checksum; --resume computes them again.\n", loss.n_damaged);
  }
  std::int64_t n_at_limit = 0, n_curves = 0;
  for (const LossConnectivity& loss : report.losses) {
    for (const PathReport& path : loss.paths) {
      n_at_limit += path.n_at_limit;
      n_curves += path.kind.is_curve ? static_cast<std::int64_t>(report.pairs.size()) : 0;
    }
  }
  if (n_at_limit > 0)
    text += wrapped(
        fmt::format("{} of {} fits of curves ended at --curve-iterations {}: more may lower their barriers.",
                    count_text(n_at_limit), count_text(n_curves), count_text(config.connectivity.curve_iterations)),
        kTextWidth);
  return text;
}

}  // namespace

std::string to_string(PathKind kind) {
  return fmt::format("{}{}", kind.is_curve ? "curve" : "straight", kind.is_matched ? "_matched" : "");
}

std::vector<PathKind> path_kinds(const RunConfig& config) {
  std::vector<PathKind> kinds{{false, false}, {false, true}};
  if (config.connectivity.curve_iterations > 0) kinds.insert(kinds.end(), {{true, false}, {true, true}});
  return kinds;
}

std::string minimizers_group(LossKind loss) { return "minimizers/" + to_string(loss); }
std::string matched_group(LossKind loss) { return "matched/" + to_string(loss); }
std::string curves_group(LossKind loss, bool is_matched) {
  return fmt::format("curves/{}{}", to_string(loss), is_matched ? "/matched" : "");
}
std::string paths_group(LossKind loss, PathKind kind) {
  return fmt::format("paths/{}/{}", to_string(loss), to_string(kind));
}

std::vector<MinimizerPair> minimizer_pairs(const RunConfig& config) {
  const auto k = static_cast<std::size_t>(config.connectivity.seeds);
  const auto most = static_cast<std::size_t>(config.connectivity.pairs);
  std::vector<MinimizerPair> pairs;
  if (k * (k - 1) / 2 <= most) {
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = i + 1; j < k; ++j) pairs.push_back({i, j});
    }
    return pairs;
  }
  for (std::size_t apart = 1; pairs.size() < most; ++apart) {
    const std::size_t n_on_ring = 2 * apart == k ? apart : k;  // opposite ones meet once
    for (std::size_t i = 0; i < n_on_ring && pairs.size() < most; ++i) {
      const std::size_t j = (i + apart) % k;
      pairs.push_back({std::min(i, j), std::max(i, j)});
    }
  }
  return pairs;
}

std::vector<double> path_points(const RunConfig& config) {
  const auto n = static_cast<std::size_t>(config.connectivity.t_points);
  std::vector<double> t;
  for (std::size_t j = 0; j < n; ++j) t.push_back(static_cast<double>(j) / static_cast<double>(n - 1));
  return t;
}

ConnectivityReport reduce_connectivity(const Rows& rows, const RunConfig& config) {
  ConnectivityReport report;
  report.pairs = minimizer_pairs(config);
  for (const LossKind loss : config.losses) report.losses.push_back(reduce_loss(rows, config, loss, report.pairs));
  report.comparison = compare_losses(config, report);
  return report;
}

std::vector<ResultGroup> connectivity_results(const RunConfig& config, const ConnectivityReport* report) {
  std::vector<ResultGroup> groups;
  const std::vector<PathKind> kinds = path_kinds(config);
  const ResultTable<LossConnectivity> of_loss = loss_table(config);
  for (std::size_t l = 0; l < config.losses.size(); ++l) {
    const LossConnectivity* loss = report != nullptr ? &report->losses.at(l) : nullptr;
    const std::string path = "connectivity/" + to_string(config.losses[l]);
    groups.push_back(of_loss.group(path, loss));
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      groups.push_back(path_table(config, kinds[i])
                           .group(path + "/" + to_string(kinds[i]), loss != nullptr ? &loss->paths.at(i) : nullptr));
    }
  }
  if (config.losses.size() < 2) return groups;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    groups.push_back(comparison_table(kinds[i]).group("connectivity/comparison/" + to_string(kinds[i]),
                                                      report != nullptr ? &report->comparison.at(i) : nullptr));
  }
  return groups;
}

std::string connectivity_text(const RunConfig& config, const ConnectivityReport& report) {
  std::string text = barriers_table(config, report) + minimizers_lines(report) + notes(config, report);
  if (report.comparison.empty()) return text;
  text += "\nPaired, as both losses begin from the same seeds:\n";
  for (const PairedBarriers& paired : report.comparison) text += wrapped(paired.sentence, kTextWidth);
  return text;
}

}  // namespace landscape
