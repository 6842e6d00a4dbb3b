// One line per part of the job.
#include "landscape/job/header.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "landscape/config/option_table.hpp"
#include "landscape/config/text.hpp"
#include "landscape/config/version.hpp"
#include "landscape/job/analysis.hpp"

namespace landscape {
namespace {

// "seed 1, direction-seed 2": the two others where they are not the first.
std::string seeds_text(const RunConfig& config) {
  std::string text = fmt::format("seed {}", config.seed);
  for (const std::string_view name : {"train-seed", "direction-seed"}) {
    if (const std::string seed = find_option(name)->get(config); !seed.empty())
      text += fmt::format(", {} {}", name, seed);
  }
  return text;
}

}  // namespace

std::string problem_text(const Problem& problem, int dimension) {
  const std::string solution = problem.solution_text(dimension);
  const std::string equation = problem.operator_text(dimension);
  const std::string how = problem.boundary().is_hard() ? "" : fmt::format(" by {}", to_string(problem.boundary()));
  const std::string domain = domain_text(problem->domain, dimension);
  return fmt::format("{} on {}, {}{}, u* = {}", equation, domain, boundary_condition(problem, dimension), how,
                     solution);
}

std::string header_text(const Setup& setup, int n_ranks, const OutputClaim& claim) {
  const RunConfig& config = setup.config;
  const std::size_t n = ParameterLayout(config.network).size();
  std::string text = fmt::format("{}, {} rank{} x {} thread{}, {}\n", version_text(), n_ranks, n_ranks == 1 ? "" : "s",
                                 setup.threads, setup.threads == 1 ? "" : "s", seeds_text(config));
  text += fmt::format("Problem     {}\n", problem_text(config.problem, config.network.dimension));
  const std::string unbounded = unbounded_text(config.problem, config.network.dimension);
  if (!unbounded.empty() && std::ranges::count(config.losses, LossKind::ritz) > 0)
    text += fmt::format("Note        the Ritz loss has no minimum, as {}\n", unbounded);
  text += fmt::format("Network     {}, {} parameters\n", config.network.describe(),
                      count_text(static_cast<std::int64_t>(n)));
  const std::string trained = config.trains_any() && !claim.goes_on() ? config.training.describe_points() : "";
  if (setup.analysis != nullptr) text += setup.analysis->header(config);
  if (!trained.empty()) text += fmt::format("Trained on  {}\n", trained);
  if (!trained.empty() && !config.training.start.empty())
    text += fmt::format("Start       {} (parameters {})\n", config.training.start, config.training.start_parameters);
  const std::string state = claim.plan == OutputPlan::resume ? " (resumed)"
                            : claim.plan == OutputPlan::extend
                                ? fmt::format(" (resumed, from {} to {} directions)",
                                              count_text(claim.earlier_directions), count_text(config.n_directions))
                            : claim.plan == OutputPlan::replace ? " (replaced)"
                            : claim.nothing_to_resume           ? " (nothing to resume there: begun anew)"
                                                                : "";
  text += fmt::format("Output      {}{}\n", config.output, state);
  if (claim.lacks_directions) {
    text += "Note        --save-directions stores nothing here: the file was begun without it\n";
  }
  if (claim.replaces_checkpoints)
    text += "Note        --overwrite: the checkpoint of a stopped training is replaced, too\n";
  if (!setup.device_note.empty()) text += fmt::format("Note        {}\n", setup.device_note);
  return text;
}

}  // namespace landscape
