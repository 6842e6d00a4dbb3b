// Spectra as groups of the file, tables and a page.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "landscape/analysis/profiles.hpp"
#include "landscape/analysis/spectrum.hpp"
#include "landscape/config/text.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

std::vector<double> listed(const std::array<double, kDecades>& numbers) { return {numbers.begin(), numbers.end()}; }

ResultTable<SpectrumReport> spectrum_table(const RunConfig& config) {
  using S = SpectrumReport;
  const auto n = static_cast<std::int64_t>(restricted_parameters(config).count);
  const auto extremes = static_cast<std::int64_t>(kExtremes);
  const bool dense = !config.is_lanczos();
  ResultTable<S> table("Eigenvalues lambda of the Hessian H of the loss in the parameters");
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
    if (const std::int64_t k = n_eigenvectors(config); k > 0) {
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

// "Deep Ritz", "Deep Galerkin around ritz"
std::string title_of(const LossPlace& place) {
  return "Deep " + title(place.loss) + place_name(place).substr(to_string(place.loss).size());
}

std::string text_of(const LossPlace& place, const SpectrumReport& report) {
  if (!report.is_finite)
    return fmt::format("{}: the Hessian is not finite at this minimizer: nothing is known of it.\n", title_of(place));
  const bool dense = report.is_dense;
  std::string text = fmt::format("{}: Hessian of {} parameters, {}\n", title_of(place), count_text(report.n),
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

// A line per checkpoint.
std::string path_text(const Spectra& spectra) {
  const SpectrumReport& first = spectra.reports.front();
  std::string text = fmt::format("{}: Hessian of {} parameters along the training{}\n", title_of(spectra.place),
                                 count_text(first.n), first.is_dense ? "" : ", by Lanczos from random probes");
  text += fmt::format("{:>9}{:>13}{:>13}{:>10}{:>8}{:>10}{:>12}{:>11}\n", "epoch", "lambda_max", "lambda_min",
                      "negative", "zero", "positive", "log det+", "|grad L|");
  text += std::string(86, '-') + '\n';
  for (std::size_t c = 0; c < spectra.reports.size(); ++c) {
    const SpectrumReport& r = spectra.reports[c];
    text += fmt::format("{:>9}", count_text(spectra.epoch[c]));
    if (!r.is_finite) {
      text += "  the Hessian is not finite\n";
      continue;
    }
    text += fmt::format("{:>13.6g}{:>13.4g}{:>10.4g}{:>8.4g}{:>10.4g}{:>12}{:>11.3g}\n", r.largest.front(),
                        r.smallest.front(), r.n_negative, r.n_zero, r.n_positive,
                        defined_text(r.log_determinant, "{:.5g}"), r.gradient_norm);
  }
  return text;
}

}  // namespace

std::vector<ResultGroup> spectrum_results(const RunConfig& config, const std::vector<Spectra>* spectra) {
  const ResultTable<SpectrumReport> table = spectrum_table(config);
  const std::vector<LossPlace> places = loss_places(config);
  std::vector<ResultGroup> groups;
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::vector<ResultGroup> each;
    for (std::size_t c = 0; c < static_cast<std::size_t>(n_spectra(config)); ++c) {
      const SpectrumReport* report = spectra != nullptr ? &(*spectra)[i].reports[c] : nullptr;
      each.push_back(table.group(spectrum_group(places[i]), report != nullptr && report->is_finite ? report : nullptr));
    }
    if (!config.along_path) {
      groups.push_back(std::move(each.front()));
      for (ResultGroup& group :
           preconditioned_results(config, places[i], spectrum_group(places[i]),
                                  spectra != nullptr ? &(*spectra)[i].reports.front().preconditioned : nullptr))
        groups.push_back(std::move(group));
      continue;
    }
    groups.push_back(stacked(each, "C"));
    Result epoch{"epoch", "epochs of Adam and iterations of L-BFGS done", "1", "(C)", {n_spectra(config)}};
    epoch.value =
        spectra != nullptr ? (*spectra)[i].epoch : std::vector<std::int64_t>(static_cast<std::size_t>(epoch.shape[0]));
    groups.back().results.insert(groups.back().results.begin(), std::move(epoch));
  }
  return groups;
}

std::string spectrum_text(const std::vector<Spectra>& spectra, const RunConfig& config) {
  std::string text;
  for (const Spectra& one : spectra) {
    if (!text.empty()) text += '\n';
    text += one.epoch.empty() ? text_of(one.place, one.reports.front()) : path_text(one);
    text += preconditioned_text(one.reports.front().preconditioned, config.spectrum.rank_tolerance);
  }
  return text;
}

}  // namespace landscape
