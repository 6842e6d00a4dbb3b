// The command study: many trainings as one job. Every combination of the values of --vary is trained once per loss, by
// whichever rank is free; its row holds the losses that the training ended with, the errors of u, the length of the
// gradient, RI with its interval, how deep the profiles' basins are and, where asked for, what the Hessian's eigenvalues
// say. Rows that differ in their seeds only are one group, whose medians have intervals from order statistics; of two
// losses such a group answers which of them is rougher, in pairs of equal seeds.
//
// Block trainings/<loss> (R, C): row r is combination r of --vary, the last factor changing fastest; column c is
// quantity c of study_columns(). A training whose loss is no longer finite has the quantity diverged 1 and all
// others undefined.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "landscape/config/factors.hpp"
#include "landscape/io/results.hpp"
#include "landscape/job/analysis.hpp"
#include "landscape/roughness/median_interval.hpp"

namespace landscape {

/// What is known of one training: its column in the block.
enum class StudyQuantity {
  loss,
  loss_error,
  training_loss,
  lowest_training_loss,
  relative_l2_error,
  relative_h1_error,
  gradient_norm,
  index,
  index_lower,
  index_upper,
  mean,
  used,
  resolution,
  persistence_mean,
  persistence_resolution,
  smad_normalised,
  below_minimum,
  largest_eigenvalue,
  smallest_eigenvalue,
  negative_share,
  condition,
  barrier,
  diverged
};
inline constexpr std::size_t kStudyQuantities = 23;

struct StudyColumn {
  const char* name;
  const char* units;
  const char* description;
};
/// By StudyQuantity.
std::span<const StudyColumn> study_columns();

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

/// Where the rows of a group have one quantity.
struct StudyMedian {
  std::int64_t n = 0;  // of finite values
  std::optional<double> median;
  std::optional<MedianInterval> interval;
};

/// Rows that differ in their seeds only.
struct StudyGroup {
  std::vector<std::size_t> rows;
  std::vector<StudyMedian> medians;  // of the quantities that are summarised
};

struct StudyReport {
  LossKind loss = LossKind::ritz;
  std::vector<double> values;  // (R, C), of damaged rows undefined
  std::vector<StudyGroup> groups;
  std::int64_t n_damaged = 0;
  double seconds = 0.0;

  double at(std::size_t row, StudyQuantity quantity) const {
    return values[row * kStudyQuantities + static_cast<std::size_t>(quantity)];
  }
};

std::string study_group(LossKind loss);  // "trainings/ritz"

std::vector<StudyReport> reduce_study(const Rows& rows, const RunConfig& config);
/// "study/ritz" with every quantity and factor (R), where seeds vary "study/medians/ritz" (G), and of both losses
/// "study/comparison" (G); without reports, undefined.
std::vector<ResultGroup> study_results(const RunConfig& config, const std::vector<StudyReport>* reports = nullptr);
/// A table per loss: of all trainings where they are few, of the medians where seeds vary; then the comparison. Ends
/// with a newline.
std::string study_text(const std::vector<StudyReport>& reports, const RunConfig& config);

}  // namespace landscape
