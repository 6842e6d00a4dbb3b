// A checkpoint carries its run's settings; whose it is follows from the differences in what a training depends on.
#include "landscape/job/checkpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "landscape/config/option_table.hpp"

namespace landscape {
namespace {

bool lies_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

}  // namespace

std::vector<LossKind> trained_losses(const RunConfig& config) {
  std::vector<LossKind> losses;
  for (const MinimizerSource& source : config.minimizer_sources()) {
    if (source.is_trained()) losses.push_back(source.loss);
  }
  return losses;
}

std::vector<Difference> training_differences(std::string_view settings, const RunConfig& config) {
  std::vector<Difference> found = differences(settings, defining_text(config));
  // One content of a start's file is one start, under whatever name.
  const bool same_start = !config.training.start_parameters.empty() &&
                          std::ranges::find(found, "start-parameters", &Difference::key) == found.end();
  std::erase_if(found, [&](const Difference& difference) {
    if (same_start && (difference.key == "start" || difference.key == "start-minimizer")) return true;
    const Option* option = find_option(difference.key);
    return option != nullptr && option->stage != Stage::training;
  });
  return found;
}

std::optional<TrainingCheckpoint> checkpoint_to_resume(const RunConfig& config, LossKind loss) {
  const std::string path = training_checkpoint_path(config.output, to_string(loss));
  std::optional<TrainingCheckpoint> checkpoint = load_training_checkpoint(path, to_string(loss));
  if (!checkpoint) return std::nullopt;
  if (const auto differing = training_differences(checkpoint->settings, config); !differing.empty()) {
    throw UsageError(
        fmt::format("--resume: '{}' is the checkpoint of another training: {}; go on with its settings, choose another "
                    "--output, or remove it to train from the start.",
                    path, describe(differing)));
  }
  return checkpoint;
}

bool has_checkpoints(const RunConfig& config) {
  const std::vector<LossKind> losses = trained_losses(config);
  return std::any_of(losses.begin(), losses.end(), [&](LossKind loss) {
    return lies_there(training_checkpoint_path(config.output, to_string(loss)));
  });
}

void require_own_checkpoints(const RunConfig& config) {
  for (const LossKind loss : trained_losses(config)) {
    const std::string path = training_checkpoint_path(config.output, to_string(loss));
    require_checkpoint_place(path, to_string(loss));
    if (config.overwrite) continue;
    if (config.resume) {
      checkpoint_to_resume(config, loss);
      continue;
    }
    if (lies_there(path)) {
      throw UsageError(fmt::format(
          "'{}' holds a training that was stopped: give --resume to go on with it, --overwrite to train from "
          "the start, or another --output.",
          path));
    }
  }
}

void remove_own_checkpoints(const RunConfig& config) noexcept {
  for (const LossKind loss : trained_losses(config)) {
    try {
      if (config.overwrite || checkpoint_to_resume(config, loss))
        remove_training_checkpoint(training_checkpoint_path(config.output, to_string(loss)), to_string(loss));
    } catch (const std::exception&) {  // another's: it stays
    }
  }
}

}  // namespace landscape
