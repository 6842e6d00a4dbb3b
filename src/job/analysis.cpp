// What most analyses have in common: losses along random or given directions, with the run's own points.
#include "landscape/job/analysis.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "landscape/config/point_sets.hpp"

namespace landscape {

void Analysis::settle(RunConfig&) const {}

PointSet Analysis::points(const RunConfig& config, int) const { return profile_points(config); }

std::vector<std::vector<double>> Analysis::make_directions(const Setup&, std::span<const Work> work,
                                                           std::span<const Minimizer>) const {
  return std::vector<std::vector<double>>(work.size());
}

LineSet Analysis::lines(const RunConfig& config, const Work& work, std::span<const Minimizer> minimizers,
                        const std::vector<double>& given) const {
  const Minimizer& minimizer = find_minimizer(minimizers, work.minimizer_name());
  if (!given.empty()) return DirectionSet(minimizer.spec, minimizer.theta, given);
  return DirectionSet(minimizer.spec, minimizer.theta, config.direction_seed, config.norm, config.bias);
}

void Analysis::evaluate(LossBackend& backend, const Work& work, const LineSet& lines, const ItemRange& items,
                        std::span<double> values) const {
  if (work.make_rows) {
    work.make_rows(backend, lines, items.first / work.block.columns, values);
    return;
  }
  backend.evaluate({work.loss, &lines, work.steps, items.first, items.count, work.quantity}, values);
}

std::vector<BlockColumns> Analysis::measure_rows(const Communicator&, const Setup&, std::span<const Work>,
                                                 std::span<const LineSet* const>) const {
  return {};
}

std::string Analysis::name(const RunConfig&, const Work& work) const { return to_string(work.loss); }

std::int64_t count_items(std::span<const Work> work) {
  std::int64_t n = 0;
  for (const Work& one : work) n += one.n_items();
  return n;
}

std::vector<std::vector<std::size_t>> drawing_stages(std::span<const Work> work) {
  std::vector<std::string> whole;  // before the next stage
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (work[i].make_row) {
      left.push_back(i);
    } else {
      whole.push_back(work[i].block.group);
    }
  }
  std::vector<std::vector<std::size_t>> stages;
  while (!left.empty()) {
    const auto waits = [&](std::size_t i) {
      return std::ranges::any_of(work[i].needs,
                                 [&](const std::string& group) { return std::ranges::count(whole, group) == 0; });
    };
    std::vector<std::size_t>& stage = stages.emplace_back();
    std::ranges::copy_if(left, std::back_inserter(stage), [&](std::size_t i) { return !waits(i); });
    if (stage.empty())
      throw Error(fmt::format("The block {} needs one that never is whole.", work[left.front()].block.group));
    std::erase_if(left, [&](std::size_t i) { return std::ranges::count(stage, i) > 0; });
    for (const std::size_t i : stage) whole.push_back(work[i].block.group);
  }
  return stages;
}

}  // namespace landscape
