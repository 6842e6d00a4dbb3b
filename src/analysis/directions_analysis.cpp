// The command directions: for every loss and kind a block of profiles, random ones drawn, the others made at the
// minimizer by rank 0.
#include <fmt/format.h>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/directions.hpp"
#include "landscape/hessian/made_directions.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

class DirectionsFindings : public Findings {
 public:
  DirectionsFindings(std::vector<KindsOfLoss> losses, RunConfig config)
      : losses_(std::move(losses)), config_(std::move(config)) {}

  std::vector<ResultGroup> groups() const override { return directions_results(config_, &losses_); }
  std::vector<BlockColumns> columns() const override {
    std::vector<BlockColumns> all;
    for (const KindsOfLoss& of_loss : losses_) {
      for (const KindReport& kind : of_loss.kinds)
        all.push_back({kind_profile_group(of_loss.loss, kind.kind), kind_columns(kind)});
    }
    return all;
  }
  std::string text() const override { return directions_report(config_, losses_); }

 private:
  std::vector<KindsOfLoss> losses_;
  RunConfig config_;
};

Work kind_work(const RunConfig& config, LossKind loss, const DirectionKind& kind) {
  Work work = profile_work(config, loss, config.grid.steps());
  work.lines = to_string(loss) + " " + to_string(kind);
  work.makes_directions = kind.family != DirectionFamily::random;
  Block& block = work.block;
  block.group = kind_profile_group(loss, kind);
  if (kind.is_single()) block.rows = 1;
  if (work.makes_directions) {
    block.row_vectors = {"direction", "direction d_k, parameters as in theta",
                         static_cast<std::int64_t>(ParameterLayout(config.network).size())};
  }
  const std::string when = fmt::format("; valid once the state of /{} is complete", kind_group(loss, kind));
  block.row_columns = {
      {"total_variation", "T_k = sum_j |f_(j+1) - f_j| / (|I| (max f - min f)), NaN where undefined" + when},
      {"curvature", "second derivative of f at the step nearest s = 0 from three steps, NaN where undefined" + when}};
  block.attributes = {{"kind", to_string(kind)},
                      {"scaled_by", scaling_text(config, kind)},
                      {"grid", to_string(config.grid)},
                      {"grid_rule", to_string(config.grid.rule)},
                      {"interval_length", config.grid.length()}};
  for (const Attribute& attribute : direction_attributes(config)) block.attributes.push_back(attribute);
  return work;
}

class Directions : public Analysis {
 public:
  void settle(RunConfig& config) const override { settle_directions(config); }

  std::vector<Work> work(const RunConfig& config) const override {
    std::vector<Work> all;
    for (const LossKind loss : config.losses) {
      for (const DirectionKind& kind : config.direction_kinds) all.push_back(kind_work(config, loss, kind));
    }
    return all;
  }

  std::vector<std::vector<double>> make_directions(const Setup& setup, std::span<const Work> work,
                                                   std::span<const Minimizer> minimizers) const override {
    const RunConfig& config = setup.config;
    std::vector<std::vector<double>> rows;
    for (const LossKind loss : config.losses) {
      const Minimizer& minimizer = find_minimizer(minimizers, to_string(loss));
      const auto backend = make_cpu_backend(minimizer.spec, config.problem, setup.points, setup.training_threads);
      DirectionSource source{
          *backend, loss,
          DirectionSet(minimizer.spec, minimizer.theta, config.direction_seed, config.norm, config.bias),
          farther_end(config.grid), kAdamEpsilon};
      source.between = [&setup] {
        if (should_stop(setup)) throw TrainingStopped("Stopped while directions were made.");
      };
      for (const Minimizer& other : minimizers) {
        if (other.loss != loss) source.other = other.theta;
      }
      MadeDirections made(std::move(source));
      for (const DirectionKind& kind : config.direction_kinds) {
        const Work& one = work[rows.size()];
        rows.push_back(one.makes_directions ? made.rows(kind, one.block.rows) : std::vector<double>());
      }
    }
    return rows;
  }

  std::vector<ResultGroup> results(const RunConfig& config) const override { return directions_results(config); }

  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const override {
    return std::make_unique<DirectionsFindings>(reduce_directions(rows, config), config);
  }

  std::string header(const RunConfig& config) const override {
    std::string kinds;
    for (const DirectionKind& kind : config.direction_kinds) kinds += (kinds.empty() ? "" : ", ") + to_string(kind);
    return fmt::format("Profiles    {} x {} steps on [{:g}, {:g}]\nDirections  {}\n{}", directions_text(config),
                       config.grid.steps().size(), config.grid.min, config.grid.max, kinds, quadrature_lines(config));
  }

  std::string name(const RunConfig&, const Work& work) const override { return work.lines; }
};

}  // namespace

const Analysis& directions_analysis() {
  static const Directions analysis;
  return analysis;
}

}  // namespace landscape
