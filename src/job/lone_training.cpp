// As rank 0 trains, without checkpoints.
#include "landscape/job/lone_training.hpp"

#include <algorithm>

#include "landscape/job/minimizers.hpp"
#include "landscape/train/training.hpp"

namespace landscape {

BackendOrder lone_order(const RowTools& tools, const RunConfig& config, const PointSet& points) {
  return {config.network, config.problem, points, tools.threads, tools.node_rank};
}

Minimizer train_alone(const RowTools& tools, const RunConfig& config, const PointSet& points, double share) {
  const TrainingSpec& training = config.training;
  const auto backend = make_backend_on(choose_training_device(config, tools.device), lone_order(tools, config, points));
  const auto all = static_cast<double>(training.epochs + training.polish_iterations());
  const auto observe = [&](const TrainingProgress& p) {
    const std::int64_t before = p.phase == "adam" ? 0 : training.epochs;
    return tools.go_on(share * static_cast<double>(before + p.epoch) / std::max(1.0, all));
  };
  Minimizer minimizer = train(config.network, config.problem, config.losses.front(), training, *backend, observe);
  measure_minimizer(config, points, tools.threads, minimizer);
  return minimizer;
}

double training_cost(const RunConfig& config) {
  const TrainingSpec& training = config.training;
  const auto steps = static_cast<double>(training.epochs + training.polish_iterations());
  return (steps + 1.0) * static_cast<double>(training.quadrature.n) *
         static_cast<double>(ParameterLayout(config.network).size());
}

}  // namespace landscape
