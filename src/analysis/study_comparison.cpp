// A sign test per group and quantity (median_interval.hpp).
#include "study_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "landscape/config/text.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

using Q = StudyQuantity;

struct ComparedQuantity {
  Q quantity;
  const char* title;  // in the text
};
// Of each, more is rougher.
constexpr std::array<ComparedQuantity, 6> kCompared{{{Q::index, "roughness index RI"},
                                                     {Q::smad_normalised, "depth of basins (SMAD)"},
                                                     {Q::persistence_mean, "persistence"},
                                                     {Q::negative_share, "negative curvature, share"},
                                                     {Q::condition, "condition number"},
                                                     {Q::barrier, "barrier between seeds"}}};

/// (G, kCompared)
struct Comparison {
  std::vector<MedianComparison> pairs;
  const MedianComparison& at(std::size_t group, std::size_t compared) const {
    return pairs[group * kCompared.size() + compared];
  }
};

// What rounding alone can make is none.
std::vector<double> values_of(const StudyReport& report, const std::vector<std::size_t>& rows, Q quantity) {
  const auto least = [&](std::size_t row) {
    if (quantity == Q::index) return report.at(row, Q::resolution);
    return quantity == Q::persistence_mean ? report.at(row, Q::persistence_resolution) : 0.0;
  };
  std::vector<double> values;
  for (const std::size_t row : rows) {
    const double value = report.at(row, quantity);
    values.push_back(value <= least(row) ? 0.0 : value);
  }
  return values;
}

const StudyReport& report_of(const std::vector<StudyReport>& reports, LossKind loss) {
  return *std::ranges::find(reports, loss, &StudyReport::loss);
}

Comparison compare(const std::vector<StudyReport>& reports, const RunConfig& config, const StudyDesign& design) {
  const StudyReport &ritz = report_of(reports, LossKind::ritz), &galerkin = report_of(reports, LossKind::galerkin);
  Comparison comparison;
  for (const std::vector<std::size_t>& rows : design.groups) {
    for (const ComparedQuantity& compared : kCompared) {
      comparison.pairs.push_back(compare_medians(values_of(ritz, rows, compared.quantity),
                                                 values_of(galerkin, rows, compared.quantity), config.confidence));
    }
  }
  return comparison;
}

// A dataset of what get makes of every group's pair, one number or the two of an interval.
template <class Get>
void add_column(ResultTable<Comparison>& table, const std::string& name, const std::string& units,
                const std::string& description, std::size_t n_groups, std::size_t compared, bool is_interval, Get get) {
  const auto n = static_cast<std::int64_t>(n_groups);
  std::vector<std::int64_t> shape{n};
  if (is_interval) shape.push_back(2);
  table.add(name, units, description, is_interval ? "(G, 2)" : "(G)", shape,
            [n_groups, compared, get](const Comparison& comparison) {
              std::vector<double> values;
              for (std::size_t group = 0; group < n_groups; ++group) {
                const auto numbers = std::vector<double>(stored(get(comparison.at(group, compared))));
                values.insert(values.end(), numbers.begin(), numbers.end());
              }
              return values;
            });
}

ResultTable<Comparison> comparison_table(const RunConfig& config, const StudyDesign& design) {
  const std::size_t n = design.groups.size();
  ResultTable<Comparison> table("Ritz against Galerkin, trainings in pairs of equal seeds, G groups");
  table.add("confidence", "1", "least coverage of the intervals, by order statistics",
            [confidence = config.confidence](const Comparison&) { return confidence; });
  add_factors(table, design, false, "(G)", static_cast<std::int64_t>(n),
              [&](std::size_t group) { return design.groups[group].front(); });
  for (std::size_t c = 0; c < kCompared.size(); ++c) {
    const StudyColumn& column = study_columns()[static_cast<std::size_t>(kCompared[c].quantity)];
    const auto add = [&](const char* suffix, const std::string& description, bool is_interval, auto get) {
      add_column(table, fmt::format("{}_{}", column.name, suffix), column.units,
                 fmt::format("{} of: {}", description, column.description), n, c, is_interval, get);
    };
    const auto one = [](auto member) {
      return [member](const MedianComparison& pair) { return std::vector<double>{stored(pair.*member)}; };
    };
    const auto two = [](auto member) {
      return [member](const MedianComparison& pair) { return stored(pair.*member); };
    };
    add("difference", "median of Ritz - Galerkin", false, one(&MedianComparison::difference));
    add("difference_interval", "lower and upper bound of the median of Ritz - Galerkin", true,
        two(&MedianComparison::difference_interval));
    add("ratio", "median of Ritz / Galerkin, where all are positive,", false, one(&MedianComparison::ratio));
    add("ratio_interval", "lower and upper bound of the median of Ritz / Galerkin", true,
        two(&MedianComparison::ratio_interval));
    add("pairs", "pairs of trainings that have it", false,
        [](const MedianComparison& pair) { return std::vector<double>{static_cast<double>(pair.n)}; });
    add("larger", "1 where Ritz has more, -1 where Galerkin has, 0 where the interval of the difference holds 0", false,
        [](const MedianComparison& pair) { return std::vector<double>{static_cast<double>(pair.larger())}; });
  }
  return table;
}

std::string answer(int larger) { return larger > 0 ? "yes" : larger < 0 ? "no, Galerkin is" : "not decided"; }

std::string number_cell(const std::optional<double>& value) { return cell(value, "{:.4g}"); }

std::string settings_of_group(const StudyDesign& design, std::size_t group) {
  std::string text;
  for (std::size_t f = 0; f < design.factors.size(); ++f) {
    if (design.factors[f].is_seed()) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", design.factors[f].options.front(),
                        design.value(f, design.groups[group].front()));
  }
  return text;
}

}  // namespace

bool has_comparison(const RunConfig& config, const StudyDesign& design) {
  return config.losses.size() == 2 && design.has_seeds();
}

ResultGroup comparison_results(const RunConfig& config, const StudyDesign& design,
                               const std::vector<StudyReport>* reports) {
  const ResultTable<Comparison> table = comparison_table(config, design);
  if (reports == nullptr) return table.group("study/comparison", nullptr);
  const Comparison comparison = compare(*reports, config, design);
  return table.group("study/comparison", &comparison);
}

std::string comparison_text(const std::vector<StudyReport>& reports, const RunConfig& config,
                            const StudyDesign& design) {
  const Comparison comparison = compare(reports, config, design);
  TextTable table{{"", "n", "Ritz", "Galerkin", "ratio", "interval", "rougher?"}};
  int n_asked = 0, n_yes = 0, n_no = 0;
  for (std::size_t group = 0; group < design.groups.size(); ++group) {
    const std::string settings = settings_of_group(design, group);
    if (!settings.empty()) table.push_back({settings + ":"});
    for (std::size_t c = 0; c < kCompared.size(); ++c) {
      const MedianComparison& pair = comparison.at(group, c);
      if (pair.n == 0) continue;
      ++n_asked;
      n_yes += pair.larger() > 0 ? 1 : 0;
      n_no += pair.larger() < 0 ? 1 : 0;
      const std::string interval =
          pair.ratio_interval ? interval_cell(pair.ratio_interval->lower, pair.ratio_interval->upper) : "-";
      table.push_back({fmt::format("  {}", kCompared[c].title), fmt::format("{}", pair.n), number_cell(pair.first),
                       number_cell(pair.second), cell(pair.ratio, "{:.3g}"), interval, answer(pair.larger())});
    }
  }
  return fmt::format("Is Ritz rougher than Galerkin? Medians over seeds, the ratio in pairs with {:g} % intervals\n{}",
                     100.0 * config.confidence, aligned(table, 1)) +
         wrapped(
             fmt::format("{} of {} are decided, {} for Ritz and {} for Galerkin; of so many up to {:.2g} would be by "
                         "chance alone. Not decided: the interval of the median difference holds zero. A ratio "
                         "stands where all values of both are positive.",
                         n_yes + n_no, n_asked, n_yes, n_no, (1.0 - config.confidence) * n_asked),
             kTextWidth);
}

}  // namespace landscape
