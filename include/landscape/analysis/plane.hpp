// The plane (or line) of a surface, theta(x, y) = origin + x along + y across, from what the options say:
//
//   random directions     origin theta*, the first two directions of its streams (or of --directions-from)
//   --through A,B         origin A, along B - A; across, where there is --y, the first random direction around A
//                         matched: B stands for the same function with its hidden units ordered, and signed where the
//                         activation allows, as is nearest to A (model/unit_matching.hpp); on a line it may be A itself
//   --through A,B,C       origin A, along B - A, across C - A: A, B, C lie at (0, 0), (1, 0), (0, 1)
//   --path                origin theta*, along the first two principal components of the checkpoints theta_c - theta*
//                         that `trajectory` kept (Li et al. 2018), each as long as the path's largest distance along
//                         it: the path lies in [-1, 1]^2
//
// --orthogonal takes from `across` its part along `along`; a random direction keeps its length, and C then lies at
// (c, 1) with c = (C - A).(B - A) / |B - A|^2.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "landscape/config/run_config.hpp"
#include "landscape/model/minimizer.hpp"
#include "landscape/profile/line_set.hpp"

namespace landscape {

struct Plane {
  std::vector<double> origin, along, across;     // (n) each; across is empty on a line
  std::vector<std::array<double, 2>> positions;  // (x, y) of the minimizers: theta*, or A, B, C
  std::vector<std::array<double, 2>> path{};     // of --path: (x, y) of the checkpoints, projected
  std::array<double, 2> explained{};             // the components' shares of sum |theta_c - theta*|^2
};

/// Of `around`, a name among the run's minimizers, where the plane is none through several; `matched` is of --through
/// A,B. `given` are the rows (M, n) of --directions-from, else empty. Throws UsageError where minimizers coincide
/// or lie on one line, and where there is no path.
Plane make_plane(const RunConfig& config, std::span<const Minimizer> minimizers, const std::string& around,
                 const std::vector<double>& given, bool matched = false);

/// Row i of the surface is line i: at y_i, along x.
LineSet lines_of(const Plane& plane, const NetworkSpec& spec, std::span<const double> y);

}  // namespace landscape
