// Sums in index order over the directions that are usable with every set.
#include "landscape/roughness/quadrature_noise.hpp"

#include <fmt/format.h>

#include "landscape/model/error.hpp"
#include "landscape/roughness/index.hpp"
#include "moments.hpp"

namespace landscape {
namespace {

/// Directions usable with every set, by column.
std::vector<std::size_t> common_directions(std::span<const DirectionStatus> status, std::size_t n_sets,
                                           std::size_t n_directions) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < n_directions; ++i) {
    bool usable = true;
    for (std::size_t k = 0; k < n_sets && !status.empty(); ++k) {
      usable = usable && status[k * n_directions + i] == DirectionStatus::usable;
    }
    if (usable) columns.push_back(i);
  }
  return columns;
}

/// The mean squares of the two-way layout; rows[k][i], K >= 2 rows of M >= 2.
void set_variances(const std::vector<std::vector<double>>& rows, QuadratureNoise& result) {
  const auto n_sets = static_cast<double>(rows.size());
  const auto n_directions = static_cast<double>(rows[0].size());
  std::vector<double> direction_means, deviations(rows.size());
  for (std::size_t i = 0; i < rows[0].size(); ++i) {
    for (std::size_t k = 0; k < rows.size(); ++k) deviations[k] = rows[k][i];
    direction_means.push_back(detail::moments_of(deviations).mean);
  }
  const detail::Moments of_directions = detail::moments_of(direction_means);
  const detail::Moments of_sets = detail::moments_of(result.mean_per_set);
  double rest = 0.0;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const double set_effect = result.mean_per_set[k] - of_sets.mean;
    for (std::size_t i = 0; i < rows[k].size(); ++i) {
      const double e = (rows[k][i] - direction_means[i]) - set_effect;
      rest += e * e;
    }
  }
  const double ms_directions = n_sets * of_directions.sum_squares / (n_directions - 1.0);
  const double ms_sets = n_directions * of_sets.sum_squares / (n_sets - 1.0);
  const double ms_rest = rest / ((n_sets - 1.0) * (n_directions - 1.0));
  const double directions = (ms_directions - ms_rest) / n_sets, sets = (ms_sets - ms_rest) / n_directions;
  result.variance_directions = directions > 0.0 ? directions : 0.0;
  result.variance_points = (sets > 0.0 ? sets : 0.0) + ms_rest;
  result.points_dominate_profiles = *result.variance_points > *result.variance_directions;
}

}  // namespace

QuadratureNoise split_quadrature_noise(std::span<const double> total_variation, std::int64_t n_sets,
                                       std::span<const DirectionStatus> status) {
  if (n_sets < 1 || total_variation.size() % static_cast<std::size_t>(n_sets) != 0) {
    throw Error(fmt::format("{} total variations do not divide over {} point sets.", total_variation.size(), n_sets));
  }
  if (!status.empty() && status.size() != total_variation.size()) {
    throw Error(fmt::format("{} total variations come with {} statuses.", total_variation.size(), status.size()));
  }
  const auto sets = static_cast<std::size_t>(n_sets);
  const std::size_t n_directions = total_variation.size() / sets;
  usable_values(total_variation, status);  // refuses impossible values
  const std::vector<std::size_t> columns = common_directions(status, sets, n_directions);

  QuadratureNoise result;
  result.n_sets = n_sets;
  result.n_directions = static_cast<std::int64_t>(n_directions);
  result.n_used = static_cast<std::int64_t>(columns.size());
  std::vector<std::vector<double>> rows(sets);
  std::vector<double> indices, errors;
  for (std::size_t k = 0; k < sets; ++k) {
    for (const std::size_t i : columns) rows[k].push_back(total_variation[k * n_directions + i]);
    const RoughnessIndex index = roughness_index(rows[k]);
    result.index_per_set.push_back(index.index);
    if (index.mean) result.mean_per_set.push_back(*index.mean);
    if (index.index) indices.push_back(*index.index);
    if (index.jackknife_error) errors.push_back(*index.jackknife_error);
  }
  if (indices.empty()) return result;
  const detail::Moments of_indices = detail::moments_of(indices);
  result.index_mean = of_indices.mean;
  if (!errors.empty()) result.index_sampling_error = detail::moments_of(errors).mean;
  if (sets < 2) return result;
  result.index_spread = of_indices.standard_deviation(1.0);
  result.points_dominate_index = result.index_sampling_error && *result.index_spread > *result.index_sampling_error;
  set_variances(rows, result);
  return result;
}

}  // namespace landscape
