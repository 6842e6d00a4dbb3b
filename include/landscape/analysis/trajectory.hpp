// The command trajectory: the roughness index along a training. Parameters are kept every k epochs of Adam, at its
// begin and its end, and after L-BFGS: the training's path. At every checkpoint theta_c the loss that is trained has
// profiles f(s) = L(theta_c + s d) along M directions, and RI with its interval; beside it stand both losses, the
// lengths of their gradients and the errors of u.
//
// The draws of direction k are common to all checkpoints and both losses; each checkpoint scales them against its own
// weights, as profiles of any minimizer do (and as the released code does along a training, where it draws anew at
// every checkpoint): so RI at a checkpoint is what the command roughness finds there, and neighbours are paired.
//
// Blocks, K checkpoints, M directions, P steps:
//   path/<loss>                (K M, P)  losses with the run's points
//   path/<loss>/reference      (K M, P)  where these are random: with a quadrature as good as exact
//   path/<loss>/step           (K M, P)  where the training redraws its points: with those of the step from there
//   path/<loss>/checkpoints    (K, 4)    both losses and the lengths of their gradients, with the better of the first
//                                        two; with --eigenvalues (K, 6): the extreme ones of the trained loss's Hessian
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "landscape/analysis/profiles.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/job/rows.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {

struct Checkpoint {
  std::int64_t epoch = 0;        // done; L-BFGS iterations count on
  double loss[2] = {};           // by LossKind
  double gradient_norm[2] = {};  // by LossKind
  double relative_l2_error = 0.0, relative_h1_error = 0.0;
  double smallest_eigenvalue = kUndefined, largest_eigenvalue = kUndefined;  // where asked for
  IndexEstimate own;                                                         // with the run's points
  std::optional<IndexEstimate> step;       // with those of the training's step from here, where they are redrawn
  std::optional<IndexEstimate> reference;  // where these are random
};

struct Trajectory {
  LossKind loss = LossKind::ritz;       // that is trained
  std::vector<Checkpoint> checkpoints;  // (K)
  std::vector<double> total_variation;  // (K M), T of the run's points, NaN where undefined
  std::int64_t n_damaged = 0;
  double evaluation_seconds = 0.0;
};

/// Directions that are not complete are left out. `config` gives |I|, the points and the bootstrap's settings.
std::vector<Trajectory> reduce_trajectories(const Rows& rows, const RunConfig& config);

/// "path/ritz"
std::string path_group(LossKind loss);
/// Whether there are profiles with a reference quadrature, too.
bool has_reference(const RunConfig& config);
/// Whether the training redraws its points, so that there are profiles with those of the step from a checkpoint, too.
bool has_step_points(const RunConfig& config);
/// Of checkpoint c: the points that the step from there was computed on, after L-BFGS its own.
PointSet points_of_step(const RunConfig& config, std::int64_t checkpoint);

/// A table per loss, at most 100 columns, and where its index is largest. Ends with a newline.
std::string trajectory_text(const std::vector<Trajectory>& trajectories, const RunConfig& config);

}  // namespace landscape
