// What most analyses have in common: losses along random or given directions, with the run's own points.
#include "landscape/job/analysis.hpp"
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

}  // namespace landscape
