// Formatting only: every number comes from a Report or a Setup.
#include "landscape/analysis/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "landscape/analysis/convergence.hpp"
#include "landscape/analysis/precision_check.hpp"
#include "landscape/backend/solution_measure.hpp"
#include "landscape/config/text.hpp"
#include "landscape/job/minimizer_text.hpp"

namespace landscape {
namespace {

constexpr int kLabelWidth = 30, kColumnWidth = 26;

std::string range(double lower, double upper) { return fmt::format("{:.4g} .. {:.4g}", lower, upper); }

std::string index_text(const LossReport& loss) { return known_index_text(loss.index.index, loss.resolution); }

// Of a LossReport or a MetricReport, as the two below.
template <class Measured>
std::string interval_text(const Measured& of) {
  if (of.is_zero()) return "rounding";
  if (!of.interval) {
    const bool would_do = of.index.n_directions >= kFewestForInterval;
    return fmt::format("needs {} {}directions", kFewestForInterval, would_do ? "usable " : "");
  }
  return range(of.interval->lower, of.interval->upper) + (of.interval->rests_on_few ? " (*)" : "");
}

template <class Measured>
std::string used_text(const Measured& of) {
  return fmt::format("{} of {}", of.index.n_used, of.index.n_directions);
}

template <class Measured>
std::string few_text(const Measured& of, const std::string& name) {
  if (!of.interval || !of.interval->rests_on_few || of.is_zero()) return "";
  return wrapped(
      fmt::format("(*) {}: about {:.0f} directions carry the variance, so the interval may be too short: use "
                  "more --directions.",
                  name, of.interval->n_effective),
      kTextWidth);
}

std::string left_out_text(const RoughnessIndex& index) {
  std::string text;
  const auto add = [&text](std::int64_t count, const char* why) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, why);
  };
  add(index.n_flat, "flat");
  add(index.n_unresolved, "at rounding level");
  add(index.n_non_finite, "not finite");
  add(index.n_incomplete, "not done");
  return text.empty() ? "none" : text;
}

std::string share_text(const LossReport& loss, ProfileShape shape) {
  return loss.shapes.n_usable == 0 ? "undefined" : fmt::format("{:.0f} %", 100.0 * loss.shapes.share(shape));
}

// By the number of valleys; one that falls at an end counts as one.
std::string valleys_text(const LossReport& loss) {
  if (loss.shapes.n_usable == 0) return "undefined";
  using enum ProfileShape;
  const auto percent = [&loss](auto... shapes) {
    return fmt::format("{:.0f} %", 100.0 * (loss.shapes.share(shapes) + ...));
  };
  return percent(monotone) + ", " + percent(single_valley) + ", " + percent(valley_and_peak, multi_valley);
}

std::string slope_changes_text(const LossReport& loss) {
  if (!loss.shapes.mean_slope_changes) return "undefined";
  return fmt::format("mean {:.3g}, median {:g}", *loss.shapes.mean_slope_changes, *loss.shapes.median_slope_changes);
}

std::string minimum_offset_text(const LossReport& loss) {
  if (!loss.shapes.mean_absolute_minimum_offset) return "undefined";
  return fmt::format("mean {:.3g}, median {:.3g}", *loss.shapes.mean_absolute_minimum_offset,
                     *loss.shapes.median_absolute_minimum_offset);
}

std::string shares_text(const LossReport& loss) {
  if (loss.is_zero() || !loss.split || !loss.split->tilt_share) return "undefined";
  const auto whole = [](double share) { return std::round(100.0 * share) + 0.0; };  // no "-0"
  return fmt::format("{:.0f} % + {:.0f} %", whole(*loss.split->tilt_share), whole(*loss.split->oscillation_share));
}

std::string persistence_text(const LossReport& loss) {
  const std::optional<double>& mean = loss.topology.persistence.mean;
  return mean == 0.0 ? "0" : known_index_text(mean, loss.topology.resolution);
}

std::string interval_of(const MeanEstimate& estimate) {
  return estimate.interval ? range(estimate.interval->lower, estimate.interval->upper) : "undefined";
}

std::string persistence_interval_text(const LossReport& loss) {
  return loss.topology.is_zero() ? "rounding" : interval_of(loss.topology.persistence);
}

std::string gap_text(const LossReport& loss) {
  const MeanEstimate& gap = loss.topology.normalised_gap;
  return gap.mean ? fmt::format("{:.4g} (in {})", *gap.mean, count_text(gap.n)) : "none";
}

std::string topology_note(std::span<const LossReport> losses) {
  std::optional<double> deviation;
  for (const LossReport& loss : losses) {
    const std::optional<double>& of_loss = loss.topology.identity_deviation;
    if (of_loss && !(deviation && *of_loss <= *deviation)) deviation = of_loss;
  }
  std::string text =
      "Persistence: saddle - minimum, summed over the basins of a profile that meet a lower one. SMAD: their mean, in "
      "so many directions that have any.";
  if (deviation) text += fmt::format(" |I| T_oscillation = 2 persistence holds to {:.1g}.", *deviation);
  return wrapped(text, kTextWidth);
}

std::string percent_text(const std::optional<double>& share) {
  if (!share || !std::isfinite(*share)) return "undefined";
  return *share > 1.0 ? std::string("above 100 %") : fmt::format("{:.2g} %", 100.0 * *share);
}

std::string seconds_text(double seconds, const char* without) {
  return seconds > 0.0 ? fmt::format("{:.3g}", seconds) : std::string(without);
}

std::string loss_number(double loss) { return std::isfinite(loss) ? fmt::format("{:.8g}", loss) : "unknown"; }

std::string error_text(double value, double error) {
  return std::isnan(value) ? "undefined" : fmt::format("{:.2e} +- {}", value, defined_text(error, "{:.0e}"));
}

std::string off_centre_text(const LossReport& loss) {
  if (2 * loss.n_off_centre <= loss.index.n_used) return "";
  return wrapped(fmt::format("Warning: {}: {} of {} profiles fall below their centre by more than {:g} % of max - min: "
                             "with {} theta* is no minimum.",
                             to_string(loss.loss), loss.n_off_centre, loss.index.n_used, 100.0 * kOffCentre,
                             loss.minimizer.profile_quadrature),
                 kTextWidth);
}

std::string spread_text(const LossReport& loss) {
  const QuadratureNoise& noise = loss.point_sets->noise;
  if (!noise.index_mean || !noise.index_spread) return "undefined";
  return fmt::format("{:.4g} +- {:.2g}{}", *noise.index_mean, *noise.index_spread,
                     loss.point_sets->points_dominate() ? " (!)" : "");
}

std::string variances_text(const LossReport& loss) {
  const QuadratureNoise& noise = loss.point_sets->noise;
  const double total = noise.variance_directions.value_or(0.0) + noise.variance_points.value_or(0.0);
  if (!(total > 0.0)) return "undefined";
  return fmt::format("{:.3g} % + {:.3g} %", 100.0 * *noise.variance_directions / total,
                     100.0 * *noise.variance_points / total);
}

std::string reference_interval_text(const LossReport& loss) {
  const auto& interval = loss.point_sets->reference_interval;
  return interval ? range(interval->lower, interval->upper) : "undefined";
}

// Which lines the short report has too. A row whose mark has a footnote is essential: the one explains the other.
enum class Part { essential, detail };

Part essential_if(bool is_raised) { return is_raised ? Part::essential : Part::detail; }

// A report as it grows: all of it, or what is essential and where to find the rest.
class Lines {
 public:
  explicit Lines(ReportLength length) : length_(length) {}
  void add(const std::string& lines, Part part) {
    if (length_ == ReportLength::full || part == Part::essential)
      text_ += lines;
    else
      is_whole_ = is_whole_ && lines.empty();
  }
  std::string text() const {
    return is_whole_ ? text_ : text_ + "The whole report: landscape_mpi reduce FILE --full-report\n";
  }

 private:
  ReportLength length_;
  std::string text_;
  bool is_whole_ = true;
};

using Cell = std::function<std::string(const LossReport&)>;

class Table {
 public:
  Table(Lines& lines, std::span<const LossReport> losses) : lines_(lines), losses_(losses) {}
  void row(std::string_view label, const Cell& cell, Part part = Part::detail) {
    std::string line = fmt::format("{:<{}}", label, kLabelWidth);
    for (const LossReport& loss : losses_) line += fmt::format("  {:>{}}", cell(loss), kColumnWidth - 2);
    lines_.add(line + '\n', part);
  }
  void rule() { lines_.add(std::string(kLabelWidth + kColumnWidth * losses_.size(), '-') + '\n', Part::essential); }

 private:
  Lines& lines_;
  std::span<const LossReport> losses_;
};

bool any_loss(const Report& report, const std::function<bool(const LossReport&)>& holds) {
  return std::ranges::any_of(report.losses, holds);
}

template <class Measured>
bool leaves_out(const Measured& of) {
  return of.index.n_used < of.index.n_directions;
}

bool has_no_trace(const LossReport& loss) { return !loss.trace; }

std::string interval_label(const Report& report) { return fmt::format("{:g} % interval", 100.0 * report.confidence); }

void add_index(Table& table, const Report& report) {
  table.row("roughness index RI", index_text, Part::essential);
  table.row("  " + interval_label(report), interval_text<LossReport>, Part::essential);
  table.row("  standard error", [](const LossReport& l) {
    return l.is_zero() ? "rounding" : number_or_undefined(l.index.jackknife_error);
  });
  const auto mean_times = [](double factor) {
    return [factor](const LossReport& l) {
      return number_or_undefined(l.index.mean ? std::optional(factor * *l.index.mean) : std::nullopt);
    };
  };
  table.row("mean T", mean_times(1.0), Part::essential);
  table.row("  mean |I| T", mean_times(report.interval_length), Part::essential);
  table.row("directions used", used_text<LossReport>, Part::essential);
  table.row(
      "  left out", [](const LossReport& l) { return left_out_text(l.index); },
      essential_if(any_loss(report, leaves_out<LossReport>)));
}

void add_point_sets(Table& table, const Report& report) {
  if (!report.losses.front().point_sets) return;
  const PointSetReport& sets = *report.losses.front().point_sets;
  table.row(fmt::format("RI over {} point sets", sets.noise.n_sets), spread_text, Part::essential);
  table.row("  var T: directions + points", variances_text);
  table.row(fmt::format("  RI with {}", to_string(sets.reference_rule)), [](const LossReport& l) {
    return known_index_text(l.point_sets->reference.index, l.point_sets->reference_resolution);
  });
  table.row("    " + interval_label(report), reference_interval_text);
}

// Three lines per metric, of the loss on other points two more.
void add_metrics(Table& table, const Report& report) {
  const std::vector<MetricReport>& metrics = report.losses.front().metrics;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const auto of = [i](auto text) { return [i, text](const LossReport& l) { return text(l.metrics[i]); }; };
    table.row("RI of " + metrics[i].title,
              of([](const MetricReport& m) { return known_index_text(m.index.index, m.resolution); }), Part::essential);
    table.row("  " + interval_label(report), of(interval_text<MetricReport>), Part::essential);
    table.row("  directions used", of(used_text<MetricReport>),
              essential_if(any_loss(report, of(leaves_out<MetricReport>))));
    if (metrics[i].metric != Metric::reference) continue;
    table.row("  gap / (max - min), median",
              of([](const MetricReport& m) { return number_or_undefined(m.median_gap); }));
    table.row("    largest", of([](const MetricReport& m) { return number_or_undefined(m.largest_gap); }));
  }
}

void add_shapes(Table& table, const Report& report) {
  const auto share = [](ProfileShape shape) { return [shape](const LossReport& l) { return share_text(l, shape); }; };
  const auto has_peaks = [](const LossReport& l) { return l.shapes.share(ProfileShape::single_peak) > 0.0; };
  table.row("monotone, one valley, more", valleys_text, Part::essential);
  table.row("profiles: monotone", share(ProfileShape::monotone));
  table.row("  one valley", share(ProfileShape::single_valley));
  table.row("  one valley, falls at an end", share(ProfileShape::valley_and_peak));
  table.row("  several valleys", share(ProfileShape::multi_valley));
  table.row("  one peak", share(ProfileShape::single_peak), essential_if(any_loss(report, has_peaks)));
  table.row("slope sign changes", slope_changes_text);
}

void add_topology(Table& table, const Report& report) {
  table.row(fmt::format("basins deeper than {:g} %", 100.0 * kDeepBasin),
            [](const LossReport& l) { return "mean " + number_or_undefined(l.topology.mean_basins); });
  table.row("persistence, of max - min", persistence_text);
  table.row("  " + interval_label(report), persistence_interval_text);
  table.row("  of one basin (SMAD)", gap_text);
}

void add_ends_and_centre(Table& table, const Report& report) {
  table.row("ends differ by, of max - min",
            [](const LossReport& l) { return "mean " + number_or_undefined(l.shapes.mean_absolute_asymmetry); });
  table.row("minimum is off s = 0 by", minimum_offset_text);
  const Part trace = essential_if(report.is_gaussian && any_loss(report, has_no_trace));
  table.row(
      "curvature at s = 0",
      [](const LossReport& l) { return "median " + number_or_undefined(l.shapes.median_curvature); }, trace);
  table.row("  mean", [](const LossReport& l) { return number_or_undefined(l.curvature.mean); });
  table.row("  " + interval_label(report), [](const LossReport& l) { return interval_of(l.curvature); });
  if (report.is_gaussian) {
    table.row(
        "  trace of the Hessian",
        [](const LossReport& l) { return l.trace ? fmt::format("{:.4g}", *l.trace) : "not known (***)"; }, trace);
  }
  table.row("variance of T: tilt + rest", shares_text);
}

void add_rounding_noise(Table& table, const Report& report) {
  if (!any_loss(report, [](const LossReport& l) { return l.single_precision.has_value(); })) return;
  table.row(
      "rounding noise, of max - min",
      [](const LossReport& l) { return "median " + percent_text(l.single_precision->median_of_range); },
      Part::essential);
  table.row(
      "  share of T that it makes",
      [](const LossReport& l) { return "median " + percent_text(l.single_precision->median_of_variation); },
      Part::essential);
}

std::string loss_error_text(const LossReport& loss) {
  const Minimizer& m = loss.minimizer;
  return fmt::format("{} ({})", defined_text(m.final_loss_error, "{:.1g}"), m.final_quadrature);
}

std::string gradient_text(const LossReport& loss) {
  const Minimizer& m = loss.minimizer;
  if (!std::isfinite(m.gradient_norm)) return "unknown";
  return fmt::format("{:.2g}{}", m.gradient_norm, m.at_iteration_limit ? " (limit)" : "");
}

std::string ended_by_text(const LossReport& loss) {
  const Minimizer& m = loss.minimizer;
  return m.stopped_by.empty() ? "not trained" : fmt::format("{}, {}", m.stopped_by, m.stop_reason);
}

std::optional<double> least_loss(const LossReport& loss, const Report& report) {
  return exact_minimum(loss.loss, report.problem, report.network.dimension);
}

bool has_unknown_least(const Report& report) {
  return any_loss(report, [&report](const LossReport& l) { return !least_loss(l, report); });
}

void add_loss(Table& table, const Report& report) {
  const auto at_limit = [](const LossReport& l) { return l.minimizer.at_iteration_limit; };
  table.row(
      "loss at the minimizer", [](const LossReport& l) { return defined_text(l.minimizer.final_loss, "{:.8g}"); },
      Part::essential);
  table.row("  its error", loss_error_text, Part::essential);
  table.row("  with the profiles' points", [](const LossReport& l) { return loss_number(l.minimizer.profile_loss); });
  table.row("  with the training's points", [](const LossReport& l) { return loss_number(l.minimizer.training_loss); });
  table.row("  |grad L| by the same rule", gradient_text, essential_if(any_loss(report, at_limit)));
  if (any_loss(report, [](const LossReport& l) { return !l.minimizer.stopped_by.empty(); }))
    table.row("  its training ended by", ended_by_text, Part::essential);
  const auto least_text = [&report](const LossReport& l) {
    const auto least = least_loss(l, report);
    return least ? fmt::format("{:.8g}", *least) : "unknown (**)";
  };
  table.row("  least over all functions", least_text, essential_if(has_unknown_least(report)));
}

void add_minimum_check(Table& table, const Report& report) {
  if (!any_loss(report, [](const LossReport& l) { return !l.minimizer.critical.method.empty(); })) return;
  table.row(
      "theta* is", [](const LossReport& l) { return l.minimizer.critical.verdict; }, Part::essential);
  table.row("  Hessian's least eigenvalue",
            [](const LossReport& l) { return defined_text(l.minimizer.critical.smallest_eigenvalue, "{:.2g}"); });
  table.row("  its largest",
            [](const LossReport& l) { return defined_text(l.minimizer.critical.largest_eigenvalue, "{:.4g}"); });
}

void add_errors_and_seconds(Table& table, const Report& report) {
  const auto l2_text = [](const LossReport& l) {
    return error_text(l.minimizer.relative_l2_error, l.minimizer.relative_l2_uncertainty);
  };
  const auto h1_text = [](const LossReport& l) {
    return error_text(l.minimizer.relative_h1_error, l.minimizer.relative_h1_uncertainty);
  };
  const auto training_text = [](const LossReport& l) { return seconds_text(l.minimizer.seconds, "loaded"); };
  const auto profiles_text = [](const LossReport& l) { return seconds_text(l.evaluation_seconds, "unknown"); };
  table.row("relative L2 error of u", l2_text, Part::essential);
  table.row("relative H1 semi-norm error", h1_text);
  table.row("seconds: training", training_text, Part::essential);
  table.row("  profiles", profiles_text, Part::essential);
  if (report.losses.front().metrics.empty()) return;
  table.row("  metrics along them", [](const LossReport& l) {
    double seconds = 0.0;
    for (const MetricReport& metric : l.metrics) seconds += metric.evaluation_seconds;
    return seconds_text(seconds, "unknown");
  });
}

void add_rows(Table& table, const Report& report) {
  add_index(table, report);
  add_point_sets(table, report);
  add_metrics(table, report);
  add_shapes(table, report);
  add_topology(table, report);
  add_ends_and_centre(table, report);
  add_rounding_noise(table, report);
  add_loss(table, report);
  add_minimum_check(table, report);
  add_errors_and_seconds(table, report);
}

void add_table(Lines& lines, const Report& report) {
  Table table(lines, report.losses);
  table.row(
      "", [](const LossReport& l) { return "Deep " + title(l.loss); }, Part::essential);
  table.rule();
  if (!report.losses.empty()) add_rows(table, report);
  table.rule();
}

// A line per bin: its edges, then a bar and its count for every loss. Empty where no direction is usable.
std::string histogram_text(std::span<const LossReport> losses) {
  constexpr int kLongestBar = 18;
  std::int64_t most = 0;
  const std::vector<double>* edges = nullptr;
  for (const LossReport& loss : losses) {
    if (loss.histogram.edges.empty()) continue;
    edges = &loss.histogram.edges;
    most = std::max(most, *std::max_element(loss.histogram.counts.begin(), loss.histogram.counts.end()));
  }
  if (edges == nullptr || most == 0) return {};
  std::string text = "directions by their T\n";
  for (std::size_t b = 0; b + 1 < edges->size(); ++b) {
    text += fmt::format("{:<{}}", "  " + range((*edges)[b], (*edges)[b + 1]), kLabelWidth);
    for (const LossReport& loss : losses) {
      const std::int64_t count = loss.histogram.counts.empty() ? 0 : loss.histogram.counts[b];
      const auto length = static_cast<std::size_t>((kLongestBar * count + most - 1) / most);
      text +=
          fmt::format(" {:<{}}{:>{}}", std::string(length, '#'), kLongestBar, count, kColumnWidth - 1 - kLongestBar);
    }
    text += '\n';
  }
  return text;
}

std::string comparison_line(const std::string& label, const std::optional<double>& value,
                            const std::optional<TwoSided>& interval) {
  return fmt::format("  {:<28}{:>12}{}\n", label, number_or_undefined(value),
                     interval ? "    " + range(interval->lower, interval->upper) : "");
}

// Difference, ratio and p-value as lines; the names are those of the indices.
std::string comparison_lines(const Comparison& c, const std::string& first, const std::string& second) {
  return comparison_line(fmt::format("RI({}) - RI({})", first, second), c.difference, c.difference_interval) +
         comparison_line(fmt::format("RI({}) / RI({})", first, second), c.ratio, c.ratio_interval) +
         comparison_line("p-value of equal indices", c.p_value, {});
}

bool has_numbers(const Comparison& c) {
  return c.verdict != ComparisonVerdict::not_comparable && c.verdict != ComparisonVerdict::both_zero &&
         c.verdict != ComparisonVerdict::within_rounding;
}

void add_comparison(Lines& lines, const Comparison& c, const PersistenceComparison& persistence) {
  lines.add("\n", Part::essential);
  if (has_numbers(c)) {
    lines.add(
        fmt::format("Paired over the {} directions that both losses share, {:g} % intervals:\n", c.n_used,
                    100.0 * c.confidence) +
            comparison_lines(c, c.first, c.second) +
            comparison_line("difference of persistence", persistence.difference.mean, persistence.difference.interval),
        Part::detail);
  }
  lines.add(wrapped(describe(c), kTextWidth), Part::essential);
}

std::string metric_comparison_text(const MetricComparison& metric) {
  const Comparison& c = metric.comparison;
  std::string text = fmt::format("\nRI of {}, paired over {} directions:\n", metric.title, c.n_used);
  if (has_numbers(c)) text += comparison_lines(c, c.first, c.second);
  return text + wrapped(describe(c), kTextWidth);
}

std::string variation_note() {
  return wrapped("|I| T: 1 is monotone, 2 a valley between even ends, more means further turning points.", kTextWidth);
}

std::string tilt_note() {
  return wrapped(
      "Tilt: the part of T that unequal ends make, (f_0 + f_m - 2 min) / (|I| (max - min)). The rest: further turning "
      "points. Their shares of RI^2 are cov(T, part) / var(T).",
      kTextWidth);
}

std::string trace_note(const Report& report) {
  if (!report.is_gaussian) return "";
  return wrapped(
      "The mean curvature along normal directions is the Hessian's trace, as far as the grid's step lets it be seen.",
      kTextWidth);
}

std::string unknown_trace_note(const Report& report) {
  if (!report.is_gaussian || !any_loss(report, has_no_trace)) return "";
  return wrapped(
      "(***) the minimum check has not taken the Hessian apart: --minimum-check on does, of up to 500 parameters; of "
      "more, the command spectrum estimates the trace.",
      kTextWidth);
}

std::string unknown_least_note(const Report& report) {
  if (!has_unknown_least(report)) return "";
  const std::string unbounded = unbounded_text(report.problem, report.network.dimension);
  return wrapped(
      unbounded.empty()
          ? "(**) with a penalty functions need not vanish on the boundary, so the least loss lies below that of u*; "
            "it is known for -u'' = f only, and no quadrature is warned about."
          : fmt::format("(**) {}: the energy is indefinite, u* is a saddle point of it, and the Ritz loss has no "
                        "minimum; no quadrature is warned about.",
                        unbounded),
      kTextWidth);
}

std::string rounding_note(const Report& report) {
  if (!any_loss(report, [](const LossReport& l) { return l.is_zero(); })) return "";
  return wrapped("(rounding B): rounded losses alone can make an index of B, so this one is zero to rounding level.",
                 kTextWidth);
}

std::string limit_text(const LossReport& loss) {
  if (!loss.minimizer.at_iteration_limit) return "";
  const OptimizerInfo& last = optimizer_of_phase(loss.minimizer.stopped_by);
  return wrapped(fmt::format("(limit) {}: {} ended at its limit of iterations, where |grad L| is {:.2g}: "
                             "the training was not finished, raise {}.",
                             to_string(loss.loss), last.name, loss.minimizer.gradient_norm, last.limit),
                 kTextWidth);
}

std::string noisy_text(const LossReport& loss) {
  if (!loss.single_precision || loss.single_precision->n_noisy == 0) return "";
  return wrapped(
      fmt::format("Warning: along {} of the {} directions of {} single precision makes noise above {:g} % of max - min "
                  "or of T: do not trust its numbers, use --precision double.",
                  loss.single_precision->n_noisy, loss.index.n_used + loss.index.n_unresolved, to_string(loss.loss),
                  100.0 * kMostNoise),
      kTextWidth);
}

std::string damage_text(const LossReport& loss) {
  if (loss.n_damaged == 0) return "";
  return fmt::format("{}: {} directions do not match their checksum; --resume computes them again.\n",
                     to_string(loss.loss), loss.n_damaged);
}

// What speaks against numbers of the table, and its marks.
std::string warnings(const Report& report) {
  std::string text;
  for (const LossReport& loss : report.losses) {
    text += warning_lines(loss.minimizer.warnings) + off_centre_text(loss) + few_text(loss, to_string(loss.loss));
    for (const MetricReport& metric : loss.metrics)
      text += few_text(metric, to_string(loss.loss) + ", " + to_string(metric.metric));
    text += limit_text(loss) + noisy_text(loss) + damage_text(loss);
  }
  for (const LossReport& loss : report.losses) {
    if (loss.point_sets && loss.point_sets->points_dominate())
      text += wrapped("(!) " + domination_text(title(loss.loss), *loss.point_sets), kTextWidth);
  }
  if (report.noise_pending) {
    text += wrapped("The noise of single precision is not measured yet: --resume finishes the job and measures it.",
                    kTextWidth);
  }
  if (!report.unmeasured.empty()) text += wrapped(report.unmeasured, kTextWidth);
  return text;
}

}  // namespace

std::string file_comparison_text(const Comparison& c, const std::string& what, const std::string& why_unpaired) {
  std::string text;
  if (why_unpaired.empty()) {
    text += wrapped(
        fmt::format("{}, paired over {} common directions, {:g} % intervals:", what, c.n_used, 100.0 * c.confidence),
        kTextWidth);
  } else {
    text +=
        wrapped(fmt::format("{}, not paired, because {}; {:g} % intervals:", what, why_unpaired, 100.0 * c.confidence),
                kTextWidth);
  }
  if (c.index_first)
    text += fmt::format("  {:<28}{:>12}\n  {:<28}{:>12}\n", "RI(A)", number_or_undefined(c.index_first), "RI(B)",
                        number_or_undefined(c.index_second));
  if (has_numbers(c)) text += comparison_lines(c, "A", "B");
  return text + wrapped(describe(c), kTextWidth);
}

std::string report_text(const Report& report, ReportLength length) {
  using enum Part;
  Lines lines(length);
  add_table(lines, report);
  lines.add(histogram_text(report.losses), detail);
  lines.add(variation_note(), essential);
  lines.add(tilt_note() + topology_note(report.losses), detail);
  lines.add(rounding_note(report), essential);
  lines.add(trace_note(report), detail);
  lines.add(unknown_trace_note(report) + unknown_least_note(report) + warnings(report), essential);
  if (report.grid) lines.add(grid_text(*report.grid, report.confidence), essential);
  if (report.comparison) add_comparison(lines, *report.comparison, *report.persistence);
  for (const MetricComparison& metric : report.metric_comparisons) lines.add(metric_comparison_text(metric), detail);
  lines.add(curve_text(report), detail);
  const std::string stopping = stopping_text(report);
  if (!stopping.empty()) lines.add(fmt::format("\n{}", wrapped(stopping, kTextWidth)), essential);
  return lines.text();
}

}  // namespace landscape
