// What is known of the trainings of a study (study.hpp), of one loss.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "landscape/model/network_spec.hpp"
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

}  // namespace landscape
