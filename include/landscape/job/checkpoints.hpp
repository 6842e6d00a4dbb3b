// What a stopped training left beside the output file: whose it is, and that no other run takes it away.
#pragma once

#include <optional>
#include <vector>

#include "landscape/config/run_config.hpp"
#include "landscape/config/settings.hpp"
#include "landscape/io/training_checkpoint.hpp"

namespace landscape {

/// The losses of a run whose minimizer is no file's.
std::vector<LossKind> trained_losses(const RunConfig& config);

/// The options on which the training that `settings` describe (a defining text) and that of `config` differ; options
/// that matter only after a training are none of them.
std::vector<Difference> training_differences(std::string_view settings, const RunConfig& config);

/// What --resume finds of the training of `loss`, nothing where there is no checkpoint. Throws UsageError, which names
/// the file and what differs, where it is another training's, and Error where it cannot be read.
std::optional<TrainingCheckpoint> checkpoint_to_resume(const RunConfig& config, LossKind loss);

/// Whether trainings of this output were stopped.
bool has_checkpoints(const RunConfig& config);

/// Before any work: every checkpoint that the run would meet is its own, or --overwrite was given. Throws like
/// checkpoint_to_resume.
void require_own_checkpoints(const RunConfig& config);

/// Where the training has served; of another's nothing is removed, unless --overwrite was given.
void remove_own_checkpoints(const RunConfig& config) noexcept;

}  // namespace landscape
