// compare FILE_A FILE_B: is the landscape of one file rougher than that of the other? Two minimizers have directions in
// common where the same Gaussian draws (seed, k) were scaled against each in the same way: then the test is paired, and
// what the draws do to both cancels. Otherwise each sample is resampled by itself, and the sentence says why.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "landscape/analysis/file_commands.hpp"
#include "landscape/analysis/json_output.hpp"
#include "landscape/analysis/reduction.hpp"
#include "landscape/analysis/report.hpp"
#include "landscape/analysis/stored_settings.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

struct Side {
  std::string path;
  RunConfig config;
  Report report;
};

Side read_side(const std::string& path, const Invocation& invocation) {
  const LandscapeReader reader(path);
  if (reader.blocks().empty()) throw UsageError(fmt::format("'{}' holds minimizers only, no profiles.", path));
  Side side{path, stored_config(reader, invocation), {}};
  if (reader.run().command != "roughness") {
    throw UsageError(
        fmt::format("'{}' is of the command {}: compare takes files of roughness.", path, reader.run().command));
  }
  require_sound_results(reader);
  take_threads(side.config, invocation);
  side.report = reduce_profiles(FileRows(reader), side.config);
  if (side.report.grid) side.config = with_chosen_grid(side.config, *side.report.grid);
  return side;
}

/// The stored directions that both have are equal. Of different losses too: given ones are used as they are.
bool have_same_directions(const Side& a, const Side& b) {
  const LandscapeReader first(a.path), second(b.path);
  for (const LossReport& of_a : a.report.losses) {
    for (const LossReport& of_b : b.report.losses) {
      const bool alone = a.report.losses.size() == 1 && b.report.losses.size() == 1;
      if (of_a.loss != of_b.loss && !alone) continue;
      const std::string in_a = profile_group(of_a.loss), in_b = profile_group(of_b.loss);
      if (!first.has_row_vectors(in_a) || !second.has_row_vectors(in_b)) return false;
      const std::size_t n_common = std::min(of_a.profiles.size(), of_b.profiles.size());
      for (std::size_t k = 0; k < n_common; ++k) {
        const bool stored = of_a.profiles[k].status != DirectionStatus::incomplete &&
                            of_b.profiles[k].status != DirectionStatus::incomplete;
        const auto row = static_cast<std::int64_t>(k);
        if (stored && first.row_vector(in_a, row) != second.row_vector(in_b, row)) return false;
      }
    }
  }
  return true;
}

/// Why direction k of the one has nothing to do with direction k of the other; empty where it has.
std::string why_unpaired(const Side& a, const Side& b) {
  const auto differ = [](std::string_view what, const std::string& first, const std::string& second) {
    return fmt::format("their {} differs ({} and {})", what, first, second);
  };
  const RunConfig &p = a.config, &q = b.config;
  if (!(a.report.network == b.report.network)) {
    return fmt::format("their networks differ ({} and {})", a.report.network.describe(), b.report.network.describe());
  }
  if (p.directions_from.empty() != q.directions_from.empty()) return "only one of them was given its directions";
  if (!p.directions_from.empty() && !have_same_directions(a, b)) return "they were given different directions";
  if (p.directions_from.empty()) {
    if (p.direction_seed != q.direction_seed) {
      return differ("direction seed", fmt::format("{}", p.direction_seed), fmt::format("{}", q.direction_seed));
    }
    if (p.norm != q.norm) return differ("norm", to_string(p.norm), to_string(q.norm));
    if (p.bias != q.bias) return differ("bias", to_string(p.bias), to_string(q.bias));
  }
  if (!(p.grid == q.grid)) {
    const auto grid = [](const RunConfig& c) {
      return to_string(c.grid) + (c.grid.rule == GridRule::arange ? " by arange" : "");
    };
    return differ("grid", grid(p), grid(q));
  }
  return {};
}

/// The losses to set against each other: equal ones, or the only ones that there are.
std::vector<std::pair<const LossReport*, const LossReport*>> pairs_of(const Side& a, const Side& b,
                                                                      const Invocation& invocation) {
  std::vector<LossKind> asked{LossKind::ritz, LossKind::galerkin};
  if (const auto given = invocation.options.find("losses"); given != invocation.options.end()) {
    asked = make_run_config({{"losses", given->second}}, invocation.command->name).losses;
  }
  std::vector<std::pair<const LossReport*, const LossReport*>> pairs;
  for (const LossReport& first : a.report.losses) {
    for (const LossReport& second : b.report.losses) {
      if (first.loss == second.loss && std::find(asked.begin(), asked.end(), first.loss) != asked.end()) {
        pairs.emplace_back(&first, &second);
      }
    }
  }
  const bool single = a.report.losses.size() == 1 && b.report.losses.size() == 1;
  if (pairs.empty() && single && !invocation.options.contains("losses")) {
    pairs.emplace_back(&a.report.losses.front(), &b.report.losses.front());
  }
  if (pairs.empty()) {
    throw UsageError(fmt::format("'{}' and '{}' have no loss in common{}: nothing can be compared.", a.path, b.path,
                                 invocation.options.contains("losses") ? " that --losses names" : ""));
  }
  return pairs;
}

/// What else is not the same, for the reader to judge, "key: A | B" each; settings that one of them does not have say
/// nothing, except which minimizer was loaded, the precision, the boundary, the problem's parameters and the seeds.
std::vector<std::string> other_differences(const Side& a, const Side& b) {
  std::vector<std::string> found;
  for (const Difference& d : differences(defining_text(a.config), defining_text(b.config))) {
    const auto otherwise = [&](const RunConfig& config) -> std::optional<std::string> {
      if (d.key == "precision") return "double";
      if (d.key == "boundary") return to_string(config.problem.boundary());
      const auto parameter = std::ranges::find(kParameters, d.key, &Parameter::name);
      if (parameter != kParameters.end() && config.problem->has(*parameter))
        return fmt::format("{}", config.problem.parameters().*parameter->value);
      if (d.key.starts_with("minimizer")) return "trained";
      if (d.key.ends_with("-seed"))
        return fmt::format("{}", d.key == "train-seed" ? config.training.seed : config.direction_seed);
      return std::nullopt;
    };
    const auto of_a = d.before ? d.before : otherwise(a.config), of_b = d.now ? d.now : otherwise(b.config);
    if (of_a && of_b && of_a != of_b) found.push_back(fmt::format("{}: {} | {}", d.key, *of_a, *of_b));
  }
  return found;
}

}  // namespace

void compare_files(const Invocation& invocation) {
  const bool json = own_options(invocation).json;
  const Side a = read_side(invocation.file, invocation), b = read_side(invocation.second_file, invocation);
  const auto pairs = pairs_of(a, b, invocation);  // nothing is printed where there are none
  const std::string unpaired = why_unpaired(a, b);
  BootstrapOptions options;
  options.seed = a.config.seed;
  options.resamples = a.config.bootstrap;
  options.confidence = a.config.confidence;
  options.threads = a.config.threads;

  const auto base = [](const std::string& path) { return std::filesystem::path(path).filename().string(); };
  const bool told_apart = base(a.path) != base(b.path);
  const std::string name_a = told_apart ? base(a.path) : a.path, name_b = told_apart ? base(b.path) : b.path;
  if (!json) fmt::print("A           {}\nB           {}\n", a.path, b.path);
  if (!a.config.quiet && !json) {
    for (const std::string& difference : other_differences(a, b)) fmt::print("A | B       {}\n", difference);
  }
  std::vector<FileComparison> comparisons;
  for (const auto& [first, second] : pairs) {
    const bool same_loss = first->loss == second->loss;
    const std::string label_a = same_loss ? name_a : fmt::format("{} in {}", title(first->loss), name_a);
    const std::string label_b = same_loss ? name_b : fmt::format("{} in {}", title(second->loss), name_b);
    const std::size_t n_common = std::min(first->profiles.size(), second->profiles.size());
    const Columns of_a =
        columns_of(std::span(first->profiles).first(unpaired.empty() ? n_common : first->profiles.size()));
    const Columns of_b =
        columns_of(std::span(second->profiles).first(unpaired.empty() ? n_common : second->profiles.size()));
    LossSample sample_a{label_a, of_a.total_variation, of_a.status},
        sample_b{label_b, of_b.total_variation, of_b.status};
    if (first->resolution) sample_a.resolution = *first->resolution;
    if (second->resolution) sample_b.resolution = *second->resolution;
    const Comparison c =
        unpaired.empty() ? compare_indices(sample_a, sample_b, options) : compare_unpaired(sample_a, sample_b, options);
    comparisons.push_back({to_string(first->loss), to_string(second->loss), c});
    if (json) continue;
    fmt::print("\n{}", file_comparison_text(c, same_loss ? title(first->loss) + " loss" : "The two losses", unpaired));
    if (unpaired.empty() && first->profiles.size() != second->profiles.size()) {
      fmt::print("Only the first {} directions, which both files have, were used.\n", n_common);
    }
  }
  if (json) {
    fmt::print("{}", comparison_json(LandscapeReader(a.path), LandscapeReader(b.path), other_differences(a, b),
                                     unpaired, comparisons));
  }
}

}  // namespace landscape
