// The command study: many trainings as one job. Every combination of the values of --vary is trained once per loss, by
// whichever rank is free; its row holds the losses that the training ended with, the errors of u, the length of the
// gradient, RI with its interval, how deep the profiles' basins are and, where asked for, what the Hessian's
// eigenvalues say. Rows that differ in their seeds only are one group, whose medians have intervals from order
// statistics; of two losses such a group answers which of them is rougher, in pairs of equal seeds.
//
// Block trainings/<loss> (R, C): row r is combination r of --vary, the last factor changing fastest; column c is
// quantity c of study_columns() (study_report.hpp). A training whose loss is no longer finite has the quantity diverged
// 1 and all others undefined.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "landscape/analysis/study_report.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/io/results.hpp"
#include "landscape/job/analysis.hpp"

namespace landscape {

/// What a row has beside the index: --eigenvalues, --barriers.
struct StudyExtras {
  bool eigenvalues = false;
  bool barriers = false;
};
/// Trains by the settings of one combination, `config` with one loss, and measures: row (kStudyQuantities). A function
/// of config and extras alone. Throws TrainingStopped where tools.go_on says no.
void make_study_row(const RowTools& tools, const RunConfig& config, const StudyExtras& extras, std::span<double> row);

/// A barrier leads to the minimizer of the row's settings with this added to train-seed: pairs share nothing.
inline constexpr std::uint64_t kPartnerSeed = std::uint64_t{1} << 32;

std::string study_group(LossKind loss);  // "trainings/ritz"

std::vector<StudyReport> reduce_study(const Rows& rows, const RunConfig& config);
/// "study/ritz" with every quantity and factor (R), where seeds vary "study/medians/ritz" (G), and of both losses
/// "study/comparison" (G); without reports, undefined.
std::vector<ResultGroup> study_results(const RunConfig& config, const std::vector<StudyReport>* reports = nullptr);
/// A table per loss: of all trainings where they are few, of the medians where seeds vary; then the comparison. Ends
/// with a newline.
std::string study_text(const std::vector<StudyReport>& reports, const RunConfig& config);

}  // namespace landscape
