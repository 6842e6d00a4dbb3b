// The command study: which blocks it fills.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/study.hpp"
#include "landscape/config/factors.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/job/lone_training.hpp"

namespace landscape {
namespace {

constexpr std::size_t kLongestList = 60;  // of --vary in the header

class StudyFindings : public Findings {
 public:
  StudyFindings(std::vector<StudyReport> reports, RunConfig config)
      : reports_(std::move(reports)), config_(std::move(config)) {}

  std::vector<ResultGroup> groups() const override { return study_results(config_, &reports_); }
  std::string text() const override { return study_text(reports_, config_); }

 private:
  std::vector<StudyReport> reports_;
  RunConfig config_;
};

class Study : public Analysis {
 public:
  void settle(RunConfig& config) const override {
    if (config.study.vary.empty())
      throw UsageError("study needs options that vary: give --vary \"width=2,4 train-seed=1:20\".");
    const std::vector<ExpandedFactor> factors = expanded_factors(config);
    const std::int64_t n = count_combinations(factors);
    for (std::int64_t row = 0; row < n; ++row) {
      if (config_of_combination(config, factors, row, config.losses.front()).grid_auto)
        throw UsageError("--vary: --grid auto is of the command roughness: give grids MIN:MAX:NUM.");
    }
  }

  std::vector<Work> work(const RunConfig& config) const override {
    const auto factors = std::make_shared<const std::vector<ExpandedFactor>>(expanded_factors(config));
    const std::int64_t n = count_combinations(*factors);
    std::vector<double> numbers;
    std::string names;
    for (std::size_t c = 0; c < kStudyQuantities; ++c) {
      numbers.push_back(static_cast<double>(c));
      names += fmt::format("{}{} {}", c == 0 ? "" : ", ", c, study_columns()[c].name);
    }
    std::vector<Work> all;
    for (const LossKind loss : config.losses) {
      Work work;
      work.loss = loss;
      work.block.group = study_group(loss);
      work.block.rows = n;
      work.block.columns = kStudyQuantities;
      work.block.values = "quantity";
      work.block.shape_names = "(R, C)";
      work.block.description = "row r: the training of combination r of --vary, the last factor changing fastest";
      work.block.attributes = {{"vary", to_string(config.study.vary)}};
      work.block.axis = {"column", names, numbers};
      work.make_row = [config, factors, loss](const RowTools& tools, std::int64_t row, std::span<double> values) {
        make_study_row(tools, config_of_combination(config, *factors, row, loss), {config.eigenvalues, config.barriers},
                       values);
      };
      work.row_cost = [config, factors, loss](std::int64_t row) {
        return (config.barriers ? 2.0 : 1.0) * training_cost(config_of_combination(config, *factors, row, loss));
      };
      all.push_back(std::move(work));
    }
    return all;
  }

  std::vector<ResultGroup> results(const RunConfig& config) const override { return study_results(config); }

  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const override {
    return std::make_unique<StudyFindings>(reduce_study(rows, config), config);
  }

  std::string header(const RunConfig& config) const override {
    const std::vector<ExpandedFactor> factors = expanded_factors(config);
    const std::int64_t n = count_combinations(factors);
    std::string vary = to_string(config.study.vary);
    if (vary.size() > kLongestList) {
      std::vector<std::string> counts;
      counts.reserve(factors.size());
      for (const ExpandedFactor& factor : factors)
        counts.push_back(fmt::format("{} ({} values)", factor.name(), factor.values.size()));
      vary = fmt::format("{}", fmt::join(counts, ", "));
    }
    return fmt::format("Study       {}: {} trainings{}\nProfiles    of each {} x {} steps on [{:g}, {:g}]\n", vary,
                       count_text(n), config.losses.size() > 1 ? " of each loss" : "", directions_text(config),
                       config.grid.steps().size(), config.grid.min, config.grid.max);
  }

  std::string items_name() const override { return "trainings"; }
};

}  // namespace

const Analysis& study_analysis() {
  static const Study analysis;
  return analysis;
}

}  // namespace landscape
