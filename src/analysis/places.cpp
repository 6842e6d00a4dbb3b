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

ParameterRange restricted_parameters(const RunConfig& config) {
  const ParameterLayout layout(config.network);
  const std::string& name = config.spectrum.restrict_to;
  if (name.empty()) return {0, layout.size()};
  ParameterRange range;
  std::string layers;
  for (const TensorInfo& tensor : layout.tensors()) {
    const std::string layer = tensor.name.substr(0, tensor.name.find('.'));
    if (!tensor.is_bias) layers += (layers.empty() ? "" : ", ") + layer;
    if (tensor.name != name && layer != name) continue;
    if (range.count == 0) range.first = tensor.offset;
    range.count += tensor.size();
  }
  if (range.count > 0) return range;
  throw UsageError(
      fmt::format("--restrict '{}' is none of the network's: choose {}, or one's .weight or .bias.", name, layers));
}

void require_whole(const Rows& rows, const std::string& block) {
  const std::vector<RowState> states = rows.row_states(block);
  const auto missing = std::ranges::count_if(states, [](RowState s) { return s != RowState::intact; });
  if (missing == 0) return;
  throw Error(fmt::format("{} of {} rows of /{} in {} are missing or damaged: --resume computes them.", missing,
                          states.size(), block, rows.source()));
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
