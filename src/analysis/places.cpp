// Words, names and lines of places.
#include "landscape/analysis/places.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "landscape/model/error.hpp"

namespace landscape {
namespace {

LossKind other_than(LossKind loss) { return loss == LossKind::ritz ? LossKind::galerkin : LossKind::ritz; }

}  // namespace

std::vector<LossPlace> loss_places(const RunConfig& config) {
  std::vector<LossPlace> places;
  for (const LossKind loss : config.losses) {
    if (config.around != Around::other) places.push_back({loss, to_string(loss)});
    if (config.around != Around::own) places.push_back({loss, to_string(other_than(loss))});
  }
  return places;
}

std::string place_name(const LossPlace& place) {
  const std::string loss = to_string(place.loss);
  return place.minimizer == loss ? loss : loss + " around " + place.minimizer;
}

std::string place_group(const LossPlace& place) {
  std::string name = place_name(place);
  std::ranges::replace(name, ' ', '_');
  return name;
}

void require_places(const RunConfig& config) {
  if (config.around != Around::own && !has_loss(config.problem, LossKind::ritz))
    throw UsageError(fmt::format("--around {} needs both losses, and --problem {} has no Ritz loss: leave it out.",
                                 to_string(config.around), config.problem->name));
  if (config.around != Around::own && config.losses.size() < 2)
    throw UsageError(
        fmt::format("--around {} needs the minimizers of both losses: drop --losses.", to_string(config.around)));
  if (config.path_checkpoints > 0 && !config.along_path)
    throw UsageError("--path-checkpoints says more about --path: give that too.");
  if (!config.along_path) return;
  for (const MinimizerSource& source : config.minimizer_sources()) {
    if (source.is_trained())
      throw UsageError(
          "--path needs the path that a training took: give a file of the command trajectory as --minimizer.");
  }
}

LineSet lines_along_path(const RunConfig& config, const Minimizer& minimizer, std::int64_t n_directions) {
  if (static_cast<std::int64_t>(minimizer.path.epoch.size()) != config.path_length())
    throw Error(fmt::format("The minimizer {} lacks the path of its training.", minimizer.name));
  return {{minimizer.spec, minimizer.theta, config.direction_seed, config.norm, config.bias},
          n_directions,
          minimizer.path.parameters};
}

}  // namespace landscape
