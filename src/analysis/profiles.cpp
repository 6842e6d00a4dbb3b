// Names, places and words of profiles.
#include "landscape/analysis/profiles.hpp"

#include <fmt/format.h>

#include "landscape/backend/loss_rounding.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"

namespace landscape {
namespace {

// What the number in a rule's name counts, where it is not the points.
std::string quadrature_text(const QuadratureRule& rule, int dimension) {
  const bool is_simpson = rule.kind == QuadratureKind::simpson || rule.kind == QuadratureKind::simpson_as_published;
  const std::string n = count_text(rule.n);
  if (is_simpson) return fmt::format("{} ({} interval{} with midpoints)", to_string(rule), n, rule.n == 1 ? "" : "s");
  if (rule.kind == QuadratureKind::gauss && dimension > 1) return fmt::format("{} ({} per axis)", to_string(rule), n);
  return to_string(rule);
}

}  // namespace

std::string profile_group(ProfileKey key) {
  const std::string main = "profiles/" + to_string(key.loss);
  return key.set == 0 ? main : fmt::format("{}/point_sets/{}", main, key.set);
}

std::string result_group(LossKind loss) { return "roughness/" + to_string(loss); }

std::string title(LossKind loss) { return loss == LossKind::ritz ? "Ritz" : "Galerkin"; }

std::vector<LossKind> profile_losses(const Rows& rows) {
  std::vector<LossKind> found;
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    if (rows.has_block(profile_group(loss))) found.push_back(loss);
  }
  return found;
}

Work profile_work(const RunConfig& config, ProfileKey key, std::vector<double> steps) {
  Work work;
  work.loss = key.loss;
  work.lines = to_string(key.loss);
  work.point_set = key.set;
  Block& block = work.block;
  block.group = profile_group(key);
  block.rows = config.n_directions;
  block.columns = static_cast<std::int64_t>(steps.size());
  block.values = "loss";
  block.description = "L(theta* + s_j d_k)";
  block.axis = {"steps", "steps s_j along a direction", steps};
  work.steps = std::move(steps);
  if (key.set == 0 && config.save_directions) {
    block.row_vectors = {"direction", "direction d_k, parameters as in theta",
                         static_cast<std::int64_t>(ParameterLayout(config.network).size())};
  }
  return work;
}

math::LossError<double> loss_error(const Rows& rows, const RunConfig& config, ProfileKey key) {
  const Minimizer minimizer = rows.minimizer(to_string(key.loss));
  return loss_rounding(minimizer.spec, config.problem, key.loss, minimizer.theta, points_of_set(config, key.set),
                       config.precision);
}

IndexEstimate estimate_index(std::span<const ProfileDiagnostics> profiles, const RunConfig& config) {
  std::vector<double> usable;
  for (const ProfileDiagnostics& profile : profiles) {
    if (profile.status == DirectionStatus::usable) usable.push_back(profile.total_variation);
  }
  return {roughness_index(profiles), index_interval(usable, bootstrap_options(config)), index_resolution(profiles)};
}

AttributeList direction_attributes(const RunConfig& config) {
  AttributeList attributes{{"quadrature", to_string(config.quadrature)},
                           {"seed", config.direction_seed},
                           {"precision", to_string(config.precision)}};
  if (config.directions_from.empty()) {
    attributes.emplace_back("norm", to_string(config.norm));
    attributes.emplace_back("bias", to_string(config.bias));
  } else {
    attributes.emplace_back("directions_from", config.directions_from);
  }
  return attributes;
}

bool has_gaussian_directions(const RunConfig& config) {
  return config.directions_from.empty() && config.norm == DirectionNorm::none && config.bias == BiasMode::gaussian;
}

std::string directions_text(const RunConfig& config) {
  const std::string how = config.directions_from.empty()
                              ? fmt::format("norm {}, bias {}", to_string(config.norm), to_string(config.bias))
                              : fmt::format("from {}", config.directions_from);
  return fmt::format("{} direction{} ({})", count_text(config.n_directions), config.n_directions == 1 ? "" : "s", how);
}

std::string quadrature_lines(const RunConfig& config) {
  const PointSet points = profile_points(config);
  const auto count = [](std::size_t n) { return count_text(static_cast<std::int64_t>(n)); };
  return fmt::format(
      "Quadrature  {}, {} points{}\n", quadrature_text(config.quadrature, config.network.dimension),
      count(points.size()),
      points.n_boundary > 0 ? fmt::format(", {} of them on the boundary", count(points.n_boundary)) : "");
}

}  // namespace landscape
