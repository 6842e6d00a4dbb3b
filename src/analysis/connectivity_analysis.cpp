// The command connectivity: trainings, then what is made of pairs of them, block by block.
#include <fmt/format.h>

#include <limits>
#include <memory>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/connectivity.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/config/text.hpp"
#include "landscape/job/lone_training.hpp"

namespace landscape {
namespace {

class ConnectivityFindings : public Findings {
 public:
  ConnectivityFindings(ConnectivityReport report, RunConfig config)
      : report_(std::move(report)), config_(std::move(config)) {}

  std::vector<ResultGroup> groups() const override { return connectivity_results(config_, &report_); }
  std::string text() const override { return connectivity_text(config_, report_); }

 private:
  ConnectivityReport report_;
  RunConfig config_;
};

/// What all rows of one loss have in common.
struct RowsOfLoss {
  RunConfig config;  // with this loss alone
  std::vector<MinimizerPair> pairs;
  std::size_t n = 0;  // parameters

  RowsOfLoss(const RunConfig& all, LossKind loss)
      : config(all), pairs(minimizer_pairs(all)), n(ParameterLayout(all.network).size()) {
    config.losses = {loss};
  }
  LossKind loss() const { return config.losses.front(); }
  std::int64_t n_pairs() const { return static_cast<std::int64_t>(pairs.size()); }

  /// The parameters at the beginning of a row.
  std::span<const double> parameters(const WholeBlocks& blocks, const std::string& group, std::size_t row) const {
    const std::vector<double>& values = blocks.at(group);
    const std::size_t rows =
        group == minimizers_group(loss()) ? static_cast<std::size_t>(config.connectivity.seeds) : pairs.size();
    return std::span(values).subspan(row * (values.size() / rows), n);
  }
  PathEnds ends(const WholeBlocks& blocks, std::int64_t pair, PathKind kind) const {
    const auto row = static_cast<std::size_t>(pair);
    const std::string minimizers = minimizers_group(loss());
    PathEnds ends{parameters(blocks, minimizers, pairs[row].first), {}, {}};
    ends.b = kind.is_matched ? parameters(blocks, matched_group(loss()), row)
                             : parameters(blocks, minimizers, pairs[row].second);
    if (kind.is_curve) ends.control = parameters(blocks, curves_group(loss(), kind.is_matched), row);
    return ends;
  }
  /// One evaluation of the loss or its gradient, in the unit of training_cost().
  double cost() const { return static_cast<double>(config.quadrature.n) * static_cast<double>(n); }
};
using SharedRows = std::shared_ptr<const RowsOfLoss>;

std::vector<double> numbered(std::size_t n) {
  std::vector<double> numbers(n);
  for (std::size_t i = 0; i < n; ++i) numbers[i] = static_cast<double>(i);
  return numbers;
}

Axis parameters_and(const RowsOfLoss& of, std::int64_t n_more, const std::string& more) {
  return {"column", fmt::format("0 ... {} parameters as in theta{}", of.n - 1, more),
          numbered(of.n + static_cast<std::size_t>(n_more))};
}

Work work_of(const SharedRows& of, std::string group, std::int64_t rows, Axis axis) {
  Work work;
  work.loss = of->loss();
  work.block.group = std::move(group);
  work.block.rows = rows;
  work.block.columns = static_cast<std::int64_t>(axis.values.size());
  work.block.axis = std::move(axis);
  return work;
}

Work minimizers_work(const SharedRows& of) {
  Work work = work_of(of, minimizers_group(of->loss()), of->config.connectivity.seeds,
                      parameters_and(*of, kMinimizerQuantities,
                                     ", then loss, its uncertainty, relative L2 error, relative H1 error, length of "
                                     "the loss's gradient"));
  work.block.values = "minimizer";
  work.block.shape_names = "(K, n + 5)";
  work.block.description = "row k: the minimizer trained with the seed train-seed + k; NaN where that diverged";
  work.block.attributes = {{"train_seed", of->config.training.seed}};
  work.make_row = [of](const RowTools& tools, std::int64_t row, std::span<double> values) {
    RunConfig config = of->config;
    config.training.seed += static_cast<std::uint64_t>(row);
    make_minimizer_row(tools, config, values);
  };
  work.row_cost = [cost = training_cost(of->config)](std::int64_t) { return cost; };
  return work;
}

Work matched_work(const SharedRows& of) {
  Work work = work_of(of, matched_group(of->loss()), of->n_pairs(), parameters_and(*of, 0, ""));
  work.block.values = "parameters";
  work.block.shape_names = "(N, n)";
  work.block.description =
      "row of pair (i, j): theta_j with its hidden units in the order and signs nearest to theta_i";
  work.needs = {minimizers_group(of->loss())};
  work.make_row = [of](const RowTools& tools, std::int64_t row, std::span<double> values) {
    make_matched_row(of->config, of->ends(tools.blocks, row, {}), values);
  };
  work.row_cost = [of](std::int64_t) { return of->cost(); };
  return work;
}

Work curves_work(const SharedRows& of, bool is_matched) {
  Work work = work_of(of, curves_group(of->loss(), is_matched), of->n_pairs(),
                      parameters_and(*of, kCurveQuantities,
                                     " of the control point, then the mean loss on the curve, the length of its "
                                     "gradient, iterations, 1 where these ended at their limit"));
  work.block.values = "curve";
  work.block.shape_names = "(N, n + 4)";
  work.block.description =
      fmt::format("row of pair (i, j): control point of the Bezier curve from theta_i to {}theta_j",
                  is_matched ? "the matched " : "");
  work.needs = {minimizers_group(of->loss())};
  if (is_matched) work.needs.push_back(matched_group(of->loss()));
  work.make_row = [of, is_matched](const RowTools& tools, std::int64_t row, std::span<double> values) {
    make_curve_row(tools, of->config, of->ends(tools.blocks, row, {false, is_matched}), values);
  };
  const ConnectivityOptions& options = of->config.connectivity;
  const auto evaluations = static_cast<double>(options.curve_iterations * options.curve_nodes);
  work.row_cost = [of, evaluations](std::int64_t) { return evaluations * of->cost(); };
  return work;
}

Work paths_work(const SharedRows& of, PathKind kind) {
  Work work = work_of(of, paths_group(of->loss(), kind), of->n_pairs(),
                      {"t", "place t_p on the path", path_points(of->config)});
  work.block.values = "loss";
  work.block.shape_names = "(N, P)";
  work.block.description = fmt::format("row of pair (i, j): L(phi(t_p)) on the {} path from theta_i to {}theta_j",
                                       kind.is_curve ? "curved" : "straight", kind.is_matched ? "the matched " : "");
  work.block.attributes = {{"quadrature", to_string(of->config.quadrature)}};
  work.needs = {minimizers_group(of->loss())};
  if (kind.is_matched) work.needs.push_back(matched_group(of->loss()));
  if (kind.is_curve) work.needs.push_back(curves_group(of->loss(), kind.is_matched));
  work.make_row = [of, kind](const RowTools& tools, std::int64_t row, std::span<double> values) {
    make_path_row(tools, of->config, of->ends(tools.blocks, row, kind), values);
  };
  work.row_cost = [of, n = work.block.columns](std::int64_t) { return static_cast<double>(n) * of->cost(); };
  return work;
}

class Connectivity : public Analysis {
 public:
  void settle(RunConfig& config) const override {
    const auto more = static_cast<std::uint64_t>(config.connectivity.seeds - 1);
    if (config.training.seed > std::numeric_limits<std::uint64_t>::max() - more) {
      throw UsageError(fmt::format("--train-seed {} leaves no room for {} seeds behind it: give a smaller one.",
                                   config.training.seed, config.connectivity.seeds));
    }
  }

  std::vector<Work> work(const RunConfig& config) const override {
    std::vector<Work> all;
    for (const LossKind loss : config.losses) {
      const auto of = std::make_shared<const RowsOfLoss>(config, loss);
      all.push_back(minimizers_work(of));
      all.push_back(matched_work(of));
      for (const PathKind kind : path_kinds(config)) {
        if (kind.is_curve) all.push_back(curves_work(of, kind.is_matched));
      }
      for (const PathKind kind : path_kinds(config)) all.push_back(paths_work(of, kind));
    }
    return all;
  }

  std::vector<ResultGroup> results(const RunConfig& config) const override { return connectivity_results(config); }

  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const override {
    return std::make_unique<ConnectivityFindings>(reduce_connectivity(rows, config), config);
  }

  std::string header(const RunConfig& config) const override {
    const ConnectivityOptions& options = config.connectivity;
    const std::uint64_t first = config.training.seed;
    return fmt::format("Paths       between {} minimizers{} (training seeds {} to {}), {} pairs, {} points each{}\n{}",
                       count_text(options.seeds), config.losses.size() > 1 ? " of each loss" : "", first,
                       first + static_cast<std::uint64_t>(options.seeds) - 1,
                       count_text(static_cast<std::int64_t>(minimizer_pairs(config).size())),
                       count_text(options.t_points), options.curve_iterations > 0 ? "" : ", no curves",
                       quadrature_lines(config));
  }

  std::string items_name() const override { return "rows"; }
  std::string name(const RunConfig&, const Work& work) const override { return work.block.group; }
};

}  // namespace

const Analysis& connectivity_analysis() {
  static const Connectivity analysis;
  return analysis;
}

}  // namespace landscape
