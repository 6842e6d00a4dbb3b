// Profiles of losses as blocks of the file: /profiles/<loss>, and below it those with further point sets.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "landscape/job/analysis.hpp"
#include "landscape/job/rows.hpp"
#include "landscape/math/total_variation.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/index.hpp"

namespace landscape {

/// The profiles of one loss: with the points of the run (set 0), or with one of its further point sets.
struct ProfileKey {
  LossKind loss = LossKind::ritz;
  int set = 0;
  ProfileKey(LossKind of, int with_set = 0) : loss(of), set(with_set) {}
  friend bool operator==(const ProfileKey&, const ProfileKey&) = default;
};

/// "profiles/ritz" or "profiles/ritz/point_sets/2".
std::string profile_group(ProfileKey key);

/// "roughness/ritz"
std::string result_group(LossKind loss);
inline constexpr const char* kComparisonGroup = "roughness/comparison";

/// "Ritz" or "Galerkin"
std::string title(LossKind loss);

/// The losses whose profiles there are, ritz before galerkin.
std::vector<LossKind> profile_losses(const Rows& rows);

/// One loss's profiles along random or given directions, without attributes and columns of their own.
Work profile_work(const RunConfig& config, ProfileKey key, std::vector<double> steps);

/// The index of one set of profiles, by the settings' bootstrap.
struct IndexEstimate {
  RoughnessIndex index;
  std::optional<IndexInterval> interval;
  std::optional<double> resolution;  // an index up to here is zero at rounding level
  bool is_zero() const { return index.index && resolution && *index.index <= *resolution; }
};
IndexEstimate estimate_index(std::span<const ProfileDiagnostics> profiles, const RunConfig& config);

/// What rounding can do to the losses of these profiles.
math::LossError<double> loss_error(const Rows& rows, const RunConfig& config, ProfileKey key);

/// What directions were drawn or taken from: attributes of profiles.
AttributeList direction_attributes(const RunConfig& config);

/// Whether they are drawn from N(0, 1) in all parameters.
bool has_gaussian_directions(const RunConfig& config);

/// "100 directions (norm filter, bias zero)"
std::string directions_text(const RunConfig& config);
/// The header's lines on the quadrature.
std::string quadrature_lines(const RunConfig& config);

}  // namespace landscape
