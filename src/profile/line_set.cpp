// Starts and directions are stored apart, so that a plane of many rows holds its one direction once.
#include "landscape/profile/line_set.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "landscape/math/elementary.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

std::int64_t available(const DirectionSet& directions) {
  if (!directions.is_given()) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(directions.given_rows().size() / directions.parameter_count());
}

}  // namespace

LineSet::LineSet(DirectionSet directions) : directions_(std::move(directions)), n_directions_(available(directions_)) {}

LineSet::LineSet(DirectionSet directions, std::int64_t n_directions, std::vector<double> starts)
    : directions_(std::move(directions)), starts_(std::move(starts)), n_directions_(n_directions) {
  if (starts_.empty() || starts_.size() % parameter_count() != 0)
    throw Error(fmt::format("Starts of {} numbers are no rows of {} parameters.", starts_.size(), parameter_count()));
  if (n_directions < 1 || n_directions > available(directions_))
    throw Error(fmt::format("Lines along {} directions need as many, at least one.", n_directions));
}

LineSet LineSet::through(const NetworkSpec& spec, std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size())
    throw Error(fmt::format("A line through points of {} and {} parameters is none.", a.size(), b.size()));
  std::vector<double> difference(b.begin(), b.end());
  for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= a[i];
  return LineSet(DirectionSet(spec, a, std::move(difference)));
}

LineSet LineSet::plane(const NetworkSpec& spec, std::span<const double> origin, std::span<const double> along,
                       std::span<const double> across, std::span<const double> offsets) {
  if (along.size() != origin.size() || across.size() != origin.size())
    throw Error("The axes of a plane do not fit its origin.");
  std::vector<double> starts;
  starts.reserve(offsets.size() * origin.size());
  for (const double t : offsets) {
    for (std::size_t i = 0; i < origin.size(); ++i) starts.push_back(math::fma(t, across[i], origin[i]));
  }
  return LineSet(DirectionSet(spec, origin, std::vector<double>(along.begin(), along.end())), 1, std::move(starts));
}

std::span<const double> LineSet::start(std::int64_t k) const {
  const std::size_t n = parameter_count();
  return starts().subspan(static_cast<std::size_t>(k / n_directions_) * n, n);
}

void LineSet::require_items(std::int64_t n_steps, std::int64_t first, std::int64_t count) const {
  if (count == 0) return;
  const bool endless = n_directions_ == std::numeric_limits<std::int64_t>::max();
  const std::int64_t last_line = (first + count - 1) / n_steps;
  if (first >= 0 && count > 0 && (endless || last_line < n_starts() * n_directions_)) return;
  throw Error(fmt::format("Line {} is asked for, but there are only {} starts with {} directions each.", last_line,
                          n_starts(), n_directions_));
}

}  // namespace landscape
