// Through the option table.
#include "landscape/config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "landscape/config/option_table.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/settings_text.hpp"
#include "landscape/roughness/bootstrap.hpp"

namespace landscape {
namespace {

// Sorted by key, each once.
std::map<std::string, std::string, std::less<>> settings_of(std::string_view text) {
  std::map<std::string, std::string, std::less<>> settings;
  try {
    for (const Setting& setting : parse_settings(text, "The stored settings")) {
      if (!settings.emplace(setting.key, setting.value).second)
        throw Error(fmt::format("The stored settings have two lines '{}'.", setting.key));
    }
  } catch (const UsageError& error) {  // no request of the user's
    throw Error(error.what());
  }
  return settings;
}

std::string text_of(const RunConfig& config, Stage first, Stage last) {
  std::map<std::string_view, std::string> lines;
  for (const Option& option : option_table()) {
    if (option.stage < first || option.stage > last || !option.means_something_to(config.command)) continue;
    if (std::string value = option.get(config); !value.empty()) lines.emplace(option.name, std::move(value));
  }
  std::string text;
  for (const auto& [key, value] : lines) text += setting_line(key, value);
  return text;
}

}  // namespace

namespace {

void validate_precision(const RunConfig& config) {
  if (config.precision != Precision::single_precision) return;
  if (config.device == DeviceChoice::cuda)
    throw UsageError("--precision single is evaluated on the CPU only: it cannot go with --device cuda.");
  if (!config.metrics.empty())
    throw UsageError("--metrics are evaluated in double precision only: drop --precision single, or --metrics.");
}

void validate_grid(const RunConfig& config) {
  if (!config.grid_auto) return;
  if (config.command != "roughness")
    throw UsageError(fmt::format("--grid auto is of the command roughness: give {} a MIN:MAX:NUM.", config.command));
  if (config.grid.rule == GridRule::arange)
    throw UsageError("--grid auto has even steps: drop --grid-rule arange, or give --grid MIN:MAX:NUM.");
}

void validate_minimizers(const RunConfig& config) {
  const auto has = [&](LossKind loss) {
    return std::find(config.losses.begin(), config.losses.end(), loss) != config.losses.end();
  };
  if (!config.minimizer_ritz.empty() && !has_loss(config.problem, LossKind::ritz))
    throw UsageError(fmt::format("--problem {} has no Ritz loss: drop --minimizer-ritz.", config.problem->name));
  if ((!config.minimizer_ritz.empty() && !has(LossKind::ritz)) ||
      (!config.minimizer_galerkin.empty() && !has(LossKind::galerkin))) {
    throw UsageError(
        fmt::format("A minimizer is given for a loss that --losses leaves out: add it, or drop --minimizer-{}.",
                    has(LossKind::ritz) ? "galerkin" : "ritz"));
  }
}

void validate_start(const RunConfig& config) {
  const TrainingSpec& training = config.training;
  if (training.start.empty() && !(training.start_minimizer + training.start_parameters).empty()) {
    throw UsageError(fmt::format("--start-{} says more about a start's file: give --start FILE, or leave it out.",
                                 training.start_minimizer.empty() ? "parameters" : "minimizer"));
  }
  if (!training.start.empty() && !config.trains_any())
    throw UsageError("--start begins a training, and --minimizer leaves none to do: give one of them.");
}

// --optimizer says of each optimizer whether it runs and may say how long: then nothing else says it otherwise.
void validate_optimizers(const TrainingSpec& training, const OptionTexts& texts, Complaints& complaints) {
  const auto chain = texts.find("optimizer");
  if (chain == texts.end()) return;
  const auto check = [&](Optimizer optimizer, std::string_view option, std::int64_t n) {
    const auto given = texts.find(option);
    if (given == texts.end() || given->second.text == fmt::format("{}", n)) return;
    const bool is_weaker = !given->second.origin.empty() && given->second.origin != chain->second.origin;
    if (is_weaker) return;
    complaints.add(fmt::format("--optimizer {} gives {} {} steps and --{} {}: leave one of the two out.",
                               chain->second.text, info_of(optimizer).word, n, option, given->second.text));
  };
  check(Optimizer::adam, "epochs", training.epochs);
  check(Optimizer::lbfgs, "lbfgs-iterations", training.lbfgs_iterations);
}

// What only the texts tell: that an option was given at all.
void validate_given(RunConfig& config, const OptionTexts& texts, Complaints& complaints) {
  const bool bounded = texts.find("max-directions") != texts.end();
  if (bounded && !(config.until_ci > 0.0))
    complaints.add("--max-directions bounds what --until-ci adds: give that too, or only --directions.");
  if (config.until_ci > 0.0 && config.max_directions < config.n_directions) {
    if (bounded) {
      complaints.add(fmt::format("--max-directions {} is less than --directions {}: raise it or start with fewer.",
                                 config.max_directions, config.n_directions));
    }
    config.max_directions = config.n_directions;
  }
  if (texts.find("rank-tolerance") != texts.end() && config.spectrum.preconditioners.empty())
    complaints.add("--rank-tolerance is of the matrices of --precondition: give that too, or leave it out.");
  validate_optimizers(config.training, texts, complaints);
  const auto init = texts.find("init");
  if (!config.training.start.empty() && init != texts.end() && init->second.origin.empty())
    complaints.add("--init draws the first parameters and --start takes them from a file: give one of them.");
  if (config.resume && config.overwrite)
    complaints.add("--resume goes on with a file and --overwrite replaces it: give one of them.");
}

// Sizes that the kind of network does not have: a default's go, and so do those of a weaker source, such as a preset,
// than the one that chose the kind.
void settle_sizes(NetworkSpec& network, const OptionTexts& texts) {
  const auto kind = texts.find("network");
  const auto is_meant = [&](std::string_view option) {
    const auto given = texts.find(option);
    if (given == texts.end()) return false;
    return given->second.origin.empty() || kind == texts.end() || given->second.origin == kind->second.origin;
  };
  const bool in_blocks = has_blocks(network.kind), is_mlp = network.kind == NetworkKind::mlp;
  if (!in_blocks && !is_meant("width")) network.width = 0;
  if (!in_blocks && !is_meant("blocks")) network.blocks = 0;
  if (!is_mlp && !is_meant("layers")) network.layers.clear();
  if (is_mlp && texts.find("layers") == texts.end()) network.layers = {16, 16};
}

void validate_problem(const RunConfig& config, Complaints& complaints) {
  const Problem& problem = config.problem;
  const int dimension = config.network.dimension;
  if (problem->is_one_dimensional && dimension != 1) {
    complaints.add(
        fmt::format("--problem {} is one-dimensional: it cannot go with --dimension {}.", problem->name, dimension));
  }
  if (problem->domain == Domain::ball && !problem.boundary().is_hard()) {
    complaints.add(fmt::format("--boundary {} is of the cube's faces: it cannot go with --problem {}.",
                               to_string(problem.boundary()), problem->name));
  }
  if (problem.boundary().is_hard() && !is_zero_on_boundary(problem, dimension)) {
    complaints.add(fmt::format(
        "--problem {} has values on the boundary, which the factor of --boundary hard cannot have: give --boundary "
        "penalty:BETA, for example penalty:100.",
        problem->name));
  }
  // f = 0, relative to -laplace u*
  constexpr double kResonance = 1e-6;
  const SquaredNorms norms = problem.norms(dimension);
  if (problem->has(kWavenumber) &&
      norms.source / norms.gradient <= kResonance * kResonance * norms.gradient / norms.solution) {
    complaints.add(fmt::format(
        "--wavenumber {} makes u* an eigenfunction and f zero, so that u = 0 is a solution, too: give another one.",
        problem.parameters().wavenumber));
  }
}

}  // namespace

void settle_parameters(Problem& problem, const OptionTexts& given) {
  Parameters parameters = problem.parameters();
  Complaints complaints;
  const auto equation = given.find("problem");
  for (const Parameter& parameter : kParameters) {
    const auto text = given.find(parameter.name);
    if (text == given.end() || problem->has(parameter)) continue;
    parameters.*parameter.value = Parameters().*parameter.value;
    const std::string& origin = text->second.origin;
    const bool is_weaker = !origin.empty() && equation != given.end() && equation->second.origin != origin;
    if (is_weaker) continue;
    std::string having;
    for (const Equation& e : equations()) {
      if (e.has(parameter)) having += fmt::format("{}{}", having.empty() ? "" : " or ", e.name);
    }
    complaints.add(fmt::format("--problem {} has no --{}: leave that out, or give --problem {}.", problem->name,
                               parameter.name, having));
  }
  problem = Problem(problem->name, problem.boundary(), parameters);
  complaints.raise();
}

void settle_losses(RunConfig& config, const OptionTexts& given) {
  if (given.find("losses") == given.end())
    std::erase_if(config.losses, [&](LossKind loss) { return !has_loss(config.problem, loss); });
}

void require_losses(const RunConfig& config) {
  std::vector<LossKind> asked = config.losses;
  for (const MinimizerSource& source : config.minimizer_sources()) asked.push_back(source.loss);
  if (std::ranges::all_of(asked, [&](LossKind loss) { return has_loss(config.problem, loss); })) return;
  throw UsageError(fmt::format(
      "--problem {} has no Ritz loss, as its operator is not self-adjoint and belongs to no energy: give --losses "
      "galerkin.",
      config.problem->name));
}

void settle_quadratures(RunConfig& config, const OptionTexts& given) {
  const auto is_given = [&given](std::string_view option) { return given.find(option) != given.end(); };
  const int dimension = config.network.dimension;
  TrainingSpec& training = config.training;
  if (!is_given("quadrature")) config.quadrature = default_quadrature(dimension);
  const bool is_high = dimension > 3;
  if (!is_given("train-quadrature")) {
    training.quadrature = default_quadrature(dimension);
    const bool keeps_its_points = is_given("train-points") && training.points == TrainingPoints::fixed;
    if (is_high && !keeps_its_points) training.quadrature.n = 1024;
  }
  if (!is_high) return;
  // A network learns few points in many dimensions by heart: fresh ones each epoch, and no L-BFGS on a fixed set.
  if (!is_given("train-points") && is_random(training.quadrature)) training.points = TrainingPoints::redrawn;
  if (!is_given("lbfgs-iterations") && !is_given("optimizer") && training.points == TrainingPoints::redrawn)
    training.lbfgs_iterations = 0;
}

void validate(const RunConfig& config) {
  Complaints complaints;
  complaints.collect([&] { config.network.validate(); });
  validate_problem(config, complaints);
  if (config.trains_any())
    complaints.collect([&] { config.training.validate(config.problem->domain, config.network.dimension); });
  complaints.collect(
      [&] { validate_rule(config.quadrature, config.problem->domain, config.network.dimension, "--quadrature"); });
  if (uses_reference(config))
    complaints.collect([&] {
      validate_rule(reference_rule(config), config.problem->domain, config.network.dimension, "--reference-quadrature");
    });
  complaints.collect([&] { validate(bootstrap_options(config)); });
  complaints.collect([&] { validate_precision(config); });
  complaints.collect([&] { validate_grid(config); });
  if (config.output.empty()) complaints.add("--output is empty: name a file.");
  complaints.collect([&] { require_losses(config); });
  complaints.collect([&] { validate_minimizers(config); });
  complaints.collect([&] { validate_start(config); });
  complaints.collect([&] { validate_point_sets(config); });
  complaints.raise();
}

std::set<std::string, std::less<>> apply_options(RunConfig& config, const OptionTexts& texts, Complaints& complaints) {
  std::set<std::string, std::less<>> refused;
  for (const Option& option : option_table()) {  // the table's order, so that the sentences come alike everywhere
    const auto given = texts.find(option.name);
    if (given == texts.end()) continue;
    const auto& [text, origin] = given->second;
    const std::string name =
        origin.empty() ? fmt::format("--{}", option.name) : fmt::format("{}: {}", origin, option.name);
    try {
      option.set(config, text, name);
    } catch (const UsageError& error) {
      complaints.add(error.what());
      refused.emplace(option.name);
    }
  }
  return refused;
}

RunConfig make_run_config(const OptionTexts& texts, std::string_view command) {
  RunConfig config;
  config.command = command;
  Complaints complaints;
  const auto refused = apply_options(config, texts, complaints);
  settle_sizes(config.network, texts);
  settle_losses(config, texts);
  settle_quadratures(config, texts);
  Complaints together;
  together.collect([&] { settle_parameters(config.problem, texts); });
  validate_given(config, texts, together);
  together.collect([&] { validate(config); });
  // Where an option was refused its default stands in for it: nothing follows from that.
  for (const std::string& sentence : together.sentences()) {
    const auto follows = [&](const std::string& name) { return sentence.find("--" + name) != std::string::npos; };
    if (std::none_of(refused.begin(), refused.end(), follows)) complaints.add(sentence);
  }
  complaints.raise();
  return config;
}

RunConfig with_options(const RunConfig& config, const OptionTexts& changes, std::string_view command) {
  OptionTexts texts;
  for (const auto& [key, value] : settings_of(resolved_text(config))) {
    if (find_option(key)->means_something_to(command)) texts.emplace(key, OptionText{value, "The settings"});
  }
  for (const auto& [key, text] : changes) texts.insert_or_assign(key, text);
  return make_run_config(texts, command);
}

std::string resolved_text(const RunConfig& config) { return text_of(config, Stage::training, Stage::run); }
std::string defining_text(const RunConfig& config) { return text_of(config, Stage::training, Stage::statistics); }
std::string goal_text(const RunConfig& config) { return text_of(config, Stage::goal, Stage::goal); }

RunConfig parse_resolved_text(std::string_view text, std::string_view command) {
  OptionTexts texts;
  for (const auto& [key, value] : settings_of(text)) {
    if (find_option(key) == nullptr) throw Error(fmt::format("The stored settings have an unknown line '{}'.", key));
    texts.emplace(key, OptionText{value, ""});
  }
  return make_run_config(texts, command);
}

std::string config_hash(const RunConfig& config) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a, 64 bit
  for (const char c : defining_text(config)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

std::vector<Difference> differences(std::string_view before, std::string_view now) {
  std::map<std::string, Difference> by_key;
  for (const auto& [key, value] : settings_of(before)) by_key[key].before = value;
  for (const auto& [key, value] : settings_of(now)) by_key[key].now = value;
  std::vector<Difference> found;
  for (auto& [key, difference] : by_key) {
    difference.key = key;
    if (difference.before != difference.now) found.push_back(std::move(difference));
  }
  return found;
}

std::string describe(const std::vector<Difference>& differences) {
  const auto text_of_value = [](const std::optional<std::string>& value) {
    return value ? setting_value(*value) : std::string("not set");
  };
  std::string text;
  for (const Difference& d : differences) {
    text += fmt::format("{}{} was {} and is now {}", text.empty() ? "" : "; ", d.key, text_of_value(d.before),
                        text_of_value(d.now));
  }
  return text;
}

}  // namespace landscape
