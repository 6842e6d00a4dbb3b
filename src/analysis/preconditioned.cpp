// From rows of H and of the preconditioners to numbers, places in the file and lines of the report.
#include "landscape/analysis/preconditioned.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "landscape/config/text.hpp"
#include "landscape/hessian/generalised_eigen.hpp"
#include "landscape/hessian/lbfgs_matrix.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/train/lbfgs_memory.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

bool has(const RunConfig& config, Preconditioner preconditioner) {
  return std::ranges::count(config.spectrum.preconditioners, preconditioner) > 0;
}

/// Whether P is H but for a part of it, so that their difference means something.
bool approximates_hessian(Preconditioner preconditioner) { return preconditioner == Preconditioner::gauss_newton; }

std::vector<double> diagonal_of_adam(const Minimizer& minimizer, ParameterRange range) {
  if (minimizer.adam_second_moment.size() != minimizer.theta.size())
    throw Error(fmt::format("The minimizer {} lacks the second moment of Adam.", minimizer.name));
  std::vector<double> p(range.count * range.count, 0.0);
  for (std::size_t i = 0; i < range.count; ++i)
    p[i * range.count + i] = std::sqrt(minimizer.adam_second_moment[range.first + i]) + kAdamEpsilon;
  return p;
}

/// P (n, n) as the file has it, and of lbfgs the number of its pairs.
struct Matrix {
  std::vector<double> p;
  std::size_t n_pairs = 0;
};
Matrix matrix_of(const Rows& rows, const RunConfig& config, const LossPlace& place, Preconditioner preconditioner) {
  const ParameterRange range = restricted_parameters(config);
  if (!has_rows(preconditioner)) return {diagonal_of_adam(rows.minimizer(place.minimizer), range)};
  const std::string block = preconditioner_group(place, preconditioner);
  require_whole(rows, block);
  std::vector<double> numbers = rows.rows(block, 0, rows.n_rows(block));
  if (preconditioner != Preconditioner::lbfgs || !is_finite(numbers)) return {std::move(numbers)};
  const std::span<const double> steps = std::span(numbers).first(numbers.size() / 2),
                                changes = std::span(numbers).last(numbers.size() / 2);
  return {lbfgs_matrix(steps, changes, range.count), n_lbfgs_pairs(steps, range.count)};
}

double relative_difference(const std::vector<double>& h, const std::vector<double>& p) {
  std::vector<double> rest(h);
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= p[i];
  return norm_of(rest) / norm_of(h);
}

/// The largest over the k-th largest of ascending values.
double condition_of_leading(const std::vector<double>& values, std::int64_t k) {
  return k > 0 ? values.back() / values[values.size() - static_cast<std::size_t>(k)] : kUndefined;
}

void count_signs(PreconditionedReport& report, const std::vector<double>& values) {
  double negative = 0.0, all = 0.0, least = kUndefined;
  for (const double nu : values) {
    all += std::abs(nu);
    if (nu > report.level) {
      if (report.n_positive++ == 0) least = nu;
    } else if (nu < -report.level) {
      ++report.n_negative;
      negative -= nu;
    } else {
      ++report.n_zero;
    }
  }
  report.negative_weight = negative / all;
  report.condition = values.empty() ? kUndefined : values.back() / least;
}

ResultTable<PreconditionedReport> preconditioned_table(const RunConfig& config, LossKind loss,
                                                       Preconditioner preconditioner) {
  using R = PreconditionedReport;
  const auto n = static_cast<std::int64_t>(restricted_parameters(config).count);
  const bool is_energy = preconditioner == Preconditioner::energy && loss != LossKind::ritz;
  const std::string of_p = is_energy ? "energy" : "loss", of_nu = is_energy ? "loss / energy" : "1";
  ResultTable<R> table(fmt::format("Eigenvalues nu of H v = nu P v on the range of the preconditioner P, {}",
                                   to_string(preconditioner)));
  table.add("rank", "1", "r, eigenvalues of P above the rank tolerance times its largest one", &R::rank);
  table.add("largest_of_p", of_p, "the largest eigenvalue of P", &R::largest_of_p);
  table.add("least_of_p", of_p, "the least one above that tolerance", &R::least_of_p);
  table.add("eigenvalues", of_nu, "nu, ascending, NaN from r on", "(n)", {n}, &R::eigenvalues);
  table.add("level", of_nu, "a nu counts as zero up to here: the tolerance times max |nu|, or what rounding can make",
            &R::level);
  table.add("positive", "1", "number of nu above the level", &R::n_positive);
  table.add("negative", "1", "number of nu below minus the level", &R::n_negative);
  table.add("zero", "1", "number of the others in the range", &R::n_zero);
  table.add("negative_weight", "1", "sum of |nu| over the negative ones, of that over all", &R::negative_weight);
  table.add("condition", "1", "the largest nu over the least positive one", &R::condition);
  table.add("curved", "1", "eigenvalues lambda of H above the tolerance times max |lambda|", &R::n_curved);
  table.add("leading", "1", "k, the lesser of curved and positive", &R::n_leading);
  table.add("leading_condition", "1", "the largest nu over the k-th largest", &R::leading_condition);
  table.add("hessian_condition", "1", "the largest lambda over the k-th largest", &R::hessian_condition);
  if (approximates_hessian(preconditioner))
    table.add("difference", "1", "|H - P| / |H|, norms of Frobenius", &R::difference);
  if (preconditioner == Preconditioner::lbfgs)
    table.add("pairs", "1", "pairs of a step and the gradient's change that P is made of", &R::n_pairs);
  return table;
}

std::string sentence_of(const PreconditionedReport& r) {
  const std::string name = to_string(r.preconditioner);
  if (r.n_leading == 0) return fmt::format("  {}: no nu is positive where H is curved.\n", name);
  return fmt::format("  {}: the {} largest nu have the condition {:.3g}, as many of H's eigenvalues {:.3g}.\n", name,
                     r.n_leading, r.leading_condition, r.hessian_condition);
}

}  // namespace

void require_preconditioners(const RunConfig& config) {
  if (config.spectrum.preconditioners.empty()) return;
  if (config.is_lanczos()) {
    throw UsageError(
        "--precondition takes whole matrices: choose --method dense, with --restrict where there are too many "
        "parameters.");
  }
  if (config.along_path) throw UsageError("--precondition is of minimizers, not of a --path: leave one of them out.");
  if (has(config, Preconditioner::energy) && !has_loss(config.problem, LossKind::ritz)) {
    throw UsageError(
        fmt::format("--precondition energy: --problem {} has no energy: leave it out.", config.problem->name));
  }
  if (!has(config, Preconditioner::adam)) return;
  if (config.around != Around::own) {
    throw UsageError("--precondition adam is of the loss that a minimizer was trained on: it cannot go with --around.");
  }
  const bool trains = std::ranges::any_of(config.minimizer_sources(), &MinimizerSource::is_trained);
  if (trains && config.training.epochs == 0)
    throw UsageError("--precondition adam needs Adam's state, and the training has no epochs of it: leave it out.");
}

bool has_rows(Preconditioner preconditioner) { return preconditioner != Preconditioner::adam; }

std::string preconditioner_group(const LossPlace& place, Preconditioner preconditioner) {
  return fmt::format("preconditioner/{}/{}", place_group(place), to_string(preconditioner));
}

std::int64_t n_pairs_kept(std::size_t n) { return std::min<std::int64_t>(kLbfgsMemory, static_cast<std::int64_t>(n)); }

PreconditionedReport preconditioned_spectrum(const std::vector<double>& h, const std::vector<double>& eigenvalues,
                                             std::vector<double> p, double tolerance) {
  const std::size_t n = eigenvalues.size();
  const double rounding = static_cast<double>(n) * std::numeric_limits<double>::epsilon();
  PreconditionedReport report;
  report.difference = relative_difference(h, p);
  const GeneralisedEigenvalues found = generalised_eigenvalues(h, std::move(p), n, tolerance);
  const auto largest_of = [](const std::vector<double>& ascending) {
    return ascending.empty() ? 0.0 : std::max(std::abs(ascending.front()), std::abs(ascending.back()));
  };
  const double most_of_h = largest_of(eigenvalues);
  report.rank = static_cast<std::int64_t>(found.values.size());
  report.largest_of_p = found.largest_of_p;
  report.least_of_p = found.least_of_p;
  report.eigenvalues = found.values;
  report.eigenvalues.resize(n, kUndefined);
  if (report.rank > 0)
    report.level = std::max(tolerance * largest_of(found.values), rounding * most_of_h / found.least_of_p);
  count_signs(report, found.values);
  const double level_of_h = std::max(tolerance, rounding) * most_of_h;
  report.n_curved = std::ranges::count_if(eigenvalues, [&](double x) { return x > level_of_h; });
  report.n_leading = std::min(report.n_curved, report.n_positive);
  report.leading_condition = condition_of_leading(found.values, report.n_leading);
  report.hessian_condition = condition_of_leading(eigenvalues, report.n_leading);
  return report;
}

std::vector<PreconditionedReport> reduce_preconditioned(const Rows& rows, const RunConfig& config,
                                                        const LossPlace& place, const std::vector<double>& h,
                                                        const std::vector<double>& eigenvalues) {
  std::vector<PreconditionedReport> reports;
  for (const Preconditioner preconditioner : config.spectrum.preconditioners) {
    Matrix matrix = matrix_of(rows, config, place, preconditioner);
    PreconditionedReport report;
    const bool finite = is_finite(matrix.p);
    if (finite) report = preconditioned_spectrum(h, eigenvalues, std::move(matrix.p), config.spectrum.rank_tolerance);
    report.is_finite = finite;
    report.preconditioner = preconditioner;
    report.n_pairs = static_cast<std::int64_t>(matrix.n_pairs);
    if (!approximates_hessian(preconditioner)) report.difference = kUndefined;
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<ResultGroup> preconditioned_results(const RunConfig& config, const LossPlace& place,
                                                const std::string& parent,
                                                const std::vector<PreconditionedReport>* reports) {
  std::vector<ResultGroup> groups;
  const std::vector<Preconditioner>& all = config.spectrum.preconditioners;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_known = reports != nullptr && i < reports->size() && (*reports)[i].is_finite;
    groups.push_back(preconditioned_table(config, place.loss, all[i])
                         .group(fmt::format("{}/{}", parent, to_string(all[i])), is_known ? &(*reports)[i] : nullptr));
  }
  return groups;
}

std::string preconditioned_text(const std::vector<PreconditionedReport>& reports, double tolerance) {
  if (reports.empty()) return "";
  std::string text = fmt::format(
      "  H v = nu P v on the range of P, its eigenvalues above {0:g} of the largest; the condition of the k largest\n"
      "  nu beside that of H's k largest eigenvalues, of which {1} are above {0:g} of the largest\n",
      tolerance, reports.front().n_curved);
  text += fmt::format("  {:<14}{:>6}{:>10}{:>10}{:>10}{:>12}{:>5}{:>12}{:>11}{:>13}\n", "P", "rank", "positive",
                      "negative", "share", "largest nu", "k", "condition", "H's", "|H-P|/|H|");
  for (const PreconditionedReport& r : reports) {
    text += fmt::format("  {:<14}", to_string(r.preconditioner));
    if (!r.is_finite) {
      text += "is not finite\n";
      continue;
    }
    const double largest = r.rank > 0 ? r.eigenvalues[static_cast<std::size_t>(r.rank - 1)] : kUndefined;
    text += fmt::format("{:>6}{:>10}{:>10}{:>10}{:>12}{:>5}{:>12}{:>11}{:>13}\n", r.rank, r.n_positive, r.n_negative,
                        defined_text(r.negative_weight, "{:.2g}"), defined_text(largest, "{:.6g}"), r.n_leading,
                        defined_text(r.leading_condition, "{:.4g}"), defined_text(r.hessian_condition, "{:.4g}"),
                        approximates_hessian(r.preconditioner) ? fmt::format("{:.2g}", r.difference) : "-");
  }
  for (const PreconditionedReport& r : reports) text += r.is_finite ? sentence_of(r) : "";
  return text;
}

}  // namespace landscape
