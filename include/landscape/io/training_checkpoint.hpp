// A training that can go on where it stood: <output>.training-<name>.h5, always whole (temporary name, fsync, rename).
#pragma once

#include <optional>
#include <string>

#include "landscape/model/minimizer.hpp"
#include "landscape/train/training.hpp"

namespace landscape {

struct TrainingCheckpoint {
  std::string settings;               // the caller's: at least what the training depends on
  TrainingState state;                // as of the last record
  std::optional<Minimizer> finished;  // the result, once the training is done
};

std::string training_checkpoint_path(const std::string& output, const std::string& name);

/// Throws Error where something else than a checkpoint of this minimizer lies at `path`.
void require_checkpoint_place(const std::string& path, const std::string& name);

/// Replaces the checkpoint at `path`, and nothing else: see require_checkpoint_place(). Bits are kept.
void save_training_checkpoint(const std::string& path, const std::string& name, const TrainingCheckpoint& checkpoint);

/// Nothing where there is no file; Error (with the remedy: remove it) where it is damaged.
std::optional<TrainingCheckpoint> load_training_checkpoint(const std::string& path, const std::string& name);

/// What is no checkpoint of this minimizer stays.
void remove_training_checkpoint(const std::string& path, const std::string& name);

}  // namespace landscape
