// The command directions: RI of each loss along several kinds of directions from its minimizer (direction_kind.hpp),
// side by side. Random, top and bulk ones have direction k of each made of the same normal numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "landscape/analysis/profiles.hpp"
#include "landscape/io/results.hpp"
#include "landscape/roughness/mean_interval.hpp"

namespace landscape {

/// Fills in the kinds. Throws UsageError where one cannot be.
void settle_directions(RunConfig& config);

/// "profiles/ritz/top_5": the block of the losses, whose directions are stored beside them unless they are random.
std::string kind_profile_group(LossKind loss, const DirectionKind& kind);
/// "directions/ritz/top_5"
std::string kind_group(LossKind loss, const DirectionKind& kind);
/// Step of the farther end of the grid.
double farther_end(const ProfileGrid& grid);
/// What a kind is scaled by, in words.
std::string scaling_text(const RunConfig& config, const DirectionKind& kind);

struct KindReport : IndexEstimate {  // of a single direction without index
  DirectionKind kind;
  std::vector<ProfileDiagnostics> profiles;  // (M), or one
  MeanEstimate curvature;                    // f'' at s = 0, unit of f / s^2
  double length = 0.0;                       // sqrt(E |d|^2) of random directions, unit of theta
  double highest_end = 0.0;                  // the greatest f at an end of a usable profile
  std::optional<double> other_at;            // of towards: step at which the other minimizer lies
  std::int64_t n_damaged = 0;
  double seconds = 0.0;
};

struct KindsOfLoss {
  LossKind loss = LossKind::ritz;
  std::vector<KindReport> kinds;
};

std::vector<KindsOfLoss> reduce_directions(const Rows& rows, const RunConfig& config);
/// Without losses, undefined.
std::vector<ResultGroup> directions_results(const RunConfig& config, const std::vector<KindsOfLoss>* losses = nullptr);
std::vector<RowValues> kind_columns(const KindReport& kind);
/// A table per loss. At most 100 columns; ends with a newline.
std::string directions_report(const RunConfig& config, const std::vector<KindsOfLoss>& losses);

}  // namespace landscape
