// Stored settings win over the command line's, but for the few that a command takes.
#include "landscape/analysis/stored_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "landscape/backend/held_threads.hpp"
#include "landscape/io/output_lock.hpp"
#include "landscape/model/complaints.hpp"

namespace landscape {
namespace {

void apply_allowed_options(RunConfig& config, const Invocation& invocation) {
  const auto& allowed = invocation.command->options;
  Complaints complaints;
  const OptionTexts given = gather_options(invocation);
  for (const auto& [name, text] : given) {
    if (std::ranges::find(allowed, name) != allowed.end()) continue;
    complaints.add(
        fmt::format("--{} has no meaning for {}: the file's own settings count.", name, invocation.command->name));
  }
  apply_options(config, given, complaints);
  complaints.raise();
}

}  // namespace

RunConfig own_options(const Invocation& invocation) {
  RunConfig config;
  apply_allowed_options(config, invocation);
  return config;
}

int threads_without_mpi(const RunConfig& config) {
  return config.threads > 0 ? config.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void take_threads(RunConfig& config, const Invocation& invocation) {
  config.threads = threads_without_mpi(own_options(invocation));
  HeldThreads().start(config.threads);
}

RunConfig stored_config(const LandscapeReader& reader, const Invocation& invocation) {
  RunConfig config;
  try {
    config = parse_resolved_text(reader.run().config, reader.run().command);
  } catch (const Error& error) {
    throw Error(fmt::format("'{}' holds settings that this version cannot read: {}", reader.path(), error.what()));
  }
  if (config_hash(config) != reader.run().config_hash) {
    throw Error(fmt::format("'{}' is damaged: its settings do not fit their hash.", reader.path()));
  }
  RunConfig changed = config;
  apply_allowed_options(changed, invocation);
  changed.losses = config.losses;                // --losses of compare chooses among what there is
  changed.training.seed = config.training.seed;  // --seed is that of the command's own random numbers
  changed.direction_seed = config.direction_seed;
  validate(bootstrap_options(changed));
  return changed;
}

void require_sound_results(const LandscapeReader& reader) {
  for (const std::string& group : reader.result_groups()) {
    reader.has_results(group);
    reader.results(group);
  }
}

Problem problem_of(const LandscapeReader& reader) {
  Boundary boundary;
  Parameters parameters;
  for (const Attribute& attribute : reader.problem_attributes()) {
    const auto parameter = std::ranges::find(kParameters, attribute.name, &Parameter::name);
    if (const auto* number = std::get_if<double>(&attribute.value); number != nullptr && parameter != kParameters.end())
      parameters.*parameter->value = *number;
    const auto* text = std::get_if<std::string>(&attribute.value);
    if (attribute.name != "boundary" || text == nullptr) continue;
    try {
      boundary = parse_boundary(*text);
    } catch (const UsageError&) {  // no request of the user's
      throw Error(fmt::format("'{}' cannot be used: its boundary '{}' is unknown.", reader.path(), *text));
    }
  }
  try {
    return Problem(reader.problem(), boundary, parameters);
  } catch (const std::invalid_argument&) {
    throw Error(fmt::format("'{}' cannot be used: its problem '{}' is unknown.", reader.path(), reader.problem()));
  }
}

const Command& command_of(const LandscapeReader& reader, std::span<const Command> commands) {
  const Command* command = find_command(commands, reader.run().command);
  if (command != nullptr && command->run != nullptr && command->n_files == 0) return *command;
  throw Error(fmt::format("'{}' was made by the command '{}', which this program does not have.", reader.path(),
                          reader.run().command));
}

const Analysis& analysis_of(const LandscapeReader& reader, const Invocation& invocation) {
  const Command& command = command_of(reader, invocation.commands);
  if (command.analysis != nullptr && !reader.blocks().empty()) return *command.analysis;
  throw UsageError(fmt::format("'{}' holds minimizers only, no profiles.", reader.path()));
}

std::string file_state(const LandscapeReader& reader) {
  if (reader.state() == RunState::complete) return "complete";
  if (reader.state() == RunState::stopped) return "stopped early; go on with --resume";
  const std::string holder = OutputLock::holder(reader.path());
  return holder.empty() ? "broken off; go on with --resume" : "being written by " + holder;
}

}  // namespace landscape
