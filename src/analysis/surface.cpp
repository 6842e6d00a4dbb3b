// A surface is read whole: what is seen of it needs all of its rows.
#include "landscape/analysis/surface.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "landscape/analysis/places.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/backend/loss_rounding.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/roughness/barrier.hpp"

namespace landscape {
namespace {

constexpr double kOnGrid = 1e-12;  // of a minimizer's place and a grid point

std::vector<double> y_steps(const RunConfig& config) {
  return config.surface.y ? config.surface.y->steps() : std::vector<double>{0.0};
}

/// A surface's numbers and places, (P_y, P_x).
struct Grid {
  std::vector<double> x, y, loss;
  std::size_t n_x() const { return x.size(); }
  SurfacePoint point(std::size_t at) const { return {x[at % n_x()], y[at / n_x()], loss[at]}; }
  std::size_t nearest(double to_x, double to_y) const {
    const auto near = [](const std::vector<double>& axis, double to) {
      const auto at = std::ranges::min_element(axis, {}, [&](double s) { return std::abs(s - to); });
      return static_cast<std::size_t>(at - axis.begin());
    };
    return near(y, to_y) * n_x() + near(x, to_x);
  }
  /// Undefined where the grid does not hold the point.
  double at(double to_x, double to_y) const {
    const SurfacePoint found = point(nearest(to_x, to_y));
    return std::abs(found.x - to_x) <= kOnGrid && std::abs(found.y - to_y) <= kOnGrid ? found.loss : kUndefined;
  }
};

Grid read_grid(const Rows& rows, const RunConfig& config, const std::string& group, SurfaceReport& report) {
  Grid grid{rows.axis(group), y_steps(config), {}};
  if (grid.x != config.surface.x->steps() || rows.n_rows(group) != static_cast<std::int64_t>(grid.y.size()))
    throw Error(fmt::format("{} is damaged: its points are not those of its surface.", rows.source()));
  report.n_damaged_rows = rows.for_each(group, [&](std::span<const double> row, bool intact) {
    for (const double f : row) grid.loss.push_back(intact ? f : kUndefined);
  });
  return grid;
}

void find_extremes(const Grid& grid, SurfaceReport& report) {
  report.n_points = static_cast<std::int64_t>(grid.loss.size());
  report.centre = grid.point(grid.nearest(0.0, 0.0));
  for (std::size_t at = 0; at < grid.loss.size(); ++at) {
    const double f = grid.loss[at];
    if (!std::isfinite(f)) {
      ++report.n_nonfinite;
      continue;
    }
    if (f < report.centre.loss) ++report.n_below_centre;
    if (!(report.lowest.loss <= f)) report.lowest = grid.point(at);
    if (!(report.highest.loss >= f)) report.highest = grid.point(at);
  }
}

// The error bound at the origin serves the whole surface: along it the terms change by factors near one.
void count_minima(const Grid& grid, const math::LossError<double>& error, SurfaceReport& report) {
  const std::vector<Basin> basins =
      find_basins(grid.loss, static_cast<std::int64_t>(grid.y.size()), static_cast<std::int64_t>(grid.n_x()));
  for (const Basin& basin : basins) {
    if (!is_above_rounding(basin, error)) continue;
    ++report.n_minima;
    if (basin.at_border) ++report.n_minima_at_border;
  }
  report.topology = topology_of(basins, report.highest.loss - report.lowest.loss, error);
}

// A minimizer's place is not missed for rounding.
double snapped(double x) {
  for (const double end : {0.0, 1.0}) {
    if (std::abs(x - end) <= kOnGrid) return end;
  }
  return x;
}

// Of the points from A to B; none where the grid lacks one of these, or where a loss is not finite.
Barrier find_barrier(const Grid& grid) {
  if (!std::isfinite(grid.at(0.0, 0.0)) || !std::isfinite(grid.at(1.0, 0.0))) return {};
  std::vector<double> t, losses;
  for (std::size_t j = 0; j < grid.n_x(); ++j) {
    const double x = snapped(grid.x[j]);
    if (x < 0.0 || x > 1.0) continue;
    t.push_back(x);
    losses.push_back(grid.loss[j]);
  }
  if (!is_finite(losses)) return {};
  const auto highest = std::ranges::max_element(losses);
  Barrier barrier;
  barrier.height = *highest - std::max(losses.front(), losses.back());
  barrier.above_line = path_barrier(t, losses).height;
  barrier.x = t[static_cast<std::size_t>(highest - losses.begin())];
  return barrier;
}

// Where one plane serves all points, and no file that may be gone had it.
std::optional<Plane> known_plane(const Rows& rows, const RunConfig& config, const SurfaceKey& key) {
  if (config.surface.redraw || !config.directions_from.empty()) return std::nullopt;
  std::vector<Minimizer> minimizers;
  for (const MinimizerSource& source : config.minimizer_sources()) minimizers.push_back(rows.minimizer(source.name));
  return make_plane(config, minimizers, key.minimizer, {}, key.matched);
}

std::vector<std::string> names_on_plane(const RunConfig& config, const SurfaceKey& key) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < config.surface.through.size(); ++i)
    names.push_back(name_on_plane(config.surface.through[i], i));
  return names.empty() ? std::vector{key.minimizer} : names;
}

SurfaceReport reduce_surface(const Rows& rows, const RunConfig& config, const SurfaceKey& key) {
  SurfaceReport report;
  report.key = key;
  report.name = surface_name(config, key);
  const std::string group = surface_group(config, key);
  const Grid grid = read_grid(rows, config, group, report);
  find_extremes(grid, report);
  const Minimizer minimizer = rows.minimizer(key.minimizer);
  count_minima(grid,
               loss_rounding(minimizer.spec, config.problem, key.loss, minimizer.theta, profile_points(config),
                             config.precision),
               report);
  report.plane = known_plane(rows, config, key);
  report.minimizers = names_on_plane(config, key);
  report.positions = {0.0, 0.0};
  if (report.minimizers.size() > 1) {
    report.positions.clear();
    // With --directions-from, two: the third direction is the file's.
    const std::vector<std::array<double, 2>> places =
        report.plane ? report.plane->positions : std::vector<std::array<double, 2>>{{0.0, 0.0}, {1.0, 0.0}};
    for (const auto& [x, y] : places) report.positions.insert(report.positions.end(), {x, y});
  }
  for (std::size_t i = 0; i < report.positions.size(); i += 2)
    report.at_minimizers.push_back(grid.at(report.positions[i], report.positions[i + 1]));
  if (config.surface.is_line() && config.surface.through.size() == 2) report.barrier = find_barrier(grid);
  report.evaluation_seconds = rows.seconds(group);
  return report;
}

double length_of(const std::vector<double>& v) {
  double squares = 0.0;
  for (const double x : v) squares += x * x;
  return std::sqrt(squares);
}

double cosine_of(const Plane& plane) {
  double product = 0.0;
  for (std::size_t i = 0; i < plane.across.size(); ++i) product += plane.along[i] * plane.across[i];
  return plane.across.empty() ? kUndefined : product / (length_of(plane.along) * length_of(plane.across));
}

// Undefined where no point is finite; zero where all losses are equal.
double total_persistence(const SurfaceReport& report) {
  return std::isfinite(report.topology.range) ? report.topology.total_persistence : kUndefined;
}

double normalised_gap(const SurfaceReport& report) {
  return report.topology.mean_gap ? *report.topology.mean_gap / report.topology.range : kUndefined;
}

ResultTable<SurfaceReport> surface_table(const RunConfig& config, const SurfaceKey& key) {
  const auto n = static_cast<std::int64_t>(ParameterLayout(config.network).size());
  const auto n_minimizers = static_cast<std::int64_t>(names_on_plane(config, key).size());
  const bool has_plane = !config.surface.redraw && config.directions_from.empty();
  ResultTable<SurfaceReport> table(
      "What is seen of the surface L(origin + x along + y across) on its grid; NaN where undefined");
  const auto add_point = [&](const std::string& name, const std::string& what, SurfacePoint SurfaceReport::*point) {
    table.add(name, "1", what, [point](const SurfaceReport& r) { return (r.*point).loss; });
    table.add(name + "_at", "1", "where: x and y", "(2)", {2}, [point](const SurfaceReport& r) {
      return std::vector<double>{(r.*point).x, (r.*point).y};
    });
  };
  add_point("centre", "loss at the grid point nearest to the origin", &SurfaceReport::centre);
  add_point("minimum", "lowest loss on the grid", &SurfaceReport::lowest);
  add_point("maximum", "highest loss on the grid", &SurfaceReport::highest);
  table.add("range", "1", "maximum - minimum", [](const SurfaceReport& r) { return r.highest.loss - r.lowest.loss; });
  table.add("points", "1", "grid points", &SurfaceReport::n_points);
  table.add("below_centre", "1", "grid points with a loss below the centre's", &SurfaceReport::n_below_centre);
  table.add("nonfinite", "1", "grid points whose loss is not finite", &SurfaceReport::n_nonfinite);
  if (!config.surface.redraw) {
    table.add("local_minima", "1",
              "grid points below their eight neighbours (two on a line), by more than rounding can make",
              &SurfaceReport::n_minima);
    table.add("local_minima_at_border", "1", "of these, those at the border of the grid",
              &SurfaceReport::n_minima_at_border);
    table.add(
        "deep_minima", "1",
        "of the local minima, those whose basin is deeper than 1 % of the range: from the minimum up to the saddle "
        "that leads to a lower one",
        [](const SurfaceReport& r) { return r.topology.n_basins; });
    table.add(
        "smad", "1",
        "mean of saddle - minimum over the local minima whose basin leads to a lower one, NaN where there is none",
        [](const SurfaceReport& r) { return r.topology.mean_gap; });
    table.add("smad_normalised", "1", "smad / range", normalised_gap);
    table.add("total_persistence", "1",
              "sum of saddle - minimum over all basins that lead to a lower one, those that rounding makes too",
              total_persistence);
  }
  table.add("minimizer_positions", "1", "x and y of the minimizers", "(K, 2)", {n_minimizers, 2},
            &SurfaceReport::positions);
  table.add("minimizer_losses", "1", "loss at the minimizers, NaN where the grid does not hold the point", "(K)",
            {n_minimizers}, &SurfaceReport::at_minimizers);
  if (config.surface.is_line() && config.surface.through.size() == 2) {
    const auto of = [](double Barrier::*value) {
      return [value](const SurfaceReport& r) { return (*r.barrier).*value; };
    };
    table.add("barrier", "1", "largest loss between the two minimizers minus the larger of theirs",
              of(&Barrier::height));
    table.add("barrier_above_line", "1",
              "largest difference between the loss and the straight line between the minimizers' losses",
              of(&Barrier::above_line));
    table.add("barrier_at", "1", "x of the largest loss between them", of(&Barrier::x));
  }
  if (has_plane) {
    table.add("along", "1", "direction of x, parameters as in theta", "(n)", {n},
              [](const SurfaceReport& r) { return r.plane->along; });
    table.add("along_length", "1", "its Euclidean length",
              [](const SurfaceReport& r) { return length_of(r.plane->along); });
    if (!config.surface.is_line()) {
      table.add("across", "1", "direction of y, parameters as in theta", "(n)", {n},
                [](const SurfaceReport& r) { return r.plane->across; });
      table.add("across_length", "1", "its Euclidean length",
                [](const SurfaceReport& r) { return length_of(r.plane->across); });
      table.add("cosine", "1", "of the angle between the two directions",
                [](const SurfaceReport& r) { return cosine_of(*r.plane); });
    }
  }
  if (config.along_path) {
    const std::int64_t n_checkpoints = config.path_checkpoints;
    table.add("path_positions", "1", "x and y of the training's checkpoints, projected on the plane", "(C, 2)",
              {n_checkpoints, 2}, [](const SurfaceReport& r) {
                std::vector<double> places;
                for (const auto& [x, y] : r.plane->path) places.insert(places.end(), {x, y});
                return places;
              });
    table.add("explained", "1", "shares of sum |theta_c - theta*|^2 that the axes have", "(2)", {2},
              [](const SurfaceReport& r) {
                return std::vector<double>{r.plane->explained[0], r.plane->explained[1]};
              });
  }
  table.add("evaluation_seconds", "s", "time of the evaluation, mean over ranks", &SurfaceReport::evaluation_seconds);
  return table;
}

std::string at_text(const SurfacePoint& point, bool is_line) {
  return is_line ? fmt::format("x = {:.4g}", point.x) : fmt::format("({:.4g}, {:.4g})", point.x, point.y);
}

std::string loss_text(double loss) { return defined_text(loss, "{:.8g}"); }

void require_possible(const RunConfig& config) {
  const SurfaceOptions& s = config.surface;
  if (!s.through.empty()) {
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      if (std::ranges::count(s.through, to_string(loss)) > 0 && std::ranges::count(config.losses, loss) == 0)
        throw UsageError(
            fmt::format("--through {0} needs that loss: add it to --losses, or give a file.", to_string(loss)));
    }
    if (config.around != Around::own) throw UsageError("--around is of random planes: it cannot go with --through.");
    if (s.redraw) throw UsageError("--redraw is of random planes: it cannot go with --through.");
    if (s.through.size() == 3 && !config.directions_from.empty())
      throw UsageError("--through three minimizers leaves no direction to --directions-from: drop one.");
  }
  if (s.match && s.through.size() != 2)
    throw UsageError("--match brings a second minimizer next to the first: it needs --through A,B.");
  if (config.along_path && (s.redraw || s.orthogonal || config.around != Around::own || !s.through.empty() ||
                            !config.directions_from.empty()))
    throw UsageError(
        "--path gives the plane: it cannot go with --through, --around, --orthogonal, --redraw or --directions-from.");
  if (s.redraw && s.orthogonal) throw UsageError("--redraw draws for every point: it cannot go with --orthogonal.");
  if (s.redraw && !config.directions_from.empty())
    throw UsageError("--redraw draws directions: it cannot go with --directions-from.");
}

}  // namespace

void settle_surface(RunConfig& config) {
  require_places(config);
  require_possible(config);
  SurfaceOptions& s = config.surface;
  const std::size_t n_through = s.through.size();
  if (s.y && !s.x) throw UsageError("--y is the second axis of a plane: give --x too.");
  if (!s.x) {
    s.x = config.along_path ? ProfileGrid{-1.2, 1.2, 49, GridRule::even}
          : n_through == 0  ? ProfileGrid{-1.0, 1.0, 51, GridRule::even}
                            : ProfileGrid{-0.5, 1.5, 41, GridRule::even};
    if (n_through != 2) s.y = s.x;
  }
  if (s.is_line() && n_through == 3) throw UsageError("--through three minimizers is a plane: give --y too.");
  if (s.is_line() && s.orthogonal) throw UsageError("--orthogonal is about the second direction of a plane: give --y.");
  const std::int64_t n_needed =
      n_through == 3 || config.along_path ? 0 : (s.is_line() ? 1 : 2) - (n_through == 2 ? 1 : 0);
  if (!config.directions_from.empty() && n_needed == 0)
    throw UsageError("--directions-from gives a second direction: with --through A,B it needs --y.");
  if (!config.directions_from.empty() && config.n_directions < n_needed) {
    throw UsageError(fmt::format("--directions-from {} has one direction: a plane needs two; leave --y out for a line.",
                                 config.directions_from));
  }
  config.n_directions = std::max<std::int64_t>(1, n_needed);
}

std::vector<SurfaceKey> surfaces(const RunConfig& config) {
  const SurfaceOptions& s = config.surface;
  std::vector<SurfaceKey> keys;
  if (s.through.empty()) {
    for (const LossPlace& place : loss_places(config)) keys.push_back({place.loss, place.minimizer});
    return keys;
  }
  for (const LossKind loss : config.losses) {
    keys.push_back({loss, name_on_plane(s.through.front(), 0)});
    if (s.match) keys.push_back({loss, keys.back().minimizer, true});
  }
  return keys;
}

std::string surface_name(const RunConfig& config, const SurfaceKey& key) {
  const std::string loss = to_string(key.loss);
  if (key.matched) return loss + " matched";
  return config.surface.through.empty() ? place_name({key.loss, key.minimizer}) : loss;
}

std::string surface_group(const RunConfig& config, const SurfaceKey& key) {
  std::string name = surface_name(config, key);
  std::ranges::replace(name, ' ', '_');
  return "surface/" + name;
}

SurfacesReport reduce_surfaces(const Rows& rows, const RunConfig& config) {
  SurfacesReport report;
  for (const SurfaceKey& key : surfaces(config)) report.surfaces.push_back(reduce_surface(rows, config, key));
  return report;
}

std::vector<ResultGroup> surface_results(const RunConfig& config, const SurfacesReport* report) {
  std::vector<ResultGroup> groups;
  const std::vector<SurfaceKey> keys = surfaces(config);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    groups.push_back(
        surface_table(config, keys[i])
            .group(surface_group(config, keys[i]) + "/summary", report != nullptr ? &report->surfaces[i] : nullptr));
  }
  return groups;
}

std::string surface_title(const RunConfig& config) {
  const SurfaceOptions& s = config.surface;
  const std::string drawn = config.directions_from.empty()
                                ? fmt::format("norm {}, bias {}", to_string(config.norm), to_string(config.bias))
                                : "from " + config.directions_from;
  std::string what;
  if (config.along_path) {
    what = s.is_line() ? "line along the first principal component of the training's path"
                       : "plane of two principal components of the training's path";
  } else if (s.through.empty()) {
    what = fmt::format("{}{} ({})", s.is_line() ? "line along " : "plane of ",
                       s.redraw      ? "random directions, new ones at every point"
                       : s.is_line() ? "one direction"
                                     : "two directions",
                       drawn);
  } else {
    const bool adds_direction = s.through.size() == 2 && !s.is_line();
    what = s.is_line() ? "line through " : "plane through ";
    for (std::size_t i = 0; i < s.through.size(); ++i)
      what += fmt::format("{}{}",
                          i == 0                      ? ""
                          : i + 1 == s.through.size() ? " and "
                                                      : ", ",
                          name_on_plane(s.through[i], i));
    if (adds_direction) what += fmt::format(" and one direction ({})", drawn);
  }
  if (s.orthogonal) what += ", orthogonal";
  const std::string x = fmt::format("[{:g}, {:g}]", s.x->min, s.x->max);
  if (s.is_line()) return fmt::format("{}, {} points on {}", what, s.x->num, x);
  return fmt::format("{}, {} x {} points on {} x [{:g}, {:g}]", what, s.x->num, s.y->num, x, s.y->min, s.y->max);
}

std::string surface_text(const RunConfig& config, const SurfacesReport& report) {
  const bool is_line = config.surface.is_line();
  constexpr std::size_t kLabel = 34, kCell = 16;  // four cells are as wide as a text
  const std::size_t width = report.surfaces.size() > 2 ? kCell : kCell + 6;
  std::string text;
  const auto add = [&](const std::string& label, const std::function<std::string(const SurfaceReport&)>& cell) {
    text += fmt::format("{:<{}}", label, kLabel);
    for (const SurfaceReport& surface : report.surfaces) text += fmt::format("{:>{}}", cell(surface), width);
    text += '\n';
  };
  add("loss", [](const SurfaceReport& r) { return to_string(r.key.loss); });
  if (config.surface.through.empty()) add("around", [](const SurfaceReport& r) { return r.key.minimizer; });
  if (config.surface.match)
    add("hidden units of B", [](const SurfaceReport& r) { return r.key.matched ? "matched to A" : "as they are"; });
  text += std::string(kLabel + width * report.surfaces.size(), '-') + '\n';
  using R = SurfaceReport;
  const R& first = report.surfaces.front();
  if (config.surface.through.empty()) {
    add(fmt::format("at the centre, {}", at_text(first.centre, is_line)),
        [](const R& r) { return loss_text(r.centre.loss); });
  } else {
    for (std::size_t i = 0; i < first.minimizers.size(); ++i) {
      const SurfacePoint place{first.positions[2 * i], first.positions[2 * i + 1], 0.0};
      add(fmt::format("at {}, {}", first.minimizers[i], at_text(place, is_line)),
          [i](const R& r) { return loss_text(r.at_minimizers[i]); });
    }
  }
  add("lowest on the grid", [](const R& r) { return loss_text(r.lowest.loss); });
  add("  at", [&](const R& r) { return at_text(r.lowest, is_line); });
  add("highest on the grid", [](const R& r) { return loss_text(r.highest.loss); });
  add("  at", [&](const R& r) { return at_text(r.highest, is_line); });
  add("range", [](const R& r) { return defined_text(r.highest.loss - r.lowest.loss, "{:.4g}"); });
  add(config.surface.through.empty() ? "points below the centre" : "points below " + first.minimizers.front(),
      [](const R& r) {
        return fmt::format("{:.3g} %", 100.0 * static_cast<double>(r.n_below_centre) / static_cast<double>(r.n_points));
      });
  if (!config.surface.redraw) {  // else neighbours have nothing to do with each other
    add("local minima", [](const R& r) { return fmt::format("{}", r.n_minima); });
    add("  at the border", [](const R& r) { return fmt::format("{}", r.n_minima_at_border); });
    add("  deeper than 1 % of the range", [](const R& r) { return fmt::format("{}", r.topology.n_basins); });
    add("saddle above minimum, mean (SMAD)",
        [](const R& r) { return r.topology.mean_gap ? fmt::format("{:.4g}", *r.topology.mean_gap) : "none"; });
    add("  of the range",
        [](const R& r) { return r.topology.mean_gap ? fmt::format("{:.4g}", normalised_gap(r)) : ""; });
  }
  if (config.along_path) {
    add("the path's variation along x",
        [](const R& r) { return fmt::format("{:.4g} %", 100.0 * r.plane->explained[0]); });
    if (!is_line) add("  along y", [](const R& r) { return fmt::format("{:.4g} %", 100.0 * r.plane->explained[1]); });
  }
  if (first.barrier) {
    if (first.plane)
      add("distance of the two", [](const R& r) { return fmt::format("{:.4g}", length_of(r.plane->along)); });
    add("barrier above the larger end", [](const R& r) { return defined_text(r.barrier->height, "{:.4g}"); });
    add("  above the straight line", [](const R& r) { return defined_text(r.barrier->above_line, "{:.4g}"); });
    add("  at", [](const R& r) { return "x = " + defined_text(r.barrier->x, "{:.4g}"); });
  }
  if (std::ranges::any_of(report.surfaces, [](const R& r) { return r.n_nonfinite > 0; }))
    add("points that are not finite", [](const R& r) { return fmt::format("{}", r.n_nonfinite); });
  for (const R& r : report.surfaces) {
    if (r.n_damaged_rows > 0)
      text += fmt::format("{}: {} rows do not match their checksum; --resume computes them again.\n", r.name,
                          r.n_damaged_rows);
  }
  if (first.barrier && !std::isfinite(first.barrier->height))
    text += "The barrier is that of a line from end to end: its --x must hold 0 and 1.\n";
  return text;
}

}  // namespace landscape
