// From rows of the Hessian or Lanczos runs to numbers.
#include "landscape/analysis/spectrum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "landscape/hessian/lanczos.hpp"
#include "landscape/hessian/newton_step.hpp"
#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/job/device.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/model/vectors.hpp"

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

// Row i of the eigenvectors, its largest entry positive.
void append_vector(const Eigensystem& system, std::size_t i, std::size_t n, std::vector<double>& to) {
  const double* v = system.vectors.data() + i * n;
  const double* most = std::max_element(v, v + n, [](double a, double b) { return std::abs(a) < std::abs(b); });
  for (std::size_t j = 0; j < n; ++j) to.push_back(*most < 0.0 ? -v[j] : v[j]);
}

}  // namespace

void settle_spectrum(RunConfig& config) {
  settle_on_cpu(config);
  require_places(config);
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
  require_preconditioners(config);
  spectrum.steps = std::min(spectrum.steps, static_cast<std::int64_t>(n));
}

std::string hessian_group(const LossPlace& place) { return "hessian/" + place_group(place); }
std::string gradient_group(const LossPlace& place) { return "gradient/" + place_group(place); }
std::string spectrum_group(const LossPlace& place) { return "spectrum/" + place_group(place); }

std::int64_t n_eigenvectors(const RunConfig& config) {
  const auto n = static_cast<std::int64_t>(restricted_parameters(config).count);
  return std::min(config.spectrum.eigenvectors, n);
}

std::int64_t n_spectra(const RunConfig& config) { return config.along_path ? config.path_checkpoints : 1; }

SpectrumReport dense_spectrum(std::vector<double> hessian, const std::vector<double>& gradient,
                              std::int64_t n_vectors) {
  const std::size_t n = gradient.size();
  SpectrumReport report;
  report.n = static_cast<std::int64_t>(n);
  double size = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    report.trace += hessian[i * n + i];
    size += std::abs(hessian[i * n + i]);
  }
  report.asymmetry = symmetrise(hessian, n);
  report.trace_error = static_cast<double>(n) * kEpsilon * size;
  const bool with_vectors = n_vectors > 0 || n <= kMostWithVectors;
  Eigensystem system = symmetric_eigensystem(std::move(hessian), n, with_vectors);
  report.eigenvalues = system.values;
  count_eigenvalues(report);
  add_extremes(report, report.eigenvalues, std::vector<double>(n, report.level));
  report.gradient_norm = norm_of(gradient);
  report.newton_step = report.predicted_decrease = kUndefined;
  if (with_vectors) {
    const NewtonStep step = newton_step(system, gradient, report.level);
    report.newton_step = step.length;
    report.predicted_decrease = step.decrease + step.from_negative;
    report.predicted_from_negative = step.from_negative;
  }
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

namespace {

// Of checkpoint c, or of the minimizer.
SpectrumReport reduce_spectrum(const Rows& rows, const RunConfig& config, const LossPlace& place, std::int64_t c) {
  const std::vector<double> gradient = rows.rows(gradient_group(place), c, 1);
  const std::int64_t n_rows = rows.n_rows(hessian_group(place)) / n_spectra(config);
  std::vector<double> numbers = rows.rows(hessian_group(place), c * n_rows, n_rows);
  SpectrumReport report;
  report.is_finite = std::ranges::all_of(numbers, [](double x) { return std::isfinite(x); });
  if (report.is_finite && config.is_lanczos()) {
    report = lanczos_spectrum(numbers, n_rows, gradient);
  } else if (report.is_finite && config.spectrum.preconditioners.empty()) {
    report = dense_spectrum(std::move(numbers), gradient, n_eigenvectors(config));
  } else if (report.is_finite) {
    report = dense_spectrum(numbers, gradient, n_eigenvectors(config));
    symmetrise(numbers, gradient.size());
    report.preconditioned = reduce_preconditioned(rows, config, place, numbers, report.eigenvalues);
  }
  report.seconds = rows.seconds(hessian_group(place)) / static_cast<double>(n_spectra(config));
  return report;
}

}  // namespace

std::vector<Spectra> reduce_spectra(const Rows& rows, const RunConfig& config) {
  std::vector<Spectra> spectra;
  for (const LossPlace& place : loss_places(config)) {
    require_whole(rows, gradient_group(place));
    require_whole(rows, hessian_group(place));
    Spectra& found = spectra.emplace_back(Spectra{place, {}, {}});
    if (config.along_path) found.epoch = rows.minimizer(place.minimizer).path.epoch;
    for (std::int64_t c = 0; c < n_spectra(config); ++c)
      found.reports.push_back(reduce_spectrum(rows, config, place, c));
  }
  return spectra;
}

}  // namespace landscape
