// Moments in direction order (moments.hpp); the jackknife leaves out one value at a time in closed form.
#include "landscape/roughness/index.hpp"

#include <fmt/format.h>

#include <cmath>

#include "landscape/model/error.hpp"
#include "moments.hpp"

namespace landscape {
namespace {

void check_shapes(std::span<const double> total_variation, std::span<const DirectionStatus> status) {
  if (!status.empty() && status.size() != total_variation.size()) {
    throw Error(fmt::format("{} total variations come with {} statuses.", total_variation.size(), status.size()));
  }
}

/// Jackknife standard error sqrt((n-1)/n sum (RI_(i) - mean RI_(i))^2); n >= 3.
double jackknife_error(std::span<const double> values, const detail::Moments& all) {
  std::vector<double> without(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) without[i] = detail::index_without(all, values[i]);
  return std::sqrt((all.n - 1.0) / all.n * detail::moments_of(without).sum_squares);
}

RoughnessIndex index_of(std::span<const double> values) {
  RoughnessIndex result;
  result.n_used = static_cast<std::int64_t>(values.size());
  if (values.empty()) return result;
  const detail::Moments all = detail::moments_of(values);
  result.mean = all.mean;
  if (values.size() < 2) return result;
  result.standard_deviation = all.standard_deviation(1.0);
  result.index = *result.standard_deviation / all.mean;
  if (values.size() >= 3) result.jackknife_error = jackknife_error(values, all);
  return result;
}

void count(DirectionStatus status, RoughnessIndex& result) {
  if (status == DirectionStatus::flat) ++result.n_flat;
  if (status == DirectionStatus::unresolved) ++result.n_unresolved;
  if (status == DirectionStatus::non_finite) ++result.n_non_finite;
  if (status == DirectionStatus::incomplete) ++result.n_incomplete;
}

/// The chosen member of every usable profile, in direction order.
template <class Member>
std::vector<double> column(std::span<const ProfileDiagnostics> profiles, Member ProfileDiagnostics::*member) {
  std::vector<double> values;
  values.reserve(profiles.size());
  for (const ProfileDiagnostics& d : profiles) {
    if (d.status == DirectionStatus::usable) values.push_back(d.*member);
  }
  return values;
}

}  // namespace

std::vector<double> usable_values(std::span<const double> total_variation, std::span<const DirectionStatus> status) {
  check_shapes(total_variation, status);
  std::vector<double> values;
  values.reserve(total_variation.size());
  for (std::size_t k = 0; k < total_variation.size(); ++k) {
    if (!status.empty() && status[k] != DirectionStatus::usable) continue;
    const double t = total_variation[k];
    if (!(t > 0.0) || !std::isfinite(t)) {
      throw Error(fmt::format("Direction {} is marked usable but its total variation is {}.", k, t));
    }
    values.push_back(t);
  }
  return values;
}

RoughnessIndex roughness_index(std::span<const double> total_variation, std::span<const DirectionStatus> status) {
  RoughnessIndex result = index_of(usable_values(total_variation, status));
  result.n_directions = static_cast<std::int64_t>(total_variation.size());
  for (const DirectionStatus s : status) count(s, result);
  return result;
}

RoughnessIndex roughness_index(std::span<const ProfileDiagnostics> profiles) {
  std::vector<double> total_variation;
  std::vector<DirectionStatus> status;
  for (const ProfileDiagnostics& d : profiles) {
    total_variation.push_back(d.total_variation);
    status.push_back(d.status);
  }
  return roughness_index(total_variation, status);
}

std::optional<IndexSplit> split_index(std::span<const ProfileDiagnostics> profiles) {
  const std::vector<double> t = column(profiles, &ProfileDiagnostics::total_variation);
  if (t.size() < 2) return std::nullopt;
  const std::vector<double> tilt = column(profiles, &ProfileDiagnostics::tilt);
  const detail::Moments all = detail::moments_of(t), of_tilt = detail::moments_of(tilt);
  IndexSplit split{of_tilt.mean, all.mean - of_tilt.mean, std::nullopt, std::nullopt};
  if (all.sum_squares > 0.0) {
    split.tilt_share = detail::sum_of_products(t, all, tilt, of_tilt) / all.sum_squares;
    split.oscillation_share = 1.0 - *split.tilt_share;
  }
  return split;
}

std::optional<double> index_resolution(std::span<const ProfileDiagnostics> profiles) {
  const std::vector<double> t = column(profiles, &ProfileDiagnostics::total_variation);
  if (t.size() < 2) return std::nullopt;
  double sum = 0.0;
  for (const double r : column(profiles, &ProfileDiagnostics::rounding)) sum += r * r;
  return std::sqrt(sum / (static_cast<double>(t.size()) - 1.0)) / detail::moments_of(t).mean;
}

std::vector<IndexAtCount> index_against_count(std::span<const double> total_variation,
                                              std::span<const DirectionStatus> status,
                                              std::span<const std::int64_t> counts) {
  check_shapes(total_variation, status);
  std::vector<IndexAtCount> curve;
  for (const std::int64_t n : counts) {
    if (n < 0 || n > static_cast<std::int64_t>(total_variation.size())) {
      throw Error(fmt::format("The index of the first {} of {} directions was asked for.", n, total_variation.size()));
    }
    const auto first = static_cast<std::size_t>(n);
    const RoughnessIndex at =
        roughness_index(total_variation.first(first), status.empty() ? status : status.first(first));
    curve.push_back({n, at.n_used, at.index, at.jackknife_error});
  }
  return curve;
}

}  // namespace landscape
