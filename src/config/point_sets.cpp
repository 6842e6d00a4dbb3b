// Which sets there are.
#include "landscape/config/point_sets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "landscape/model/error.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kFewestReferencePoints = 32768;

}  // namespace

std::vector<FurtherSet> further_sets(const RunConfig& config) {
  std::vector<FurtherSet> sets;
  if (config.point_sets == 0) return sets;
  const auto n = static_cast<std::uint64_t>(config.point_sets);
  for (std::uint64_t stream = 1; stream < (own_points_count(config) ? n : n + 1); ++stream)
    sets.push_back({config.quadrature, stream, false});
  sets.push_back({reference_rule(config), 0, true});
  return sets;
}

bool own_points_count(const RunConfig& config) { return config.quadrature.kind == QuadratureKind::monte_carlo; }

QuadratureRule reference_rule(const RunConfig& config) {
  if (config.reference_quadrature) return *config.reference_quadrature;
  switch (config.network.dimension) {
    case 1:
      return {QuadratureKind::gauss, 256};
    case 2:
      return {QuadratureKind::gauss, 48};
    case 3:
      return {QuadratureKind::gauss, 20};
    default:
      break;
  }
  const auto several = static_cast<std::uint64_t>(std::max(kFewestReferencePoints, 4 * config.quadrature.n));
  return {QuadratureKind::sobol, static_cast<std::int64_t>(std::bit_ceil(several))};
}

bool uses_reference(const RunConfig& config) {
  return config.point_sets > 0 ||
         std::ranges::any_of(config.metrics, [](Metric metric) { return metric != Metric::gradient; });
}

int reference_set(const RunConfig& config) { return std::max(1, static_cast<int>(further_sets(config).size())); }

PointSet profile_points(const RunConfig& config) {
  return loss_points(config.problem, config.quadrature, config.network.dimension, config.seed, 0);
}

PointSet points_of_set(const RunConfig& config, int set) {
  if (set == 0) return profile_points(config);
  const FurtherSet further = set == reference_set(config) ? FurtherSet{reference_rule(config), 0, true}
                                                          : further_sets(config).at(static_cast<std::size_t>(set) - 1);
  return loss_points(config.problem, further.rule, config.network.dimension, config.seed, further.stream);
}

std::string set_name(const RunConfig& config, int set) {
  const FurtherSet further = further_sets(config).at(static_cast<std::size_t>(set) - 1);
  return further.is_reference ? "reference " + to_string(further.rule) : fmt::format("point set {}", set);
}

void validate_point_sets(const RunConfig& config) {
  if (config.reference_quadrature && !uses_reference(config)) {
    throw UsageError(
        "--reference-quadrature belongs to --point-sets and to --metrics reference, l2 or h1: give one of these, too.");
  }
  if (config.point_sets > 0 && !is_random(config.quadrature)) {
    throw UsageError(fmt::format(
        "--point-sets {} needs random points: {} is one fixed set, and deterministic rules have no independent sets; "
        "use --quadrature monte-carlo:N or sobol:N, or compare with a finer rule.",
        config.point_sets, to_string(config.quadrature)));
  }
  if (!config.reference_quadrature || !is_random(*config.reference_quadrature)) return;
  const QuadratureRule& reference = *config.reference_quadrature;
  if (reference.kind == QuadratureKind::monte_carlo || reference.n <= config.quadrature.n) {
    throw UsageError(
        fmt::format("--reference-quadrature {} is no better than --quadrature {}: use gauss:N, or sobol:N with more "
                    "than {} points.",
                    to_string(reference), to_string(config.quadrature), config.quadrature.n));
  }
}

}  // namespace landscape
