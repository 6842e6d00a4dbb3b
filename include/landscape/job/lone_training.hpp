// A training that is a row of a block, or the beginning of one: on any rank, by itself.
#pragma once

#include "landscape/config/run_config.hpp"
#include "landscape/job/analysis.hpp"
#include "landscape/job/device.hpp"
#include "landscape/model/minimizer.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

/// What a row that stands alone asks of a device. Refers to its arguments.
BackendOrder lone_order(const RowTools& tools, const RunConfig& config, const PointSet& points);

/// A minimizer of the first of config.losses, trained and measured; `points` are those of the profiles. A function of
/// config and points alone. Tells tools.go_on that the training is `share` of the row. Throws TrainingDiverged,
/// TrainingStopped.
Minimizer train_alone(const RowTools& tools, const RunConfig& config, const PointSet& points, double share);

/// Roughly what it takes: steps x points x parameters.
double training_cost(const RunConfig& config);

}  // namespace landscape
