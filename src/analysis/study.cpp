// From the rows of a study to its tables.
#include "landscape/analysis/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "landscape/analysis/profiles.hpp"
#include "landscape/backend/solution_measure.hpp"
#include "landscape/config/text.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/model/numbers.hpp"
#include "study_comparison.hpp"
#include "study_design.hpp"

namespace landscape {
namespace {

using Q = StudyQuantity;

constexpr std::array kSummarised{Q::loss,
                                 Q::relative_l2_error,
                                 Q::gradient_norm,
                                 Q::index,
                                 Q::persistence_mean,
                                 Q::smad_normalised,
                                 Q::largest_eigenvalue,
                                 Q::smallest_eigenvalue,
                                 Q::negative_share,
                                 Q::condition,
                                 Q::barrier};
constexpr std::size_t kMostRows = 60;  // of the printed table of trainings

StudyMedian median_of(const StudyReport& report, const StudyGroup& group, Q quantity, double confidence) {
  std::vector<double> values;
  for (const std::size_t row : group.rows) {
    if (const double value = report.at(row, quantity); std::isfinite(value)) values.push_back(value);
  }
  StudyMedian found;
  found.n = static_cast<std::int64_t>(values.size());
  found.interval = median_interval(values, confidence);
  found.median = median(std::move(values));
  return found;
}

// ---- in the file

ResultTable<StudyReport> trainings_table(const RunConfig& config, const StudyDesign& design) {
  const BootstrapOptions bootstrap = bootstrap_options(config);
  ResultTable<StudyReport> table("trainings R of one loss, a combination of --vary each");
  table.add("confidence", "1", "confidence of the intervals", [=](const StudyReport&) { return bootstrap.confidence; });
  table.add("evaluation_seconds", "s", "time of the trainings and their evaluation, mean over ranks",
            &StudyReport::seconds);
  add_factors(table, design, true, "(R)", design.n, [](std::size_t row) { return row; });
  for (std::size_t c = 0; c < kStudyQuantities; ++c) {
    table.add(study_columns()[c].name, study_columns()[c].units, study_columns()[c].description, "(R)", {design.n},
              [c](const StudyReport& report) {
                std::vector<double> values;
                for (std::size_t at = c; at < report.values.size(); at += kStudyQuantities)
                  values.push_back(report.values[at]);
                return values;
              });
  }
  return table;
}

ResultTable<StudyReport> medians_table(const RunConfig& config, const StudyDesign& design) {
  const auto n = static_cast<std::int64_t>(design.groups.size());
  ResultTable<StudyReport> table("medians over the trainings that differ in their seeds only, G groups");
  table.add("confidence", "1", "least coverage of the intervals, by order statistics",
            [confidence = config.confidence](const StudyReport&) { return confidence; });
  add_factors(table, design, false, "(G)", n, [&](std::size_t group) { return design.groups[group].front(); });
  for (std::size_t i = 0; i < kSummarised.size(); ++i) {
    const StudyColumn& column = study_columns()[static_cast<std::size_t>(kSummarised[i])];
    table.add(column.name, column.units, fmt::format("median of: {}", column.description), "(G)", {n},
              [i](const StudyReport& report) {
                std::vector<double> values;
                for (const StudyGroup& group : report.groups) values.push_back(or_undefined(group.medians[i].median));
                return values;
              });
    table.add(fmt::format("{}_interval", column.name), column.units, "lower and upper bound of the median", "(G, 2)",
              {n, 2}, [i](const StudyReport& report) {
                std::vector<double> values;
                for (const StudyGroup& group : report.groups) {
                  for (const double bound : stored(group.medians[i].interval)) values.push_back(bound);
                }
                return values;
              });
    table.add(fmt::format("{}_count", column.name), "1", "trainings that have it", "(G)", {n},
              [i](const StudyReport& report) {
                std::vector<std::int64_t> values;
                for (const StudyGroup& group : report.groups) values.push_back(group.medians[i].n);
                return values;
              });
  }
  return table;
}

// ---- in words

std::string index_cell(const StudyReport& report, std::size_t row) {
  const double index = report.at(row, Q::index);
  if (!std::isfinite(index)) return report.at(row, Q::diverged) == 1.0 ? "diverged" : "-";
  if (const double least = report.at(row, Q::resolution); index <= least) return fmt::format("< {:.0e}", least);
  return fmt::format("{:.4g}", index);
}

TextTable trainings_text(const StudyReport& report, const StudyDesign& design, bool eigenvalues) {
  TextTable table(1);
  for (const ExpandedFactor& factor : design.factors) table[0].push_back(factor.options.front());
  for (const char* title : {"loss", "L2 error", "|grad|", "RI", "interval"}) table[0].emplace_back(title);
  if (eigenvalues) table[0].insert(table[0].end(), {"lambda_min", "lambda_max"});
  for (std::size_t row = 0; row < static_cast<std::size_t>(design.n); ++row) {
    std::vector<std::string>& line = table.emplace_back();
    for (std::size_t f = 0; f < design.factors.size(); ++f) line.push_back(design.value(f, row));
    const std::string mark = report.at(row, Q::below_minimum) == 1.0 ? "!" : "";
    line.push_back(mark + cell(report.at(row, Q::loss), "{:.7g}"));
    line.push_back(cell(report.at(row, Q::relative_l2_error), "{:.2e}"));
    line.push_back(cell(report.at(row, Q::gradient_norm), "{:.1e}"));
    line.push_back(index_cell(report, row));
    line.push_back(interval_cell(report.at(row, Q::index_lower), report.at(row, Q::index_upper)));
    if (!eigenvalues) continue;
    line.push_back(cell(report.at(row, Q::smallest_eigenvalue), "{:.3g}"));
    line.push_back(cell(report.at(row, Q::largest_eigenvalue), "{:.5g}"));
  }
  return table;
}

TextTable medians_text(const StudyReport& report, const StudyDesign& design, bool eigenvalues) {
  TextTable table(1);
  for (const ExpandedFactor& factor : design.factors) {
    if (!factor.is_seed()) table[0].push_back(factor.options.front());
  }
  for (const char* title : {"n", "loss", "L2 error", "|grad|", "RI", "interval of RI"}) table[0].emplace_back(title);
  if (eigenvalues) table[0].insert(table[0].end(), {"lambda_min", "lambda_max"});
  for (const StudyGroup& group : report.groups) {
    std::vector<std::string>& line = table.emplace_back();
    for (std::size_t f = 0; f < design.factors.size(); ++f) {
      if (!design.factors[f].is_seed()) line.push_back(design.value(f, group.rows.front()));
    }
    const auto median = [&](Q quantity) -> const StudyMedian& {
      return group.medians[static_cast<std::size_t>(std::ranges::find(kSummarised, quantity) - kSummarised.begin())];
    };
    const StudyMedian& index = median(Q::index);
    line.push_back(fmt::format("{}", median(Q::loss).n));
    line.push_back(cell(median(Q::loss).median, "{:.7g}"));
    line.push_back(cell(median(Q::relative_l2_error).median, "{:.2e}"));
    line.push_back(cell(median(Q::gradient_norm).median, "{:.1e}"));
    line.push_back(cell(index.median, "{:.4g}"));
    line.push_back(index.interval ? interval_cell(index.interval->lower, index.interval->upper) : "-");
    if (!eigenvalues) continue;
    line.push_back(cell(median(Q::smallest_eigenvalue).median, "{:.3g}"));
    line.push_back(cell(median(Q::largest_eigenvalue).median, "{:.5g}"));
  }
  return table;
}

std::string settings_of(const StudyDesign& design, std::size_t row) {
  std::string text;
  for (std::size_t f = 0; f < design.factors.size(); ++f)
    text += fmt::format("{}{}={}", f == 0 ? "" : " ", design.factors[f].name(), design.value(f, row));
  return text;
}

// What speaks against some of the trainings, with the worst one.
std::string warnings_text(const StudyReport& report, const StudyDesign& design) {
  std::vector<std::size_t> below, diverged;
  for (std::size_t row = 0; row < static_cast<std::size_t>(design.n); ++row) {
    if (report.at(row, Q::below_minimum) == 1.0) below.push_back(row);
    if (report.at(row, Q::diverged) == 1.0) diverged.push_back(row);
  }
  std::string text;
  const auto of_all = [&](const std::vector<std::size_t>& rows) {
    return fmt::format("{} of {} {} trainings", rows.size(), count_text(design.n), title(report.loss));
  };
  if (!below.empty()) {
    const auto lowest = [&](std::size_t row) {
      return std::min(report.at(row, Q::lowest_training_loss), report.at(row, Q::loss));
    };
    const std::size_t worst = *std::ranges::min_element(below, {}, lowest);
    text +=
        wrapped(fmt::format("Warning: {} (!) have a loss below the least over all functions, the lowest {:.8g} ({}): "
                            "such a quadrature is no bound any more; use a finer one.",
                            of_all(below), lowest(worst), settings_of(design, worst)),
                kTextWidth);
  }
  if (!diverged.empty()) {
    text +=
        wrapped(fmt::format("Warning: {} came to a loss that is not finite, the first with {}: lower --learning-rate.",
                            of_all(diverged), settings_of(design, diverged.front())),
                kTextWidth);
  }
  if (report.n_damaged > 0)
    text += fmt::format("{} rows do not match their checksum; --resume computes them again.\n", report.n_damaged);
  return text;
}

}  // namespace

std::string study_group(LossKind loss) { return "trainings/" + to_string(loss); }

std::vector<StudyReport> reduce_study(const Rows& rows, const RunConfig& config) {
  const StudyDesign design(config);
  std::vector<StudyReport> reports;
  for (const LossKind loss : config.losses) {
    StudyReport& report = reports.emplace_back();
    report.loss = loss;
    report.n_damaged = rows.for_each(study_group(loss), [&](std::span<const double> row, bool intact) {
      for (const double value : row) report.values.push_back(intact ? value : kUndefined);
    });
    report.seconds = rows.seconds(study_group(loss));
    for (const std::vector<std::size_t>& members : design.groups) {
      StudyGroup& group = report.groups.emplace_back();
      group.rows = members;
      for (const Q quantity : kSummarised)
        group.medians.push_back(median_of(report, group, quantity, config.confidence));
    }
  }
  return reports;
}

std::vector<ResultGroup> study_results(const RunConfig& config, const std::vector<StudyReport>* reports) {
  const StudyDesign design(config);
  const auto trainings = trainings_table(config, design), medians = medians_table(config, design);
  std::vector<ResultGroup> groups;
  for (std::size_t i = 0; i < config.losses.size(); ++i) {
    const StudyReport* report = reports != nullptr ? &reports->at(i) : nullptr;
    groups.push_back(trainings.group("study/" + to_string(config.losses[i]), report));
    if (design.has_seeds()) groups.push_back(medians.group("study/medians/" + to_string(config.losses[i]), report));
  }
  if (has_comparison(config, design)) groups.push_back(comparison_results(config, design, reports));
  return groups;
}

std::string study_text(const std::vector<StudyReport>& reports, const RunConfig& config) {
  const StudyDesign design(config);
  std::string text;
  for (const StudyReport& report : reports) {
    const bool is_short = static_cast<std::size_t>(design.n) <= kMostRows;
    if (is_short || !design.has_seeds()) {
      text += fmt::format("{}Deep {}: {} trainings, RI of {} directions with {:g} % intervals\n",
                          text.empty() ? "" : "\n", title(report.loss), count_text(design.n),
                          count_text(config.n_directions), 100.0 * config.confidence);
      text += aligned(trainings_text(report, design, config.eigenvalues));
    }
    if (design.has_seeds()) {
      text += fmt::format("{}Deep {}: medians over seeds, {:g} % intervals of the median RI\n",
                          text.empty() ? "" : "\n", title(report.loss), 100.0 * config.confidence);
      text += aligned(medians_text(report, design, config.eigenvalues));
    }
    text += warnings_text(report, design);
  }
  if (has_comparison(config, design)) text += fmt::format("\n{}", comparison_text(reports, config, design));
  return text;
}

}  // namespace landscape
