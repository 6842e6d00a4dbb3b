// Vectors of the parameters' length, added up in their order: the same bits on every rank.
#include "landscape/analysis/plane.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/unit_matching.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

constexpr double kLeastAngle = 1e-10;           // sine, of two directions that span a plane
constexpr std::size_t kMostCheckpoints = 4000;  // of a path: the matrix of their products is dense

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
  require_plane(plane,
                fmt::format("Around the minimizer {} the directions span no plane (--bias random gives them more "
                            "room, --y left out makes a line):",
                            minimizer.name));
  if (config.surface.orthogonal) turn_orthogonal(plane.across, plane.along);
  return plane;
}

// Uncentred: about theta*, where the plane has its origin. The components come from the K x K matrix of products.
Plane plane_of_path(const RunConfig& config, const Minimizer& minimizer) {
  const TrainingPath& path = minimizer.path;
  const std::size_t k = path.epoch.size(), n = minimizer.theta.size();
  if (k > kMostCheckpoints) {
    throw UsageError(fmt::format("--path: the minimizer {} has a path of {} checkpoints: at most {} are taken.",
                                 minimizer.name, k, kMostCheckpoints));
  }
  std::vector<std::vector<double>> away;
  for (std::size_t c = 0; c < k; ++c)
    away.push_back(difference(std::span(path.parameters).subspan(c * n, n), minimizer.theta));
  std::vector<double> products(k * k);
  double all = 0.0;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j <= i; ++j) products[i * k + j] = products[j * k + i] = dot(away[i], away[j]);
    all += products[i * k + i];
  }
  const Eigensystem components = symmetric_eigensystem(std::move(products), k, true);
  Plane plane{minimizer.theta, {}, {}, {{0.0, 0.0}}};
  plane.path.assign(k, {0.0, 0.0});
  const std::size_t n_axes = config.surface.is_line() ? 1 : 2;
  for (std::size_t axis = 0; axis < n_axes && axis < k; ++axis) {
    const std::size_t at = k - 1 - axis;
    const double value = components.values[at];
    if (!(value > kLeastAngle * kLeastAngle * all)) break;
    std::vector<double> component(n);
    for (std::size_t c = 0; c < k; ++c) {
      for (std::size_t p = 0; p < n; ++p) component[p] += components.vectors[at * k + c] * away[c][p];
    }
    if (dot(away.front(), component) < 0.0) {  // the path begins at x >= 0, y >= 0
      for (double& x : component) x = -x;
    }
    const double square = dot(component, component);
    double farthest = 0.0;
    for (std::size_t c = 0; c < k; ++c) {
      plane.path[c][axis] = dot(away[c], component) / square;
      farthest = std::max(farthest, std::abs(plane.path[c][axis]));
    }
    for (double& x : component) x *= farthest;
    for (auto& place : plane.path) place[axis] /= farthest;
    plane.explained[axis] = value / all;
    (axis == 0 ? plane.along : plane.across) = std::move(component);
  }
  if (plane.along.empty() || (plane.across.empty() && n_axes == 2)) {
    throw UsageError(fmt::format("--path: the path of the minimizer {} spans no {}.", minimizer.name,
                                 n_axes == 2 ? "plane: leave --y out for a line" : "line"));
  }
  return plane;
}

}  // namespace

Plane make_plane(const RunConfig& config, std::span<const Minimizer> minimizers, const std::string& around,
                 const std::vector<double>& given, bool matched) {
  if (!config.surface.through.empty()) return plane_through(config, minimizers, given, matched);
  if (config.along_path) return plane_of_path(config, find_minimizer(minimizers, around));
  return plane_around(config, find_minimizer(minimizers, around), given);
}

LineSet lines_of(const Plane& plane, const NetworkSpec& spec, std::span<const double> y) {
  if (plane.across.empty()) return LineSet(DirectionSet(spec, plane.origin, plane.along));
  return LineSet::plane(spec, plane.origin, plane.along, plane.across, y);
}

}  // namespace landscape
