// Step 1 of a job.
#include "landscape/job/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "landscape/backend/held_threads.hpp"
#include "landscape/config/option_table.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/job/analysis.hpp"
#include "landscape/job/device.hpp"
#include "landscape/job/minimizer_source.hpp"
#include "landscape/job/start.hpp"
#include "landscape/parallel/collective.hpp"

namespace landscape {
namespace {

void require_same(const OptionTexts& given, std::string_view option, const std::string& asked, const std::string& found,
                  const std::string& file) {
  if (given.find(option) == given.end() || asked == found) return;
  throw UsageError(
      fmt::format("--{} {} contradicts '{}', whose network has {}: drop the option.", option, asked, file, found));
}

// What the output was begun with must be there to be compared; the output itself holds it too.
void require_there(const RunConfig& config, const std::string& minimizer_file) {
  std::error_code error;
  if (!config.resume || std::filesystem::exists(minimizer_file, error) ||
      !std::filesystem::exists(config.output, error))
    return;
  throw UsageError(fmt::format(
      "--resume: the minimizer file '{}' is gone, so it cannot be compared with the one stored in '{}': put "
      "it back, or name '{}' in its place.",
      minimizer_file, config.output, config.output));
}

// How many checkpoints the paths have that are looked at, so that the settings say so.
void adopt_path(RunConfig& config, const std::string& file, std::size_t n_checkpoints) {
  std::int64_t& known = config.path_checkpoints;
  const auto found = static_cast<std::int64_t>(n_checkpoints);
  if (found == 0)
    throw UsageError(
        fmt::format("'{}' has no path of a training: give a file of trajectory, or a folder of checkpoints.", file));
  if (known != 0 && known != found) {
    throw UsageError(
        fmt::format("'{}' has a path of {} checkpoints, and {} are due: measure one loss at a time with --losses, or "
                    "leave --path-checkpoints out.",
                    file, found, known));
  }
  known = found;
}

// What --precondition adam needs of a minimizer.
void require_adam(const RunConfig& config, const Minimizer& minimizer, const std::string& file) {
  if (std::ranges::count(config.spectrum.preconditioners, Preconditioner::adam) == 0) return;
  if (!minimizer.adam_second_moment.empty() && minimizer.problem == full_name(config.problem)) return;
  throw UsageError(fmt::format(
      "--precondition adam needs the state in which Adam ended a training of this problem, and '{}' has none "
      "of the {} minimizer: train it, or leave adam out.",
      file, minimizer.name));
}

void adopt_network(RunConfig& config, const OptionTexts& given) {
  const NetworkHints hints = network_hints(config, given);
  std::vector<std::pair<std::string, NetworkSpec>> networks;  // by file
  for (const MinimizerSource& source : config.minimizer_sources()) {
    if (source.is_trained()) continue;
    require_there(config, file_of(source));
    const Minimizer found = load_minimizer(source, hints);
    networks.emplace_back(source.file, found.spec);
    require_adam(config, found, source.file);
    if (config.along_path || config.command == "trajectory") adopt_path(config, source.file, found.path.epoch.size());
  }
  for (const NetworkSpec& found : adopt_start(config, hints)) networks.emplace_back(config.training.start, found);

  std::string first_file;
  for (const auto& [file, found] : networks) {
    if (first_file.empty()) {
      const NetworkSpec& asked = config.network;
      require_same(given, "network", to_string(asked.kind), to_string(found.kind), file);
      require_same(given, "dimension", std::to_string(asked.dimension), std::to_string(found.dimension), file);
      require_same(given, "layers", layers_text(asked.layers), layers_text(found.layers), file);
      if (has_blocks(found.kind)) {
        require_same(given, "width", std::to_string(asked.width), std::to_string(found.width), file);
        require_same(given, "blocks", std::to_string(asked.blocks), std::to_string(found.blocks), file);
      }
      if (found.kind != NetworkKind::linear) {
        require_same(given, "activation", to_string(asked.activation), to_string(found.activation), file);
      }
      first_file = file;
      config.network = found;
    } else if (!(found == config.network)) {
      throw UsageError(
          fmt::format("'{}' ({}) and '{}' ({}) hold different networks: measure one at a time with --losses.",
                      first_file, config.network.describe(), file, found.describe()));
    }
  }
}

void adopt_directions(RunConfig& config, const OptionTexts& given) {
  if (config.directions_from.empty()) return;
  // The file they come from may change or go away; what was measured along them stays checkable.
  config.save_directions = true;
  for (const std::string_view option : {"direction-seed", "norm", "bias"}) {
    if (given.find(option) != given.end()) {
      throw UsageError(fmt::format("--{} shapes random directions: it cannot go with --directions-from.", option));
    }
  }
  const auto n = static_cast<std::int64_t>(ParameterLayout(config.network).size());
  for (const LossKind loss : config.losses) {
    const auto rows = static_cast<std::int64_t>(read_directions(config.directions_from, to_string(loss), n).size()) / n;
    if (given.find("directions") == given.end()) {
      config.n_directions = loss == config.losses.front() ? rows : std::min(rows, config.n_directions);
    } else if (config.n_directions > rows) {
      throw UsageError(fmt::format("--directions {} is more than the {} in '{}'.", config.n_directions, rows,
                                   config.directions_from));
    }
    config.max_directions = std::max(config.n_directions, std::min(config.max_directions, rows));
  }
}

// Options of other commands: refused on the command line, passed over in files, which may serve several commands.
OptionTexts meant_options(const Invocation& invocation) {
  OptionTexts given = gather_options(invocation);
  const std::string_view command = invocation.command->name;
  Complaints complaints;
  std::erase_if(given, [&](const auto& entry) {
    const auto& [name, text] = entry;
    const Option& option = *find_option(name);
    if (option.means_something_to(command)) return false;
    if (text.origin.empty()) {
      complaints.add(option.command.starts_with('-')
                         ? fmt::format("--{} has no meaning for {}.", name, command)
                         : fmt::format("--{} has no meaning for {}: it belongs to the command {}.", name, command,
                                       option.command));
    }
    return true;
  });
  complaints.raise();
  return given;
}

// Collective: threads are had for a moment, by all ranks at once, before there is anything to lose.
void choose_threads(const Communicator& comm, Setup& setup) {
  setup.share = thread_share(comm);
  const int asked = setup.config.threads;
  setup.threads = asked > 0 ? asked : setup.share.threads;
  setup.training_threads = asked > 0                      ? asked
                           : setup.share.from_environment ? setup.share.threads
                                                          : setup.share.cores_allowed;
  collectively(comm, [&] {
    if (setup.threads <= kMostThreads) return;
    throw UsageError(
        fmt::format("OMP_NUM_THREADS asks for more than {} threads: set it lower or give --threads.", kMostThreads));
  });
  // One pool of threads serves whatever asks for most.
  const int training = comm.is_root() ? setup.training_threads : 1;
  HeldThreads held;
  collectively(comm, [&] { held.start(std::max(training, setup.analysis != nullptr ? setup.threads : 1)); });
}

// Items are counted in 64 bits and held in a file: a bound far beyond any machine, and safe to multiply.
void require_storable(const Analysis& analysis, RunConfig config) {
  constexpr double kMost = 1e15;
  config.n_directions = config.most_directions();
  double n_items = 0.0;
  for (const Work& work : analysis.work(config))
    n_items += static_cast<double>(work.block.rows) * static_cast<double>(work.block.columns);
  if (n_items <= kMost) return;
  throw UsageError(fmt::format("The command {} would make {:.3g} {}: no file holds them. Ask for fewer.",
                               config.command, n_items, analysis.items_name()));
}

}  // namespace

RunConfig resolve_config(const Invocation& invocation) {
  const OptionTexts given = meant_options(invocation);
  RunConfig config = make_run_config(given, invocation.command->name);
  adopt_network(config, given);
  settle_quadratures(config, given);
  adopt_directions(config, given);
  const Analysis* analysis = invocation.command->analysis;
  if (analysis != nullptr) analysis->settle(config);
  validate(config);
  if (analysis != nullptr) require_storable(*analysis, config);
  return config;
}

Setup set_up(const Communicator& comm, const Invocation& invocation) {
  Setup setup;
  setup.command = invocation.command;
  setup.analysis = invocation.command->analysis;
  const std::string text = root_only(comm, [&] { return resolved_text(resolve_config(invocation)); });
  collectively(comm, [&] {
    setup.config = parse_resolved_text(text, setup.command->name);
    setup.points = profile_points(setup.config);
    if (setup.analysis == nullptr) return;
    const std::vector<Work> work = setup.analysis->work(setup.config);
    // What is impossible is said now, not after the training.
    for (const Work& one : work) {
      if (one.point_set > 0) setup.analysis->points(setup.config, one.point_set);
    }
    const std::int64_t n_items = count_items(work);
    if (comm.size() > n_items) {
      throw UsageError(
          fmt::format("More ranks than work: {} ranks for {} {}; start at most {} ranks, or ask for more of them.",
                      comm.size(), n_items, setup.analysis->items_name(), n_items));
    }
  });
  choose_threads(comm, setup);
  const ChosenDevice chosen = choose_device(setup.config, &comm);
  setup.device = chosen.name;
  setup.device_note = chosen.note;
  setup.training_device = collectively(comm, [&] { return choose_training_device(setup.config, setup.device); });
  return setup;
}

}  // namespace landscape
