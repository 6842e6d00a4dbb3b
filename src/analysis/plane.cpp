// Vectors of the parameters' length, added up in their order: the same bits on every rank.
#include "landscape/analysis/plane.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "landscape/model/error.hpp"
#include "landscape/model/unit_matching.hpp"

namespace landscape {
namespace {

constexpr double kLeastAngle = 1e-10;  // sine, of two directions that span a plane

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

std::vector<double> difference(std::span<const double> a, std::span<const double> b) {
  std::vector<double> d(a.begin(), a.end());
  for (std::size_t i = 0; i < d.size(); ++i) d[i] -= b[i];
  return d;
}

// Takes out the part of `v` along `u` and returns how much of `u` that was.
double make_orthogonal(std::span<double> v, std::span<const double> u) {
  double removed = 0.0;
  for (int pass = 0; pass < 2; ++pass) {  // the second one takes what the first one's rounding left
    const double part = dot(v, u) / dot(u, u);
    for (std::size_t i = 0; i < v.size(); ++i) v[i] -= part * u[i];
    removed += part;
  }
  return removed;
}

// The same, and `v` keeps its length.
void turn_orthogonal(std::span<double> v, std::span<const double> u) {
  const double length = std::sqrt(dot(v, v));
  make_orthogonal(v, u);
  const double factor = length / std::sqrt(dot(v, v));
  for (double& x : v) x *= factor;
}

// Random or given directions around a minimizer.
DirectionSet directions_around(const RunConfig& config, const Minimizer& minimizer, const std::vector<double>& given) {
  if (!given.empty()) return DirectionSet(minimizer.spec, minimizer.theta, given);
  return DirectionSet(minimizer.spec, minimizer.theta, config.direction_seed, config.norm, config.bias);
}

void require_plane(const Plane& plane, const std::string& what) {
  if (!(dot(plane.along, plane.along) > 0.0)) throw UsageError(what + " the first direction has no length.");
  if (plane.across.empty()) return;
  std::vector<double> rest = plane.across;
  make_orthogonal(rest, plane.along);
  if (!(std::sqrt(dot(rest, rest)) > kLeastAngle * std::sqrt(dot(plane.across, plane.across))))
    throw UsageError(what + " the two directions lie on one line.");
}

Plane plane_through(const RunConfig& config, std::span<const Minimizer> minimizers, const std::vector<double>& given,
                    bool matched) {
  const std::vector<std::string>& through = config.surface.through;
  const auto at = [&](std::size_t i) -> const Minimizer& {
    return find_minimizer(minimizers, name_on_plane(through[i], i));
  };
  const std::vector<double> b = matched ? match_units(at(0).spec, at(0).theta, at(1).theta) : at(1).theta;
  Plane plane{at(0).theta, difference(b, at(0).theta), {}, {{0.0, 0.0}, {1.0, 0.0}}};
  if (matched && config.surface.is_line()) return plane;
  if (through.size() == 3) {
    plane.across = difference(at(2).theta, at(0).theta);
  } else if (!config.surface.is_line()) {
    plane.across.resize(plane.origin.size());
    directions_around(config, at(0), given).generate(0, plane.across);
  }
  require_plane(plane, "--through names networks that span no plane:");
  if (through.size() == 3) {
    const double part = config.surface.orthogonal ? make_orthogonal(plane.across, plane.along) : 0.0;
    plane.positions.push_back({part, 1.0});
  } else if (config.surface.orthogonal) {
    turn_orthogonal(plane.across, plane.along);
  }
  return plane;
}

Plane plane_around(const RunConfig& config, const Minimizer& minimizer, const std::vector<double>& given) {
  const DirectionSet directions = directions_around(config, minimizer, given);
  Plane plane{minimizer.theta, std::vector<double>(minimizer.theta.size()), {}, {{0.0, 0.0}}};
  directions.generate(0, plane.along);
  if (!config.surface.is_line()) {
    plane.across.resize(minimizer.theta.size());
    directions.generate(1, plane.across);
  }
  require_plane(plane, fmt::format("Around the minimizer {} the directions span no plane:", minimizer.name));
  if (config.surface.orthogonal) turn_orthogonal(plane.across, plane.along);
  return plane;
}

}  // namespace

Plane make_plane(const RunConfig& config, std::span<const Minimizer> minimizers, const std::string& around,
                 const std::vector<double>& given, bool matched) {
  if (!config.surface.through.empty()) return plane_through(config, minimizers, given, matched);
  return plane_around(config, find_minimizer(minimizers, around), given);
}

LineSet lines_of(const Plane& plane, const NetworkSpec& spec, std::span<const double> y) {
  if (plane.across.empty()) return LineSet(DirectionSet(spec, plane.origin, plane.along));
  return LineSet::plane(spec, plane.origin, plane.along, plane.across, y);
}

}  // namespace landscape
