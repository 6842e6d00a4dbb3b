// The command spectrum: for every loss, minimizer and checkpoint one row with the gradient, and the rows of the Hessian
// or of Lanczos runs.
#include <fmt/format.h>

#include "landscape/analysis/commands.hpp"
#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/spectrum.hpp"
#include "landscape/config/text.hpp"
#include "landscape/hessian/lanczos.hpp"
#include "landscape/hessian/lbfgs_matrix.hpp"

namespace landscape {
namespace {

class SpectrumFindings : public Findings {
 public:
  SpectrumFindings(std::vector<Spectra> spectra, RunConfig config)
      : spectra_(std::move(spectra)), config_(std::move(config)) {}

  std::vector<ResultGroup> groups() const override { return spectrum_results(config_, &spectra_); }
  std::string text() const override { return spectrum_text(spectra_, config_); }

 private:
  std::vector<Spectra> spectra_;
  RunConfig config_;
};

/// Products with the Hessian of the parameters restricted to.
class RestrictedHessian {
 public:
  RestrictedHessian(LossBackend& backend, LossKind loss, std::span<const double> theta, ParameterRange range)
      : backend_(backend), loss_(loss), theta_(theta), range_(range) {}

  /// vectors and products (K, range).
  void apply(std::span<const double> vectors, std::span<double> products) const {
    const std::size_t n = theta_.size(), m = range_.count, k = vectors.size() / m;
    std::vector<double> whole(k * n), result(k * n);
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j < m; ++j) whole[i * n + range_.first + j] = vectors[i * m + j];
    }
    backend_.hessian_products(loss_, theta_, whole, result);
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j < m; ++j) products[i * m + j] = result[i * n + range_.first + j];
    }
  }

 private:
  LossBackend& backend_;
  LossKind loss_;
  std::span<const double> theta_;
  ParameterRange range_;
};

// Each checkpoint is the start of a line.
RowMaker gradient_rows(LossKind loss, ParameterRange range) {
  return [=](LossBackend& backend, const LineSet& lines, std::int64_t first_row, std::span<double> rows) {
    std::vector<double> gradient(lines.parameter_count());
    for (std::size_t k = 0; k < rows.size() / range.count; ++k) {
      backend.loss_and_gradient(loss, lines.start(first_row + static_cast<std::int64_t>(k)), gradient);
      for (std::size_t j = 0; j < range.count; ++j) rows[k * range.count + j] = gradient[range.first + j];
    }
  };
}

RowMaker hessian_rows(LossKind loss, ParameterRange range) {
  return [=](LossBackend& backend, const LineSet& lines, std::int64_t first_row, std::span<double> rows) {
    const std::size_t n = range.count, n_rows = rows.size() / n;
    const auto first = static_cast<std::size_t>(first_row);
    for (std::size_t done = 0; done < n_rows;) {  // by checkpoints
      const std::size_t unit = (first + done) % n, count = std::min(n - unit, n_rows - done);
      std::vector<double> units(count * n);
      for (std::size_t k = 0; k < count; ++k) units[k * n + unit + k] = 1.0;
      RestrictedHessian(backend, loss, lines.start(static_cast<std::int64_t>((first + done) / n)), range)
          .apply(units, rows.subspan(done * n, count * n));
      done += count;
    }
  };
}

RowMaker lanczos_rows(LossKind loss, ParameterRange range, std::uint64_t seed, const SpectrumOptions& options) {
  const auto m = static_cast<std::size_t>(options.steps);
  const bool gaussian = options.entries == ProbeEntries::gaussian;
  return [=](LossBackend& backend, const LineSet& lines, std::int64_t first_row, std::span<double> rows) {
    for (std::size_t k = 0; k < rows.size() / (2 * m); ++k) {
      const std::span<double> row = rows.subspan(k * 2 * m, 2 * m);
      const std::int64_t number = first_row + static_cast<std::int64_t>(k);
      const RestrictedHessian hessian(backend, loss, lines.start(number / options.probes), range);
      const auto probe = static_cast<std::uint64_t>(number % options.probes);  // common to all checkpoints
      lanczos([&](std::span<const double> v, std::span<double> out) { hessian.apply(v, out); },
              random_probe(seed, probe, range.count, gaussian), row.first(m), row.last(m));
    }
  };
}

// Of the matrix of `model`, which may be another loss than the one that is looked at.
RowMaker gauss_newton_rows(LossKind model, ParameterRange range) {
  return [=](LossBackend& backend, const LineSet& lines, std::int64_t first_row, std::span<double> rows) {
    const std::size_t n = lines.parameter_count(), n_rows = rows.size() / range.count;
    std::vector<double> whole(n_rows * n);
    backend.gauss_newton_matrix(model, lines.start(0), range.first + static_cast<std::size_t>(first_row), whole);
    for (std::size_t k = 0; k < n_rows; ++k) {
      for (std::size_t j = 0; j < range.count; ++j) rows[k * range.count + j] = whole[k * n + range.first + j];
    }
  };
}

// One row, all steps and then all changes. From normal entries: vectors of signs are eigenvectors of some Hessians.
RowMaker lbfgs_rows(LossKind loss, ParameterRange range, std::uint64_t seed) {
  return [=](LossBackend& backend, const LineSet& lines, std::int64_t, std::span<double> row) {
    const RestrictedHessian hessian(backend, loss, lines.start(0), range);
    lbfgs_pairs([&](std::span<const double> v, std::span<double> out) { hessian.apply(v, out); },
                random_probe(seed, 0, range.count, true), row.first(row.size() / 2), row.last(row.size() / 2));
  };
}

std::vector<double> numbered(std::int64_t n) {
  std::vector<double> numbers(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i);
  return numbers;
}

class Spectrum : public Analysis {
 public:
  void settle(RunConfig& config) const override { settle_spectrum(config); }

  std::vector<Work> work(const RunConfig& config) const override {
    const ParameterRange range = restricted_parameters(config);
    const auto n = static_cast<std::int64_t>(range.count);
    const std::int64_t n_places = n_spectra(config);
    const Axis parameters{"parameter", "number of the parameter, among those looked at", numbered(n)};
    std::vector<Work> all;
    for (const LossPlace& place : loss_places(config)) {
      Work gradient;
      gradient.loss = place.loss;
      gradient.minimizer = place.minimizer;
      gradient.lines = place.minimizer;
      gradient.block = block(gradient_group(place), n_places, n, config);
      gradient.block.values = "gradient";
      gradient.block.description = "dL/dtheta_j";
      gradient.block.shape_names = config.along_path ? "(C, n)" : "(1, n)";
      gradient.block.axis = parameters;
      gradient.make_rows = gradient_rows(place.loss, range);
      Work hessian;
      hessian.loss = place.loss;
      hessian.minimizer = place.minimizer;
      hessian.lines = place.minimizer;
      if (config.is_lanczos()) {
        const std::int64_t columns = 2 * config.spectrum.steps;
        hessian.block = block(hessian_group(place), n_places * config.spectrum.probes, columns, config);
        hessian.block.values = "lanczos";
        hessian.block.description = "alpha (m), then beta (m) of a Lanczos run from every probe";
        hessian.block.shape_names = config.along_path ? "(C probes, 2 m)" : "(probes, 2 m)";
        hessian.block.axis = {"entry", "number of the entry", numbered(columns)};
        hessian.make_rows = lanczos_rows(place.loss, range, config.direction_seed, config.spectrum);
      } else {
        hessian.block = block(hessian_group(place), n_places * n, n, config);
        hessian.block.values = "hessian";
        hessian.block.description = config.along_path ? "row c n + k: at checkpoint c, the Hessian times unit vector k"
                                                      : "row k: the Hessian times unit vector k";
        hessian.block.shape_names = config.along_path ? "(C n, n)" : "(n, n)";
        hessian.block.axis = parameters;
        hessian.make_rows = hessian_rows(place.loss, range);
      }
      all.push_back(std::move(gradient));
      all.push_back(std::move(hessian));
      for (const Preconditioner preconditioner : config.spectrum.preconditioners) {
        if (has_rows(preconditioner)) all.push_back(preconditioner_work(place, preconditioner, config));
      }
    }
    return all;
  }

  LineSet lines(const RunConfig& config, const Work& work, std::span<const Minimizer> minimizers,
                const std::vector<double>& given) const override {
    if (!config.along_path) return Analysis::lines(config, work, minimizers, given);
    return lines_along_path(config, find_minimizer(minimizers, work.minimizer_name()), 1);
  }

  std::vector<ResultGroup> results(const RunConfig& config) const override { return spectrum_results(config); }

  std::unique_ptr<Findings> reduce(const Rows& rows, const RunConfig& config) const override {
    return std::make_unique<SpectrumFindings>(reduce_spectra(rows, config), config);
  }

  std::string header(const RunConfig& config) const override {
    const SpectrumOptions& spectrum = config.spectrum;
    const auto n = count_text(static_cast<std::int64_t>(restricted_parameters(config).count));
    const std::string how = config.is_lanczos()
                                ? fmt::format("Lanczos, {} {} probes of {} steps", count_text(spectrum.probes),
                                              to_string(spectrum.entries), count_text(spectrum.steps))
                                : "all rows, then LAPACK";
    std::string against;
    for (const Preconditioner preconditioner : spectrum.preconditioners)
      against += (against.empty() ? "Against     " : ", ") + to_string(preconditioner);
    return fmt::format(
        "Hessian     of {} parameters{}{}: {}\n{}{}", n,
        spectrum.restrict_to.empty() ? "" : " (" + spectrum.restrict_to + ")",
        config.along_path ? fmt::format(", at each of {} checkpoints", count_text(n_spectra(config))) : "", how,
        against.empty() ? "" : against + "\n", quadrature_lines(config));
  }

  std::string items_name() const override { return "numbers"; }
  std::string name(const RunConfig&, const Work& work) const override { return work.block.group; }

 private:
  static Block block(const std::string& group, std::int64_t rows, std::int64_t columns, const RunConfig& config) {
    Block block;
    block.group = group;
    block.rows = rows;
    block.columns = columns;
    block.attributes = attributes(config);
    return block;
  }

  static Work preconditioner_work(const LossPlace& place, Preconditioner preconditioner, const RunConfig& config) {
    const ParameterRange range = restricted_parameters(config);
    const auto n = static_cast<std::int64_t>(range.count);
    Work work;
    work.loss = place.loss;
    work.minimizer = place.minimizer;
    work.lines = place.minimizer;
    const std::string group = preconditioner_group(place, preconditioner);
    if (preconditioner == Preconditioner::lbfgs) {
      const std::int64_t columns = 2 * n_pairs_kept(range.count) * n;
      work.block = block(group, 1, columns, config);
      work.block.values = "pairs";
      work.block.description =
          "steps (m, n), then the gradient's changes (m, n), of L-BFGS on the quadratic model of the loss from a "
          "random "
          "start; zeros behind the last";
      work.block.shape_names = "(1, 2 m n)";
      work.block.axis = {"entry", "number of the entry", numbered(columns)};
      work.block.attributes.emplace_back("seed", config.direction_seed);
      work.make_rows = lbfgs_rows(place.loss, range, config.direction_seed);
      return work;
    }
    const LossKind model = preconditioner == Preconditioner::energy ? LossKind::ritz : place.loss;
    work.block = block(group, n, n, config);
    work.block.values = "matrix";
    work.block.description = fmt::format("the Gauss-Newton matrix of the {} loss", to_string(model));
    work.block.shape_names = "(n, n)";
    work.block.axis = {"parameter", "number of the parameter, among those looked at", numbered(n)};
    work.make_rows = gauss_newton_rows(model, range);
    return work;
  }

  static AttributeList attributes(const RunConfig& config) {
    AttributeList list{{"quadrature", to_string(config.quadrature)}, {"method", to_string(*config.spectrum.method)}};
    if (!config.spectrum.restrict_to.empty()) list.emplace_back("restricted_to", config.spectrum.restrict_to);
    if (config.is_lanczos()) {
      list.emplace_back("seed", config.direction_seed);
      list.emplace_back("probe_entries", to_string(config.spectrum.entries));
    }
    return list;
  }
};

}  // namespace

const Analysis& spectrum_analysis() {
  static const Spectrum analysis;
  return analysis;
}

}  // namespace landscape
