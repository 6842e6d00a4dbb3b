// The command surface: losses on a plane of parameters, row by row (surface.hpp).
//
// As published (--redraw), every point of the grid has two directions of its own: point i of the flat list is
// theta* + x d_2i + y d_(2i+1). Only its centre and the distribution of its values mean anything.
#include <fmt/format.h>

#include <algorithm>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/surface.hpp"
#include "landscape/math/elementary.hpp"

namespace landscape {
namespace {

constexpr std::int64_t kRedrawnAtOnce = 256;  // directions held, of --redraw

class SurfaceFindings : public Findings {
 public:
  SurfaceFindings(SurfacesReport report, RunConfig config) : report_(std::move(report)), config_(std::move(config)) {}

  std::vector<ResultGroup> groups() const override { return surface_results(config_, &report_); }
  std::string text() const override { return surface_text(config_, report_); }

 private:
  SurfacesReport report_;
  RunConfig config_;
};

AttributeList surface_attributes(const RunConfig& config, const SurfaceKey& key) {
  AttributeList attributes{{"minimizer", key.minimizer},
                           {"quadrature", to_string(config.quadrature)},
                           {"precision", to_string(config.precision)},
                           {"plane", surface_title(config)}};
  if (key.matched) attributes.emplace_back("matched", "B to A");
  if (config.surface.through.empty()) {
    for (Attribute& attribute : direction_attributes(config)) {
      const auto is_it = [&](const Attribute& a) { return a.name == attribute.name; };
      if (std::ranges::none_of(attributes, is_it)) attributes.push_back(std::move(attribute));
    }
  }
  return attributes;
}

class Surface : public Analysis {
 public:
  void settle(RunConfig& config) const override { settle_surface(config); }

  std::vector<Work> work(const RunConfig& config) const override {
    std::vector<Work> all;
    for (const SurfaceKey& key : surfaces(config)) {
      Work& work = all.emplace_back();
      work.loss = key.loss;
      work.minimizer = key.minimizer;
      work.lines = key.matched ? key.minimizer + " matched" : key.minimizer;
      work.steps = config.surface.x->steps();
      if (!config.surface.through.empty())
        work.directions = to_string(key.loss);  // minimizers of files have other names
      Block& block = work.block;
      block.group = surface_group(config, key);
      block.values = "loss";
      block.description = "L(origin + x_j along + y_i across)";
      block.shape_names = "(P_y, P_x)";
      block.axis = {"x", "coordinate x_j of a column", work.steps};
      block.row_axis = {"y", "coordinate y_i of a row", {0.0}};
      if (config.surface.y) block.row_axis.values = config.surface.y->steps();
      block.rows = static_cast<std::int64_t>(block.row_axis.values.size());
      block.columns = static_cast<std::int64_t>(block.axis.values.size());
      block.attributes = surface_attributes(config, key);
    }
    return all;
  }

  LineSet lines(const RunConfig& config, const Work& work, std::span<const Minimizer> minimizers,
                const std::vector<double>& given) const override {
    if (config.surface.redraw) return Analysis::lines(config, work, minimizers, given);
    return lines_of(make_plane(config, minimizers, work.minimizer_name(), given, is_matched(work)), config.network,
                    work.block.row_axis.values);
  }

  void evaluate(LossBackend& backend, const Work& work, const LineSet& lines, const ItemRange& items,
                std::span<double> values) const override {
    if (lines.directions().is_given()) return Analysis::evaluate(backend, work, lines, items, values);
    for (std::int64_t done = 0; done < items.count; done += kRedrawnAtOnce) {
      const std::int64_t count = std::min(kRedrawnAtOnce, items.count - done);
      const LineSet redrawn = redrawn_lines(work, lines.directions(), {items.first + done, count});
      const std::vector<double> whole{1.0};
      backend.evaluate({work.loss, &redrawn, whole, 0, count},
                       values.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(count)));
    }
  }

  std::vector<ResultGroup> results(const RunConfig& config) const override { return surface_results(config); }

  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const override {
    return std::make_unique<SurfaceFindings>(reduce_surfaces(rows, config), config);
  }

  std::string header(const RunConfig& config) const override {
    return fmt::format("Surface     {}\n{}", surface_title(config), quadrature_lines(config));
  }

  std::string name(const RunConfig& config, const Work& work) const override {
    return surface_name(config, {work.loss, work.minimizer_name(), is_matched(work)});
  }

 private:
  static bool is_matched(const Work& work) { return work.lines != work.minimizer; }

  // A direction per point, of which one step leads there.
  static LineSet redrawn_lines(const Work& work, const DirectionSet& drawn, const ItemRange& items) {
    const std::size_t n = drawn.parameter_count();
    std::vector<double> rows(static_cast<std::size_t>(items.count) * n), across(n);
    for (std::int64_t i = 0; i < items.count; ++i) {
      const std::int64_t item = items.first + i;
      const double x = work.steps[static_cast<std::size_t>(item % work.block.columns)];
      const double y = work.block.row_axis.values[static_cast<std::size_t>(item / work.block.columns)];
      const auto row = std::span(rows).subspan(static_cast<std::size_t>(i) * n, n);
      drawn.generate(2 * item, row);
      drawn.generate(2 * item + 1, across);
      for (std::size_t p = 0; p < n; ++p) row[p] = math::fma(x, row[p], y * across[p]);
    }
    return drawn.with_rows(std::move(rows));
  }
};

}  // namespace

const Analysis& surface_analysis() {
  static const Surface analysis;
  return analysis;
}

}  // namespace landscape
