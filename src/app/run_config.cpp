// RunConfig to text and back, through the option table.
#include "landscape/app/run_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "landscape/app/option_table.hpp"
#include "landscape/app/point_sets.hpp"
#include "landscape/app/sweep.hpp"
#include "landscape/roughness/bootstrap.hpp"

namespace landscape {
namespace {

// Work items are counted in 64 bits and their losses held in files: far beyond any machine, and safe to multiply.
constexpr double kMostItems = 1e15;

std::map<std::string, std::string, std::less<>> lines_of(std::string_view text) {
  std::map<std::string, std::string, std::less<>> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = line.find(" = ");
    if (equals != std::string_view::npos) lines.emplace(line.substr(0, equals), line.substr(equals + 3));
  }
  return lines;
}

std::string text_of(const RunConfig& config, bool defining_only) {
  std::map<std::string_view, std::string> lines;
  for (const Option& option : option_table()) {
    if (defining_only && option.role != OptionRole::results) continue;
    if (std::string value = option.get(config); !value.empty()) lines.emplace(option.name, std::move(value));
  }
  std::string text;
  for (const auto& [key, value] : lines) text += fmt::format("{} = {}\n", key, value);
  return text;
}

}  // namespace

RunConfig::RunConfig() {
  training.epochs = 20000;
  training.learning_rate = 1e-3;
  training.lbfgs_iterations = 1000;
  quadrature = training.quadrature = default_quadrature(network.dimension);
  training.seed = seed;
}

const std::string& RunConfig::minimizer_file(LossKind loss) const {
  const std::string& own = loss == LossKind::ritz ? minimizer_ritz : minimizer_galerkin;
  return own.empty() ? minimizer : own;
}

bool RunConfig::trains_any() const {
  return std::any_of(losses.begin(), losses.end(), [this](LossKind loss) { return minimizer_file(loss).empty(); });
}

std::vector<double> RunConfig::steps() const {
  return is_sweep() ? sweep_grid(sweep_radius, sweep_intervals).steps : grid.steps();
}

std::int64_t RunConfig::n_items() const {
  const auto n_sets = static_cast<std::int64_t>(1 + further_sets(*this).size());
  return static_cast<std::int64_t>(losses.size()) * n_sets * n_directions * static_cast<std::int64_t>(steps().size());
}

void RunConfig::validate() const {
  network.validate();
  if (problem == Problem::cubic && network.dimension != 1) {
    throw UsageError(
        fmt::format("--problem cubic is one-dimensional: it cannot go with --dimension {}.", network.dimension));
  }
  if (trains_any()) training.validate(network.dimension);
  landscape::validate(BootstrapOptions{seed, bootstrap, confidence, IntervalMethod::automatic});
  if (precision == Precision::single_precision && device == DeviceChoice::cuda) {
    throw UsageError("--precision single is evaluated on the CPU only: it cannot go with --device cuda.");
  }
  if (precision == Precision::single_precision && is_sweep()) {
    throw UsageError("--precision single measures its noise on one grid: it cannot go with a sweep.");
  }
  if (output.empty()) throw UsageError("--output is empty: name a file.");
  const auto has = [this](LossKind loss) { return std::find(losses.begin(), losses.end(), loss) != losses.end(); };
  if ((!minimizer_ritz.empty() && !has(LossKind::ritz)) || (!minimizer_galerkin.empty() && !has(LossKind::galerkin))) {
    throw UsageError(
        fmt::format("A minimizer is given for a loss that --losses leaves out: add it, or drop --minimizer-{}.",
                    has(LossKind::ritz) ? "galerkin" : "ritz"));
  }
  validate_point_sets(*this);
  const double items = static_cast<double>(losses.size()) * static_cast<double>(1 + further_sets(*this).size()) *
                       static_cast<double>(most_directions()) *
                       (is_sweep() ? static_cast<double>(steps().size()) : grid.num);
  if (items > kMostItems) {
    throw UsageError(fmt::format("--directions {} with --grid {} makes {:.3g} losses: no file holds them.",
                                 n_directions, to_string(grid), items));
  }
}

QuadratureRule default_quadrature(int dimension) {
  switch (dimension) {
    case 1:
      return {QuadratureKind::simpson, 100};
    case 2:
      return {QuadratureKind::gauss, 24};
    case 3:
      return {QuadratureKind::gauss, 16};
    default:
      return {QuadratureKind::sobol, 4096};
  }
}

void settle_quadratures(RunConfig& config, const OptionTexts& given) {
  const auto is_given = [&given](std::string_view option) { return given.find(option) != given.end(); };
  const int dimension = config.network.dimension;
  TrainingSpec& training = config.training;
  if (!is_given("quadrature")) config.quadrature = default_quadrature(dimension);
  if (is_given("train-quadrature")) return;
  training.quadrature = default_quadrature(dimension);
  if (dimension <= 3 || is_given("train-points")) return;
  // A network learns few points in many dimensions by heart: fresh ones each epoch, and no L-BFGS on a fixed set.
  training.quadrature.n = 1024;
  training.points = TrainingPoints::redrawn;
  if (!is_given("lbfgs-iterations")) training.lbfgs_iterations = 0;
}

RunConfig make_run_config(const OptionTexts& texts) {
  RunConfig config;
  for (const Option& option : option_table()) {  // the table's order, so that one message comes first everywhere
    const auto given = texts.find(option.name);
    if (given == texts.end()) continue;
    const auto& [text, origin] = given->second;
    const std::string name =
        origin.empty() ? fmt::format("--{}", option.name) : fmt::format("{}: {}", origin, option.name);
    option.set(config, text, name);
  }
  if (config.network.kind == NetworkKind::linear) {
    if (texts.find("width") == texts.end()) config.network.width = 0;
    if (texts.find("blocks") == texts.end()) config.network.blocks = 0;
  }
  settle_quadratures(config, texts);
  if (!(config.until_ci > 0.0) && texts.find("max-directions") != texts.end()) {
    throw UsageError("--max-directions bounds what --until-ci adds: give that too, or only --directions.");
  }
  if (config.until_ci > 0.0 && config.max_directions < config.n_directions) {
    if (texts.find("max-directions") != texts.end())
      throw UsageError(fmt::format("--max-directions {} is less than --directions {}: raise it or start with fewer.",
                                   config.max_directions, config.n_directions));
    config.max_directions = config.n_directions;
  }
  if (config.resume && config.overwrite) {
    throw UsageError("--resume goes on with a file and --overwrite replaces it: give one of them.");
  }
  config.validate();
  return config;
}

std::string resolved_text(const RunConfig& config) { return text_of(config, false); }
std::string defining_text(const RunConfig& config) { return text_of(config, true); }

RunConfig parse_resolved_text(std::string_view text) {
  OptionTexts texts;
  for (auto& [key, value] : lines_of(text)) {
    if (find_option(key) == nullptr) throw Error(fmt::format("The stored settings have an unknown line '{}'.", key));
    texts.emplace(key, OptionText{value, ""});
  }
  return make_run_config(texts);
}

std::string config_hash(const RunConfig& config) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a, 64 bit
  for (const char c : defining_text(config)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

std::string describe_differences(std::string_view stored, std::string_view asked) {
  const auto old_lines = lines_of(stored), new_lines = lines_of(asked);
  std::set<std::string> keys;
  for (const auto& [key, value] : old_lines) keys.insert(key);
  for (const auto& [key, value] : new_lines) keys.insert(key);
  const auto value_of = [](const auto& lines, const std::string& key) {
    const auto at = lines.find(key);
    return at == lines.end() ? std::string("not set") : at->second;
  };
  std::string text;
  for (const std::string& key : keys) {
    const std::string before = value_of(old_lines, key), now = value_of(new_lines, key);
    if (before != now) text += fmt::format("{}{} was {} and is now {}", text.empty() ? "" : "; ", key, before, now);
  }
  return text;
}

}  // namespace landscape
