// From rows of the Hessian or Lanczos runs to numbers, tables and a page.
#include "landscape/analysis/spectrum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "landscape/analysis/extreme_eigenvalues.hpp"
#include "landscape/analysis/lanczos.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/symmetric_eigen.hpp"
#include "landscape/config/text.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

constexpr std::size_t kMostByItself = 5000;     // parameters to which dense is chosen
constexpr std::size_t kMostDense = 20000;       // that LAPACK is asked for
constexpr std::size_t kMostWithVectors = 1000;  // whose eigenvectors are had for the Newton step
constexpr double kMostUndecided = 0.5;          // eigenvalues, beside which a log-determinant means something
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

std::size_t decade_of(double size) {
  const double decade = size > 0.0 ? std::floor(std::log10(size)) - kFirstDecade : 0.0;
  return static_cast<std::size_t>(std::clamp(decade, 0.0, kDecades - 1.0));
}

double norm_of(const std::vector<double>& v) {
  double square = 0.0;
  for (const double x : v) square += x * x;
  return std::sqrt(square);
}

/// Mean over probes and its standard error.
struct Mean {
  double value = 0.0, error = kUndefined;
};
Mean mean_of(const std::vector<double>& samples) {
  const auto n = static_cast<double>(samples.size());
  Mean mean;
  for (const double x : samples) mean.value += x / n;
  double square = 0.0;
  for (const double x : samples) square += (x - mean.value) * (x - mean.value);
  if (samples.size() > 1) mean.error = std::sqrt(square / (n - 1.0) / n);
  return mean;
}

void add_extremes(SpectrumReport& report, const std::vector<double>& ascending, const std::vector<double>& residuals) {
  const std::size_t k = ascending.size();
  for (std::size_t i = 0; i < kExtremes; ++i) {
    const bool there = i < k;
    report.largest.push_back(there ? ascending[k - 1 - i] : kUndefined);
    report.smallest.push_back(there ? ascending[i] : kUndefined);
    report.largest_residual.push_back(there ? residuals[k - 1 - i] : kUndefined);
    report.smallest_residual.push_back(there ? residuals[i] : kUndefined);
  }
}

// Signs, sizes, V(k), the positive subspace.
void count_eigenvalues(SpectrumReport& report) {
  const std::vector<double>& values = report.eigenvalues;
  double most = 0.0, least = std::numeric_limits<double>::infinity();
  for (const double x : values) {
    most = std::max(most, std::abs(x));
    least = std::min(least, std::abs(x));
  }
  report.level = static_cast<double>(report.n) * kEpsilon * most;
  report.condition = most / least;
  double least_positive = std::numeric_limits<double>::infinity(), volume = 0.0;
  for (auto at = values.rbegin(); at != values.rend(); ++at) {
    const double x = *at;
    volume += x > report.level ? std::log10(x) : kUndefined;
    report.log_volume.push_back(volume);
    if (std::isfinite(volume)) ++report.n_defined;
    ++(x < 0.0 ? report.negative : report.positive).count[decade_of(std::abs(x))];
    if (x > report.level) {
      ++report.n_positive;
      report.log_determinant += std::log(x);
      least_positive = std::min(least_positive, x);
    } else if (x < -report.level) {
      ++report.n_negative;
    } else {
      ++report.n_zero;
    }
  }
  report.positive_condition = report.n_positive > 0.0 ? values.back() / least_positive : kUndefined;
}

// x = H+ g by the eigenvectors above the level.
void add_newton_step(SpectrumReport& report, const Eigensystem& system, const std::vector<double>& gradient) {
  const std::size_t n = gradient.size();
  double square = 0.0, decrease = 0.0, uphill = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    if (std::abs(system.values[i]) <= report.level) continue;
    double part = 0.0;
    for (std::size_t j = 0; j < n; ++j) part += system.vectors[i * n + j] * gradient[j];
    square += part * part / (system.values[i] * system.values[i]);
    (system.values[i] > 0.0 ? decrease : uphill) += 0.5 * part * part / system.values[i];
  }
  report.newton_step = std::sqrt(square);
  report.predicted_decrease = decrease + uphill;
  report.predicted_from_negative = uphill;
}

// Row i of the eigenvectors, its largest entry positive.
void append_vector(const Eigensystem& system, std::size_t i, std::size_t n, std::vector<double>& to) {
  const double* v = system.vectors.data() + i * n;
  const double* most = std::max_element(v, v + n, [](double a, double b) { return std::abs(a) < std::abs(b); });
  for (std::size_t j = 0; j < n; ++j) to.push_back(*most < 0.0 ? -v[j] : v[j]);
}

std::int64_t n_vectors(const RunConfig& config) {
  const auto n = static_cast<std::int64_t>(restricted_parameters(config).count);
  return std::min(config.spectrum.eigenvectors, n);
}

}  // namespace

void settle_spectrum(RunConfig& config) {
  settle_on_cpu(config);
  const std::size_t n = restricted_parameters(config).count;
  SpectrumOptions& spectrum = config.spectrum;
  if (!spectrum.method) spectrum.method = n <= kMostByItself ? SpectrumMethod::dense : SpectrumMethod::lanczos;
  if (spectrum.method == SpectrumMethod::dense && n > kMostDense) {
    throw UsageError(fmt::format(
        "--method dense takes at most {} parameters, and there are {}: use lanczos, or --restrict it to a layer.",
        kMostDense, n));
  }
  if (config.is_lanczos() && spectrum.eigenvectors > 0)
    throw UsageError("--eigenvectors are stored by --method dense only: drop them, or choose that.");
  spectrum.steps = std::min(spectrum.steps, static_cast<std::int64_t>(n));
}

ParameterRange restricted_parameters(const RunConfig& config) {
  const ParameterLayout layout(config.network);
  const std::string& name = config.spectrum.restrict_to;
  if (name.empty()) return {0, layout.size()};
  ParameterRange range;
  std::string layers;
  for (const TensorInfo& tensor : layout.tensors()) {
    const std::string layer = tensor.name.substr(0, tensor.name.find('.'));
    if (!tensor.is_bias) layers += (layers.empty() ? "" : ", ") + layer;
    if (tensor.name != name && layer != name) continue;
    if (range.count == 0) range.first = tensor.offset;
    range.count += tensor.size();
  }
  if (range.count > 0) return range;
  throw UsageError(
      fmt::format("--restrict '{}' is none of the network's: choose {}, or one's .weight or .bias.", name, layers));
}

std::string hessian_group(LossKind loss) { return "hessian/" + to_string(loss); }
std::string gradient_group(LossKind loss) { return "gradient/" + to_string(loss); }
std::string spectrum_group(LossKind loss) { return "spectrum/" + to_string(loss); }

SpectrumReport dense_spectrum(std::vector<double> hessian, const std::vector<double>& gradient,
                              std::int64_t n_vectors) {
  const std::size_t n = gradient.size();
  SpectrumReport report;
  report.n = static_cast<std::int64_t>(n);
  double size = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    report.trace += hessian[i * n + i];
    size += std::abs(hessian[i * n + i]);
    for (std::size_t j = 0; j < i; ++j) {
      double &a = hessian[i * n + j], &b = hessian[j * n + i];
      report.asymmetry = std::max(report.asymmetry, std::abs(a - b));
      a = b = 0.5 * (a + b);
    }
  }
  report.trace_error = static_cast<double>(n) * kEpsilon * size;
  const bool with_vectors = n_vectors > 0 || n <= kMostWithVectors;
  Eigensystem system = symmetric_eigensystem(std::move(hessian), n, with_vectors);
  report.eigenvalues = system.values;
  count_eigenvalues(report);
  add_extremes(report, report.eigenvalues, std::vector<double>(n, report.level));
  report.gradient_norm = norm_of(gradient);
  report.newton_step = report.predicted_decrease = kUndefined;
  if (with_vectors) add_newton_step(report, system, gradient);
  for (std::int64_t k = 0; k < n_vectors; ++k)
    append_vector(system, n - 1 - static_cast<std::size_t>(k), n, report.vectors);
  for (std::int64_t k = 0; k < n_vectors; ++k) append_vector(system, static_cast<std::size_t>(k), n, report.vectors);
  return report;
}

SpectrumReport lanczos_spectrum(const std::vector<double>& rows, std::int64_t n_probes,
                                const std::vector<double>& gradient) {
  SpectrumReport report;
  report.is_dense = false;
  report.n = static_cast<std::int64_t>(gradient.size());
  report.gradient_norm = norm_of(gradient);
  report.asymmetry = report.condition = report.positive_condition = report.newton_step = report.predicted_decrease =
      kUndefined;
  const auto n = static_cast<double>(report.n);
  const std::size_t m = rows.size() / static_cast<std::size_t>(n_probes) / 2;
  std::vector<std::vector<RitzValue>> runs;
  double most = 0.0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(n_probes); ++k) {
    const std::span<const double> row = std::span(rows).subspan(2 * m * k, 2 * m);
    runs.push_back(ritz_values(row.first(m), row.last(m)));
    for (const RitzValue& ritz : runs.back()) most = std::max(most, std::abs(ritz.node));
  }
  report.level = n * kEpsilon * most;
  // Extremes of the run that bounds its outermost ones best.
  const auto bound = [](const std::vector<RitzValue>& run) {
    return std::max(run.front().residual, run.back().residual);
  };
  const auto best = std::ranges::min_element(runs, {}, bound);
  std::vector<double> values, residuals;
  for (const RitzValue& ritz : *best) {
    values.push_back(ritz.node);
    residuals.push_back(std::max(ritz.residual, report.level));  // rounding's part is no less
  }
  add_extremes(report, values, residuals);
  std::vector<double> trace, positive, negative, undecided, determinant;
  std::vector<std::vector<double>> up(kDecades), down(kDecades);
  for (const std::vector<RitzValue>& run : runs) {
    for (std::size_t i = 0; i < m; ++i) {
      report.nodes.push_back(i < run.size() ? run[i].node : kUndefined);
      report.weights.push_back(i < run.size() ? run[i].weight : kUndefined);
    }
    for (auto* samples : {&trace, &positive, &negative, &undecided, &determinant}) samples->push_back(0.0);
    for (auto* bins : {&up, &down}) {
      for (std::vector<double>& bin : *bins) bin.push_back(0.0);
    }
    for (const RitzValue& ritz : run) {
      const double share = n * ritz.weight;
      trace.back() += share * ritz.node;
      (ritz.node < 0.0 ? down : up)[decade_of(std::abs(ritz.node))].back() += share;
      if (std::abs(ritz.node) <= ritz.residual && std::abs(ritz.node) > report.level) {
        undecided.back() += share;  // the run has not found out its sign
      } else if (ritz.node > report.level) {
        positive.back() += share;
        determinant.back() += share * std::log(ritz.node);
      } else if (ritz.node < -report.level) {
        negative.back() += share;
      }
    }
  }
  const auto put = [](const std::vector<double>& samples, double& value, double& error) {
    const Mean mean = mean_of(samples);
    value = mean.value;
    error = mean.error;
  };
  put(trace, report.trace, report.trace_error);
  put(positive, report.n_positive, report.n_positive_error);
  put(negative, report.n_negative, report.n_negative_error);
  put(determinant, report.log_determinant, report.log_determinant_error);
  put(undecided, report.n_undecided, report.n_undecided_error);
  report.n_zero = std::max(0.0, n - report.n_positive - report.n_negative - report.n_undecided);
  if (report.n_undecided > kMostUndecided) report.log_determinant = report.log_determinant_error = kUndefined;
  for (std::size_t bin = 0; bin < kDecades; ++bin) {
    put(up[bin], report.positive.count[bin], report.positive.error[bin]);
    put(down[bin], report.negative.count[bin], report.negative.error[bin]);
  }
  return report;
}

std::vector<SpectrumReport> reduce_spectra(const Rows& rows, const RunConfig& config) {
  std::vector<SpectrumReport> reports;
  for (const LossKind loss : config.losses) {
    for (const std::string& block : {gradient_group(loss), hessian_group(loss)}) {
      const std::vector<RowState> states = rows.row_states(block);
      const auto missing = std::ranges::count_if(states, [](RowState s) { return s != RowState::intact; });
      if (missing > 0) {
        throw Error(fmt::format("{} of {} rows of /{} in {} are missing or damaged: --resume computes them.", missing,
                                states.size(), block, rows.source()));
      }
    }
    const std::vector<double> gradient = rows.rows(gradient_group(loss), 0, 1);
    const std::int64_t n_rows = rows.n_rows(hessian_group(loss));
    std::vector<double> numbers = rows.rows(hessian_group(loss), 0, n_rows);
    const bool is_finite = std::ranges::all_of(numbers, [](double x) { return std::isfinite(x); });
    reports.push_back(!is_finite            ? SpectrumReport{}
                      : config.is_lanczos() ? lanczos_spectrum(numbers, n_rows, gradient)
                                            : dense_spectrum(std::move(numbers), gradient, n_vectors(config)));
    reports.back().loss = loss;
    reports.back().is_finite = is_finite;
    reports.back().seconds = rows.seconds(hessian_group(loss));
  }
  return reports;
}

namespace {

std::vector<double> listed(const std::array<double, kDecades>& numbers) { return {numbers.begin(), numbers.end()}; }

ResultTable<SpectrumReport> spectrum_table(const RunConfig& config) {
  using S = SpectrumReport;
  const auto n = static_cast<std::int64_t>(restricted_parameters(config).count);
  const auto extremes = static_cast<std::int64_t>(kExtremes);
  const bool dense = !config.is_lanczos();
  ResultTable<S> table("Eigenvalues lambda of the Hessian H of the loss in the parameters, at its minimizer");
  table.add("parameters", "1", "rows of H", &S::n);
  table.add("gradient_norm", "loss", "|g|, of the loss's gradient g in the same parameters", &S::gradient_norm);
  table.add("largest", "loss", "the largest ones, the largest first", "(10)", {extremes}, &S::largest);
  table.add("smallest", "loss", "the smallest ones, the smallest first", "(10)", {extremes}, &S::smallest);
  table.add("largest_residual", "loss", "an eigenvalue lies within this of `largest`", "(10)", {extremes},
            &S::largest_residual);
  table.add("smallest_residual", "loss", "an eigenvalue lies within this of `smallest`", "(10)", {extremes},
            &S::smallest_residual);
  table.add("trace", "loss", "of H", &S::trace);
  table.add("trace_error", "loss", dense ? "bound of its rounding" : "its standard error over the probes",
            &S::trace_error);
  table.add("level", "loss", "n eps max |lambda|: what rounding makes of zero", &S::level);
  table.add("positive", "1", "number above the level", &S::n_positive);
  table.add("negative", "1", "number below minus the level", &S::n_negative);
  table.add("zero", "1", "number of the others", &S::n_zero);
  table.add("log_determinant_positive", "1", "sum of the natural logarithms of those above the level",
            &S::log_determinant);
  table.add("decade", "1",
            "exponents e of the bins 10^e <= |lambda| < 10^(e + 1); smaller and larger ones are in the "
            "first and the last",
            "(B)", {kDecades}, [](const S&) {
              std::vector<double> exponents(kDecades);
              std::iota(exponents.begin(), exponents.end(), double{kFirstDecade});
              return exponents;
            });
  table.add("positive_by_decade", "1", "number of positive eigenvalues by size", "(B)", {kDecades},
            [](const S& s) { return listed(s.positive.count); });
  table.add("negative_by_decade", "1", "number of negative eigenvalues by size", "(B)", {kDecades},
            [](const S& s) { return listed(s.negative.count); });
  table.add("evaluation_seconds", "s", "time of the products with H, mean over ranks", &S::seconds);
  if (dense) {
    table.add("eigenvalues", "loss", "all, ascending", "(n)", {n}, &S::eigenvalues);
    table.add("asymmetry", "loss", "max |H - H'| before H was symmetrised", &S::asymmetry);
    table.add("condition", "1", "max |lambda| / min |lambda|", &S::condition);
    table.add("positive_condition", "1", "the largest over the least above the level", &S::positive_condition);
    table.add("log_volume", "1",
              "V(k), the sum of log10 of the k largest; NaN from the first that is not above the level", "(n)", {n},
              &S::log_volume);
    table.add("log_volume_defined", "1", "the last k with a V(k)", &S::n_defined);
    table.add("newton_step", "1", "|H+ g|, H+ the pseudo-inverse above the level; NaN above 1000 parameters",
              &S::newton_step);
    table.add("predicted_decrease", "loss", "g' H+ g / 2", &S::predicted_decrease);
    table.add("predicted_from_negative", "loss", "the part of it that negative eigenvalues make",
              &S::predicted_from_negative);
    if (const std::int64_t k = n_vectors(config); k > 0) {
      table.add("eigenvectors", "1", "of the K largest eigenvalues, the largest first, then of the K smallest",
                "(2 K, n)", {2 * k, n}, &S::vectors);
    }
    return table;
  }
  const std::int64_t probes = config.spectrum.probes, steps = config.spectrum.steps;
  table.add("undecided", "1", "number whose sign the runs have not found out", &S::n_undecided);
  table.add("undecided_error", "1", "standard error over the probes", &S::n_undecided_error);
  table.add("positive_error", "1", "standard error over the probes", &S::n_positive_error);
  table.add("negative_error", "1", "standard error over the probes", &S::n_negative_error);
  table.add("log_determinant_positive_error", "1", "standard error over the probes", &S::log_determinant_error);
  table.add("positive_by_decade_error", "1", "standard error over the probes", "(B)", {kDecades},
            [](const S& s) { return listed(s.positive.error); });
  table.add("negative_by_decade_error", "1", "standard error over the probes", "(B)", {kDecades},
            [](const S& s) { return listed(s.negative.error); });
  table.add("nodes", "loss", "Ritz values of every probe, NaN beyond the last", "(probes, steps)", {probes, steps},
            &S::nodes);
  table.add("weights", "1", "their shares of the density, sum 1 per probe", "(probes, steps)", {probes, steps},
            &S::weights);
  return table;
}

std::string first_of(const std::vector<double>& values) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(5, values.size()); ++i) {
    if (std::isfinite(values[i])) text += fmt::format(" {:>13.7g}", values[i]);
  }
  return text;
}

std::string with_error(double value, double error) {
  const std::string text = defined_text(value, "{:.6g}");
  return error > 0.0 ? fmt::format("{} +- {:.2g}", text, error) : text;
}

std::string sizes_text(const SpectrumReport& report) {
  std::string text = fmt::format("  {:<26}{:>16}{:>20}\n", "|lambda|", "negative", "positive");
  for (std::size_t bin = kDecades; bin-- > 0;) {
    if (report.positive.count[bin] == 0.0 && report.negative.count[bin] == 0.0) continue;
    const auto cell = [&](const SizeCounts& counts) {
      return report.is_dense                    ? fmt::format("{:.0f}", counts.count[bin])
             : std::isfinite(counts.error[bin]) ? fmt::format("{:.1f} +- {:.1f}", counts.count[bin], counts.error[bin])
                                                : fmt::format("{:.1f}", counts.count[bin]);
    };
    const int exponent = kFirstDecade + static_cast<int>(bin);
    const std::string range = bin == 0              ? fmt::format("below 1e{}", exponent + 1)
                              : bin == kDecades - 1 ? fmt::format("from 1e{} on", exponent)
                                                    : fmt::format("1e{} .. 1e{}", exponent, exponent + 1);
    text += fmt::format("  {:<26}{:>16}{:>20}\n", range, cell(report.negative), cell(report.positive));
  }
  return text;
}

std::string text_of(const SpectrumReport& report) {
  const bool dense = report.is_dense;
  std::string text = fmt::format("Deep {}: Hessian of {} parameters, {}\n", title(report.loss), count_text(report.n),
                                 dense ? "all eigenvalues" : "by Lanczos from random probes");
  const auto line = [&](std::string_view what, const std::string& value) {
    text += fmt::format("  {:<26}{}\n", what, value);
  };
  line("largest eigenvalues", first_of(report.largest));
  if (!dense) line("  error bounds", first_of(report.largest_residual));
  line("smallest eigenvalues", first_of(report.smallest));
  if (!dense) line("  error bounds", first_of(report.smallest_residual));
  line("positive, zero, negative", fmt::format("{}, {:.6g}, {} (zero: |lambda| <= {:.2g}, rounding)",
                                               with_error(report.n_positive, report.n_positive_error), report.n_zero,
                                               with_error(report.n_negative, report.n_negative_error), report.level));
  if (!dense && report.n_undecided > 0.0)
    line("of unknown sign", with_error(report.n_undecided, report.n_undecided_error) + ": more --lanczos-steps tell");
  line("trace", with_error(report.trace, report.trace_error));
  if (dense)
    line("condition number", fmt::format("{:.4g}; of the positive ones {}", report.condition,
                                         defined_text(report.positive_condition, "{:.4g}")));
  line("log-determinant",
       fmt::format("{} over the positive subspace, dimension {:.6g}",
                   with_error(report.log_determinant, report.log_determinant_error), report.n_positive));
  if (dense) {
    const auto last = static_cast<std::size_t>(report.n_defined);
    line("V(k), sum of log10", last == 0 ? "undefined for every k"
                                         : fmt::format("{:.6g} at k = {}{}", report.log_volume[last - 1], last,
                                                       last < report.eigenvalues.size() ? ", undefined beyond" : ""));
    line("asymmetry max|H - H'|", fmt::format("{:.2g}", report.asymmetry));
  }
  line("|grad L|", fmt::format("{:.4g}", report.gradient_norm));
  if (dense && std::isfinite(report.newton_step))
    line("Newton step |H+ grad L|",
         fmt::format("{:.4g}, predicted decrease {:.4g}{}", report.newton_step, report.predicted_decrease,
                     report.n_negative > 0.0
                         ? fmt::format(" ({:.4g} of it by negative eigenvalues)", report.predicted_from_negative)
                         : ""));
  return text + sizes_text(report);
}

}  // namespace

std::vector<ResultGroup> spectrum_results(const RunConfig& config, const std::vector<SpectrumReport>* reports) {
  std::vector<ResultGroup> groups;
  const ResultTable<SpectrumReport> table = spectrum_table(config);
  for (std::size_t i = 0; i < config.losses.size(); ++i)
    groups.push_back(table.group(spectrum_group(config.losses[i]),
                                 reports == nullptr || !(*reports)[i].is_finite ? nullptr : &(*reports)[i]));
  return groups;
}

std::string spectrum_text(const std::vector<SpectrumReport>& reports) {
  std::string text;
  for (const SpectrumReport& report : reports) {
    if (!text.empty()) text += '\n';
    text += report.is_finite
                ? text_of(report)
                : fmt::format("Deep {}: the Hessian is not finite at this minimizer: nothing is known of it.\n",
                              title(report.loss));
  }
  return text;
}

}  // namespace landscape
