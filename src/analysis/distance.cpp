// distance FILES: the minimizers of all files, pair by pair.
#include "landscape/analysis/distance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "landscape/analysis/file_commands.hpp"
#include "landscape/analysis/stored_settings.hpp"
#include "landscape/backend/held_threads.hpp"
#include "landscape/config/point_sets.hpp"
#include "landscape/config/text.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/job/minimizer_source.hpp"
#include "landscape/model/unit_matching.hpp"

namespace landscape {
namespace {

constexpr std::size_t kMostMinimizers = 26;  // A ... Z

bool counts(const TensorInfo& tensor, bool as_published) {
  return !as_published || tensor.name.starts_with("layer_in.") || tensor.name.starts_with("layer_out.");
}

class DistanceSum {
 public:
  void add(std::span<const double> a, std::span<const double> b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double d = a[i] - b[i];
      squares_ += d * d;
      of_a_ += a[i] * a[i];
      of_b_ += b[i] * b[i];
      largest_ = std::max(largest_, std::abs(d));
    }
  }
  Distance get() const {
    const double size = 0.5 * (std::sqrt(of_a_) + std::sqrt(of_b_)), l2 = std::sqrt(squares_);
    return {l2, largest_, size > 0.0 ? l2 / size : 0.0};
  }

 private:
  double squares_ = 0.0, of_a_ = 0.0, of_b_ = 0.0, largest_ = 0.0;
};

/// A minimizer and how it was asked for.
struct Loaded {
  std::string label;  // "A"
  std::string place;  // "a.h5:ritz"
  Minimizer minimizer;
};

std::vector<Loaded> load_all(const std::vector<std::string>& files, const OptionTexts& given, const RunConfig& config) {
  const NetworkHints hints = network_hints(config, given);
  std::vector<Loaded> all;
  for (const std::string& file : files) {
    for (Minimizer& minimizer : load_minimizers(file, config.losses.front(), hints)) {
      const bool is_named = minimizer.name.empty() || file.ends_with(":" + minimizer.name);
      if (all.size() == kMostMinimizers)
        throw UsageError(
            fmt::format("distance compares at most {} minimizers: name single ones, FILE:NAME.", kMostMinimizers));
      all.push_back({std::string(1, static_cast<char>('A' + all.size())), is_named ? file : file + ":" + minimizer.name,
                     std::move(minimizer)});
    }
  }
  if (all.size() < 2)
    throw UsageError(
        fmt::format("distance needs two minimizers, and '{}' holds one: name another file.", files.front()));
  for (const Loaded& one : all) {
    if (one.minimizer.spec == all.front().minimizer.spec) continue;
    throw UsageError(fmt::format("'{}' ({}) and '{}' ({}) hold different networks: their parameters have no distance.",
                                 all.front().place, all.front().minimizer.spec.describe(), one.place,
                                 one.minimizer.spec.describe()));
  }
  return all;
}

/// --problem, else what the files say, else the default.
Problem problem_of_all(std::span<const Loaded> all, const OptionTexts& given, const RunConfig& config) {
  if (given.contains("problem")) {
    Problem problem = config.problem;
    settle_parameters(problem, given);
    return problem;
  }
  for (const Parameter& parameter : kParameters) {
    if (given.find(parameter.name) != given.end())
      throw UsageError(fmt::format("--{} says more about --problem: give that too.", parameter.name));
  }
  std::string name;
  for (const Loaded& one : all) {
    const std::string& own = one.minimizer.problem;
    if (!name.empty() && !own.empty() && own != name)
      throw UsageError(fmt::format(
          "The minimizers are of the problems {} and {}: say by --problem which losses are meant.", name, own));
    if (!own.empty()) name = own;
  }
  try {
    return problem_of_full_name(name);
  } catch (const std::invalid_argument&) {  // another program's word, or none
    return config.problem;
  }
}

std::string cells(const Distance& d) { return fmt::format("{:>14.7g}{:>14.7g}{:>14.7g}", d.l2, d.linf, d.relative); }

void print_distances(std::span<const Loaded> all, bool as_published) {
  const std::string title = as_published ? "Distance, of layer_in and layer_out only" : "Distance, all parameters";
  fmt::print("\n{}\n{:<16}{:>14}{:>14}{:>14}{:>36}\n", title, "", "L2", "Linf", "relative", "L2, Linf after matching");
  const NetworkSpec& spec = all.front().minimizer.spec;
  std::vector<TensorDistance> tensors;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      const PairDistance pair = pair_distance(spec, all[i].minimizer.theta, all[j].minimizer.theta, as_published);
      fmt::print("{:<16}{}{:>20.7g}{:>16.7g}\n", all[i].label + " - " + all[j].label, cells(pair.plain),
                 pair.matched.l2, pair.matched.linf);
      if (all.size() == 2) tensors = pair.tensors;
    }
  }
  for (const TensorDistance& tensor : tensors) {
    fmt::print("{:<16}{}{:>20.7g}{:>16.7g}\n", tensor.name, cells(tensor.plain), tensor.matched.l2,
               tensor.matched.linf);
  }
}

void print_losses(std::span<const Loaded> all, const RunConfig& config, const Problem& problem) {
  const NetworkSpec& spec = all.front().minimizer.spec;
  const PointSet points = loss_points(config.problem, config.quadrature, spec.dimension, config.seed, 0);
  const int threads = threads_without_mpi(config);
  HeldThreads().start(threads);
  const auto backend = make_cpu_backend(spec, problem, points, threads);
  fmt::print("\nLoss with {}\n{:<16}", to_string(config.quadrature), "at");
  for (const LossKind loss : config.losses) fmt::print("{:>24}", to_string(loss));
  fmt::print("\n");
  std::vector<double> gradient(all.front().minimizer.theta.size());
  for (const Loaded& one : all) {
    fmt::print("{:<16}", one.label);
    for (const LossKind loss : config.losses)
      fmt::print("{:>24}", defined_text(backend->loss_and_gradient(loss, one.minimizer.theta, gradient), "{:.10g}"));
    fmt::print("\n");
  }
}

}  // namespace

Distance distance(const NetworkSpec& spec, std::span<const double> a, std::span<const double> b, bool as_published) {
  DistanceSum sum;
  const ParameterLayout layout(spec);
  for (const TensorInfo& tensor : layout.tensors()) {
    if (counts(tensor, as_published))
      sum.add(a.subspan(tensor.offset, tensor.size()), b.subspan(tensor.offset, tensor.size()));
  }
  return sum.get();
}

PairDistance pair_distance(const NetworkSpec& spec, std::span<const double> a, std::span<const double> b,
                           bool as_published) {
  const std::vector<double> matched = match_units(spec, a, b);
  PairDistance pair{distance(spec, a, b, as_published), distance(spec, a, matched, as_published), {}};
  const auto of_tensor = [&](const TensorInfo& tensor, std::span<const double> other) {
    DistanceSum sum;
    sum.add(a.subspan(tensor.offset, tensor.size()), other.subspan(tensor.offset, tensor.size()));
    return sum.get();
  };
  const ParameterLayout layout(spec);
  for (const TensorInfo& tensor : layout.tensors()) {
    if (counts(tensor, as_published))
      pair.tensors.push_back({tensor.name, of_tensor(tensor, b), of_tensor(tensor, matched)});
  }
  return pair;
}

void measure_distances(const Invocation& invocation) {
  RunConfig config = own_options(invocation);
  const OptionTexts given = gather_options(invocation);
  const std::vector<Loaded> all = load_all(invocation.files, given, config);
  config.network = all.front().minimizer.spec;
  config.problem = problem_of_all(all, given, config);
  settle_losses(config, given);
  require_losses(config);
  settle_quadratures(config, given);
  validate_rule(config.quadrature, config.problem->domain, config.network.dimension, "--quadrature");
  fmt::print("{}, {} parameters\n", config.network.describe(),
             count_text(static_cast<std::int64_t>(all.front().minimizer.theta.size())));
  for (const Loaded& one : all) fmt::print("  {}  {}\n", one.label, one.place);
  print_distances(all, config.as_published);
  print_losses(all, config, config.problem);
}

}  // namespace landscape
