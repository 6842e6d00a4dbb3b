// The command sweep: one pass over the steps of all grids, the index of each (sweep.hpp).
#include <fmt/format.h>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/sweep.hpp"
#include "landscape/profile/sweep_grid.hpp"

namespace landscape {
namespace {

class SweepFindings : public Findings {
 public:
  SweepFindings(SweepReport report, RunConfig config) : report_(std::move(report)), config_(std::move(config)) {}

  std::vector<ResultGroup> groups() const override { return sweep_results(config_, &report_); }
  std::string text() const override { return sweep_text(report_); }

 private:
  SweepReport report_;
  RunConfig config_;
};

class Sweep : public Analysis {
 public:
  void settle(RunConfig& config) const override { settle_sweep(config); }

  std::vector<Work> work(const RunConfig& config) const override {
    std::vector<Work> all;
    const SweepGrid grid = sweep_grid(config.sweep_radius, config.sweep_intervals);
    for (const LossKind loss : config.losses) {
      all.push_back(profile_work(config, loss, grid.steps));
      AttributeList& attributes = all.back().block.attributes;
      attributes = {{"grid", "the distinct steps of all grids of a sweep"},
                    {"sweep_radius", config.sweep_radius},
                    {"sweep_intervals", config.sweep_intervals}};
      for (const Attribute& attribute : direction_attributes(config)) attributes.push_back(attribute);
    }
    return all;
  }

  std::vector<ResultGroup> results(const RunConfig& config) const override { return sweep_results(config); }

  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const override {
    return std::make_unique<SweepFindings>(reduce_sweep(rows, config), config);
  }

  std::string header(const RunConfig& config) const override {
    return fmt::format("Profiles    {}\nSweep       {}\n{}", directions_text(config), sweep_title(config),
                       quadrature_lines(config));
  }
};

}  // namespace

const Analysis& sweep_analysis() {
  static const Sweep analysis;
  return analysis;
}

}  // namespace landscape
