// Claiming, laying out and resuming the output file.
#include "landscape/job/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <optional>

#include "landscape/config/option_table.hpp"
#include "landscape/config/version.hpp"
#include "landscape/io/file_system.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/io/output_path.hpp"
#include "landscape/job/checkpoints.hpp"
#include "landscape/job/minimizer_source.hpp"
#include "landscape/parallel/collective.hpp"

namespace landscape {
namespace {

// Nothing where they are of a version that this one cannot read; their hash will differ then.
std::optional<RunConfig> stored_settings(const LandscapeReader& reader) {
  try {
    return parse_resolved_text(reader.run().config, reader.run().command);
  } catch (const Error&) {
    return std::nullopt;
  }
}

void take_minimizer_names(RunConfig& config, const RunConfig& stored) {
  if (config.training.start_parameters == stored.training.start_parameters) {
    config.training.start = stored.training.start;
    config.training.start_minimizer = stored.training.start_minimizer;
  }
  const auto alike = [](const MinimizerSource& a, const MinimizerSource& b) {
    return a.name == b.name && a.is_trained() == b.is_trained();
  };
  if (!std::ranges::equal(config.minimizer_sources(), stored.minimizer_sources(), alike)) return;
  config.minimizer = stored.minimizer;
  config.minimizer_ritz = stored.minimizer_ritz;
  config.minimizer_galerkin = stored.minimizer_galerkin;
  config.surface.through = stored.surface.through;
}

// `asked` with the names that the files it loads had when the output was begun: what counts of them is what they hold,
// which require_same_minimizers() and require_same_directions() compare.
RunConfig with_names_of(const LandscapeReader& reader, const RunConfig& asked) {
  RunConfig named = asked;
  const std::optional<RunConfig> stored = stored_settings(reader);
  if (!stored) return named;
  take_minimizer_names(named, *stored);
  if (!asked.directions_from.empty() && !stored->directions_from.empty())
    named.directions_from = stored->directions_from;
  return named;
}

bool has_blocks(const LandscapeReader& reader, const Analysis& analysis, const RunConfig& config) {
  return std::ranges::all_of(analysis.work(config),
                             [&](const Work& work) { return reader.has_block(work.block.group); });
}

// The file is of this calculation but for the number of directions, which is smaller there.
bool is_extendable(const LandscapeReader& reader, const Analysis* analysis, const RunConfig& config) {
  if (analysis == nullptr || !find_option("directions")->means_something_to(config.command)) return false;
  if (!has_blocks(reader, *analysis, config)) return false;
  RunConfig as_stored = with_names_of(reader, config);
  as_stored.n_directions = reader.n_rows(analysis->work(config).front().block.group);
  return as_stored.n_directions < config.n_directions && reader.run().config_hash == config_hash(as_stored);
}

// A minimizer file of the same name may hold another network by now, and one of another name the same.
void require_same_minimizers(const LandscapeReader& reader, const RunConfig& config) {
  const std::optional<RunConfig> settings = stored_settings(reader);
  if (!settings) return;
  const std::vector<std::string> stored = reader.minimizers();
  const std::vector<MinimizerSource> begun_with = settings->minimizer_sources();
  for (const MinimizerSource& source : config.minimizer_sources()) {
    const auto earlier = std::ranges::find(begun_with, source.name, &MinimizerSource::name);
    // Else the settings differ by more.
    if (source.is_trained() || earlier == begun_with.end() || earlier->is_trained()) continue;
    if (std::ranges::find(stored, source.name) == stored.end()) continue;
    const Minimizer ours = reader.minimizer(source.name);
    const Minimizer given = load_minimizer(source, config.network);
    if (given.spec == ours.spec && given.theta.size() == ours.theta.size() &&
        std::memcmp(given.theta.data(), ours.theta.data(), ours.theta.size() * sizeof(double)) == 0)
      continue;
    throw UsageError(
        fmt::format("--resume: the {} minimizer in '{}' is not the one stored in '{}': put back the file it was begun "
                    "with, or give another --output.",
                    source.name, source.file, reader.path()));
  }
}

// A directions file of the same name may hold other directions by now.
void require_same_directions(const LandscapeReader& reader, const Analysis& analysis, const RunConfig& config) {
  if (config.directions_from.empty()) return;
  const auto n = ParameterLayout(config.network).size();
  for (const Work& work : analysis.work(config)) {
    const std::string& block = work.block.group;
    if (!reader.has_row_vectors(block)) continue;
    const std::vector<double> given =
        read_directions(config.directions_from, work.directions_name(), static_cast<std::int64_t>(n));
    const std::vector<RowState> states = reader.row_states(block);
    for (std::size_t row = 0; row < states.size(); ++row) {
      if (states[row] != RowState::intact) continue;
      const std::vector<double> stored = reader.row_vector(block, static_cast<std::int64_t>(row));
      if (row * n + n <= given.size() && std::memcmp(stored.data(), given.data() + row * n, n * sizeof(double)) == 0)
        continue;
      throw UsageError(
          fmt::format("--resume: direction {} of '{}' is not the one stored in '{}': put back the file it "
                      "was begun with.",
                      row, config.directions_from, reader.path()));
    }
  }
}

// How the output can be gone on with by these settings: resume or extend. Throws UsageError where it cannot.
OutputPlan plan_going_on(const LandscapeReader& reader, const Setup& setup, const RunConfig& config) {
  const std::string& path = config.output;
  OutputPlan plan = OutputPlan::resume;
  require_same_minimizers(reader, config);  // first: another network would pass for other settings
  const RunConfig asked = with_names_of(reader, config);
  if (is_extendable(reader, setup.analysis, config)) {
    plan = OutputPlan::extend;
  } else if (reader.run().config_hash != config_hash(asked)) {
    const std::string differing = describe(differences(reader.run().config, defining_text(asked)));
    throw UsageError(fmt::format("--resume: '{}' is another calculation: {}.", path,
                                 differing.empty() ? "its settings do not fit its hash" : differing));
  }
  if (setup.analysis == nullptr) return plan;
  if (reader.blocks().empty()) {
    throw UsageError(fmt::format(
        "--resume: '{}' holds minimizers only; load them with --minimizer={} and another --output.", path, path));
  }
  if (reader.run().command != setup.command->name) {
    throw UsageError(fmt::format("--resume: '{}' was begun by the command {}: give that, or another --output.", path,
                                 reader.run().command));
  }
  const std::string& device = reader.run().device;
  if (device != setup.device) {
    throw UsageError(fmt::format("--resume: '{}' was begun on {}, this run would use {}: give --device={}.", path,
                                 device, setup.device, device));
  }
  require_same_directions(reader, *setup.analysis, config);
  return plan;
}

bool has_sound_results(const LandscapeReader& reader, const std::string& group) {
  try {
    reader.has_results(group);
    reader.results(group);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void warn_of_damaged_results(const LandscapeReader& reader) {
  for (const std::string& group : reader.result_groups()) {
    if (has_sound_results(reader, group)) continue;
    fmt::print(stderr, "warning: the results in /{} of '{}' are damaged: they are made again.\n", group, reader.path());
  }
}

// The file is of this calculation, and --until-ci has carried it further than --directions.
std::int64_t directions_reached(const LandscapeReader& reader, const Setup& setup) {
  const RunConfig& config = setup.config;
  if (!(config.until_ci > 0.0) || setup.analysis == nullptr || !has_blocks(reader, *setup.analysis, config))
    return config.n_directions;
  RunConfig as_stored = with_names_of(reader, config);
  as_stored.n_directions = reader.n_rows(setup.analysis->work(config).front().block.group);
  const bool same = reader.run().config_hash == config_hash(as_stored);
  return same ? std::max(config.n_directions, as_stored.n_directions) : config.n_directions;
}

void require_no_input(const RunConfig& config) {
  const std::pair<const char*, const std::string&> inputs[] = {{"--minimizer", config.minimizer},
                                                               {"--minimizer-ritz", config.minimizer_ritz},
                                                               {"--minimizer-galerkin", config.minimizer_galerkin},
                                                               {"--start", config.training.start},
                                                               {"--directions-from", config.directions_from}};
  for (const auto& [option, file] : inputs) {
    if (file.empty() || !is_same_file(file, config.output)) continue;
    throw UsageError(
        fmt::format("--overwrite would replace '{}', which this job reads ({} {}): choose another --output.",
                    config.output, option, file));
  }
  for (const MinimizerSource& source : config.minimizer_sources()) {
    if (!source.is_any || !is_same_file(file_of(source), config.output)) continue;
    throw UsageError(
        fmt::format("--overwrite would replace '{}', which this job reads (--through {}): choose another --output.",
                    config.output, source.file));
  }
}

OutputPlan plan_output(const Setup& setup, OutputClaim& claim) {
  RunConfig& config = claim.config;
  const bool exists = std::filesystem::exists(std::filesystem::symlink_status(config.output));
  if (config.resume && exists) {
    check_output(config.output, OutputMode::resume);
    const LandscapeReader& reader = claim.earlier.emplace(config.output);
    config.n_directions = directions_reached(reader, setup);
    const OutputPlan plan = plan_going_on(reader, setup, config);
    if (setup.analysis == nullptr) return plan;
    warn_of_damaged_results(reader);
    const std::string first = setup.analysis->work(config).front().block.group;
    const bool is_stored = reader.has_row_vectors(first);  // as the file was laid out
    claim.lacks_directions = plan == OutputPlan::resume && config.save_directions && !is_stored;
    config.save_directions = is_stored || (plan == OutputPlan::extend && config.save_directions);
    if (plan == OutputPlan::extend) {
      claim.earlier_directions = reader.n_rows(first);
      // The larger file says what the smaller one did.
      if (const auto stored = stored_settings(reader)) take_minimizer_names(config, *stored);
    }
    return plan;
  }
  if (config.overwrite) require_no_input(config);
  claim.nothing_to_resume = config.resume && !exists;
  check_output(config.output, config.overwrite ? OutputMode::overwrite : OutputMode::create);
  return exists ? OutputPlan::replace : OutputPlan::create;
}

// Results stand for rows that a job that goes on may change: they are pending until it makes them again.
void set_state(const std::string& path, RunState state) {
  ResultWriter writer(path);
  if (state == RunState::running) writer.invalidate_all();
  writer.set_state(state);
  writer.close();
}

// Of a block that an earlier file has, perhaps with fewer rows.
OpenRows rows_to_compute(const LandscapeReader& earlier, const Block& block) {
  std::vector<RowState> states = earlier.row_states(block.group);
  states.resize(static_cast<std::size_t>(block.rows), RowState::missing);
  OpenRows missing;
  for (std::size_t row = 0; row < states.size(); ++row) {
    if (states[row] != RowState::intact) missing.push_back(static_cast<std::int64_t>(row));
  }
  return missing;
}

void make_output(const Setup& setup, const std::vector<Minimizer>& minimizers, OutputPlan plan) {
  const std::string& path = setup.config.output;
  switch (plan) {
    case OutputPlan::create:
      return LandscapeFile::create(path, file_layout(setup, minimizers), ExistingOutput::refuse);
    case OutputPlan::replace:
      return LandscapeFile::create(path, file_layout(setup, minimizers), ExistingOutput::replace);
    case OutputPlan::extend:
      return LandscapeFile::extend(path, file_layout(setup, minimizers));
    case OutputPlan::resume:
      if (setup.analysis != nullptr) set_state(path, RunState::running);
  }
}

}  // namespace

OutputClaim claim_output(const Communicator& comm, const Setup& setup, bool take_lock) {
  OutputClaim claim;
  claim.config = setup.config;
  claim.plan = root_only(comm, [&] {
    const std::string& output = setup.config.output;
    if (take_lock) {
      check_output(output, OutputMode::claim);  // the folder first: a lock cannot be made where it is missing
      claim.lock.emplace(output);
      if (setup.analysis != nullptr) check_parallel_output(output);
    }
    const OutputPlan plan = plan_output(setup, claim);
    if (plan != OutputPlan::resume && plan != OutputPlan::extend) require_own_checkpoints(setup.config);
    if (take_lock) claim.lock->remove_leftovers();  // nothing refuses the job any more
    claim.replaces_checkpoints = setup.config.overwrite && has_checkpoints(setup.config);
    return plan;
  });
  claim.config = parse_resolved_text(root_only(comm, [&] { return resolved_text(claim.config); }), setup.command->name);
  return claim;
}

std::vector<OpenRows> prepare_output(const Communicator& comm, const Setup& setup, std::span<const Work> work,
                                     const std::vector<Minimizer>& minimizers, OutputClaim& claim) {
  std::vector<OpenRows> open(work.size());
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (claim.goes_on()) {
      open[i] = root_only(comm, [&] { return rows_to_compute(*claim.earlier, work[i].block); });
    } else {
      open[i].resize(static_cast<std::size_t>(work[i].block.rows));
      std::iota(open[i].begin(), open[i].end(), std::int64_t{0});
    }
  }
  root_only(comm, [&] {
    const bool had_blocks = claim.earlier && !claim.earlier->blocks().empty();
    claim.earlier.reset();  // what is open for reading cannot be written
    make_output(setup, minimizers, claim.plan);
    // A file with profiles, which a resumed training may meet, is in the state that its own job left it in.
    if (setup.analysis == nullptr && !had_blocks) set_state(setup.config.output, RunState::complete);
    remove_own_checkpoints(setup.config);
  });
  return open;
}

FileLayout file_layout(const Setup& setup, const std::vector<Minimizer>& minimizers) {
  const RunConfig& config = setup.config;
  FileLayout layout;
  layout.run.version = program_version();
  layout.run.git_revision = git_revision();
  layout.run.command = setup.command->name;
  layout.run.device = setup.device;
  layout.run.config = defining_text(config);
  layout.run.config_hash = config_hash(config);
  layout.run.goal = goal_text(config);
  layout.problem = to_string(config.problem);
  layout.pde = fmt::format("{} in {}, {}", config.problem.operator_text(config.network.dimension),
                           domain_text(config.problem->domain, config.network.dimension),
                           boundary_text(config.problem, config.network.dimension));
  layout.dimension = config.network.dimension;
  layout.exact_solution = config.problem.solution_text(config.network.dimension);
  layout.problem_attributes = {{"boundary", to_string(config.problem.boundary())},
                               {"quadrature", to_string(config.quadrature)},
                               {"quadrature_seed", config.seed}};
  for (const Parameter& parameter : config.problem->parameters)
    layout.problem_attributes.emplace_back(std::string(parameter.name), config.problem.parameters().*parameter.value);
  layout.points = setup.points;
  layout.minimizers = minimizers;
  if (setup.analysis == nullptr) return layout;
  for (Work& work : setup.analysis->work(config)) layout.blocks.push_back(std::move(work.block));
  layout.results = setup.analysis->results(config);
  return layout;
}

}  // namespace landscape
