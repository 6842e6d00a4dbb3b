// A small HDF5 file of its own, sealed and replaced as a whole.
#include "landscape/io/training_checkpoint.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "durable_file.hpp"
#include "hdf5.hpp"
#include "metadata_seal.hpp"
#include "minimizer_group.hpp"
#include "rehearsal.hpp"

namespace landscape {
namespace {

constexpr const char* kGroup = "training";
constexpr std::int64_t kVersion = 3;
constexpr std::size_t kMetadataBytes = 1 << 17, kDatasets = 8;  // of a training that goes on

void write_state(const h5::File& file, const std::string& name, const TrainingCheckpoint& checkpoint) {
  const TrainingState& state = checkpoint.state;
  const h5::Group group = h5::create_group(file.get(), kGroup);
  const hid_t id = group.get();
  h5::write_attribute(id, {"checkpoint_version", kVersion});
  h5::write_attribute(id, {"minimizer", name});
  h5::write_attribute(id, {"config", checkpoint.settings});
  h5::write_attribute(id, {"epoch", state.epoch});
  h5::write_attribute(id, {"step", state.step});
  h5::write_attribute(id, {"seconds", state.seconds});
  h5::write_dataset<double>(id, "theta", state.theta, {state.theta.size()}, {"parameters", "(n)", "1"});
  h5::write_dataset<double>(id, "first_moment", state.first_moment, {state.first_moment.size()},
                            {"Adam's m", "(n)", "1"});
  h5::write_dataset<double>(id, "second_moment", state.second_moment, {state.second_moment.size()},
                            {"Adam's v", "(n)", "1"});
  write_history(id, state.history);
  write_path(id, state.path);
}

TrainingCheckpoint read_state(const h5::File& file, const std::string& name) {
  TrainingCheckpoint checkpoint;
  TrainingState& state = checkpoint.state;
  if (!h5::has_link(file.get(), kGroup)) throw Error("it is no training checkpoint.");
  const h5::Group group = h5::open_group(file.get(), kGroup);
  const hid_t id = group.get();
  if (h5::read_integer(id, "checkpoint_version") != kVersion) throw Error("it was written by another version.");
  if (h5::read_text(id, "minimizer") != name) throw Error("it is of another minimizer.");
  checkpoint.settings = h5::read_text(id, "config");
  state.epoch = h5::read_integer(id, "epoch");
  state.step = h5::read_integer(id, "step");
  state.seconds = h5::read_number(id, "seconds");
  state.theta = h5::read_dataset<double>(id, "theta", 1);
  state.first_moment = h5::read_dataset<double>(id, "first_moment", 1);
  state.second_moment = h5::read_dataset<double>(id, "second_moment", 1);
  state.history = read_history(id);
  state.path = read_path(id, state.theta.size());
  if (state.first_moment.size() != state.theta.size() || state.second_moment.size() != state.theta.size() ||
      state.epoch < 0 || state.step < 0) {
    throw Error("its parts do not fit together.");
  }
  if (h5::has_link(file.get(), minimizer_group_name(name))) checkpoint.finished = read_minimizer_group(file, name);
  return checkpoint;
}

/// A checkpoint of this program for this minimizer, whatever is left of its numbers.
bool is_checkpoint(const std::string& path, const std::string& name) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || access(path.c_str(), R_OK) != 0) return false;
  bool ours = false;
  const auto look = [&] {
    const h5::File file = h5::open_file(path, H5F_ACC_RDONLY, h5::access_properties());
    const h5::Group group = h5::open_group(file.get(), kGroup);
    h5::read_integer(group.get(), "checkpoint_version");
    ours = h5::read_text(group.get(), "minimizer") == name;
  };
  try {
    rehearse(path, look);
    look();
  } catch (const Error&) {
    return false;
  }
  return ours;
}

}  // namespace

std::string training_checkpoint_path(const std::string& output, const std::string& name) {
  return fmt::format("{}.training-{}.h5", output, name);
}

void require_checkpoint_place(const std::string& path, const std::string& name) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0 || is_checkpoint(path, name)) return;
  throw Error(
      fmt::format("The training's checkpoints need the name '{}', but what lies there is none of this program's, or is "
                  "damaged: move it away or choose another --output.",
                  path));
}

void save_training_checkpoint(const std::string& path, const std::string& name, const TrainingCheckpoint& checkpoint) {
  require_checkpoint_place(path, name);
  const TrainingState& state = checkpoint.state;
  const std::size_t n_numbers =
      3 * (state.theta.size() + state.history.epoch.size()) + state.path.epoch.size() + state.path.parameters.size();
  const std::size_t of_finished =
      checkpoint.finished ? static_cast<std::size_t>(size_estimate(*checkpoint.finished)) : 0;
  TemporaryFile temporary(path, kMetadataBytes + checkpoint.settings.size() + n_numbers * sizeof(double) + of_finished);
  h5::File file = create_sealable_file(temporary.path(),
                                       kDatasets + (checkpoint.finished ? count_datasets(*checkpoint.finished) : 0));
  write_state(file, name, checkpoint);
  if (checkpoint.finished) write_minimizer_groups(file, std::span(&*checkpoint.finished, 1));
  file.close(fmt::format("close '{}'", temporary.path()));
  seal_metadata(temporary.path());
  temporary.publish(ExistingOutput::replace);
}

std::optional<TrainingCheckpoint> load_training_checkpoint(const std::string& path, const std::string& name) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return std::nullopt;
  try {
    if (!S_ISREG(status.st_mode)) throw Error("it is no plain file.");
    const auto read = [&] { return read_state(h5::open_file(path, H5F_ACC_RDONLY, h5::access_properties()), name); };
    return read_rehearsed(path, read);
  } catch (const Error& error) {
    throw Error(fmt::format("The training checkpoint '{}' cannot be used: {} Remove it to train from the start.", path,
                            error.what()));
  }
}

void remove_training_checkpoint(const std::string& path, const std::string& name) {
  if (is_checkpoint(path, name)) unlink(path.c_str());
}

}  // namespace landscape
