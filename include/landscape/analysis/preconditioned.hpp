// The Hessian H of a loss against the matrix P that an optimizer preconditions by: H v = nu P v on the range of P
// (hessian/generalised_eigen.hpp). Along directions in which nu is equal an optimizer's step -P^-1 g makes equal
// progress; P is H's stand-in where all nu are 1. P is
//   gauss-newton  M of the loss itself (backend/quadratic_model.hpp), rows computed and stored;
//   energy        M of the Ritz loss on the same points, of the energy's Gram matrix, whatever loss H is of;
//   adam          diag(sqrt(v) + eps), v the second moment that Adam's epochs ended with, stored with the minimizer;
//   lbfgs         what the pairs of its memory make of H from a random start (hessian/lbfgs_matrix.hpp), stored pairs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "landscape/analysis/places.hpp"
#include "landscape/io/results.hpp"
#include "landscape/job/rows.hpp"

namespace landscape {

/// Throws UsageError where one of --precondition cannot be had, or means nothing to the method.
void require_preconditioners(const RunConfig& config);

/// Whether a block has its numbers; else the minimizer does.
bool has_rows(Preconditioner preconditioner);
/// "preconditioner/ritz/lbfgs": of the block.
std::string preconditioner_group(const LossPlace& place, Preconditioner preconditioner);
/// Pairs that L-BFGS keeps of n parameters.
std::int64_t n_pairs_kept(std::size_t n);

struct PreconditionedReport {
  Preconditioner preconditioner = Preconditioner::gauss_newton;
  bool is_finite = true;                        // else nothing else here means anything
  std::int64_t rank = 0;                        // of P, r: eigenvalues above the tolerance times the largest
  double largest_of_p = 0.0, least_of_p = 0.0;  // eigenvalues of P in its range
  std::vector<double> eigenvalues;              // (n) nu, ascending, undefined from r on
  double level = 0.0;                           // to it from minus it a nu counts as zero
  std::int64_t n_positive = 0, n_zero = 0, n_negative = 0;
  double negative_weight = 0.0;    // sum of |nu| of the negative ones over that of all
  double condition = 0.0;          // the largest nu over the least positive one
  std::int64_t n_curved = 0;       // eigenvalues of H above the tolerance times the largest |lambda|
  std::int64_t n_leading = 0;      // k, of these as many as there are positive nu: what is compared
  double leading_condition = 0.0;  // the largest nu over the k-th largest
  double hessian_condition = 0.0;  // the same of H
  double difference = 0.0;         // |H - P| / |H|, Frobenius; of gauss-newton
  std::int64_t n_pairs = 0;        // of lbfgs
};

/// Of h (n, n), symmetric, with its eigenvalues (n), ascending, and p (n, n).
PreconditionedReport preconditioned_spectrum(const std::vector<double>& h, const std::vector<double>& eigenvalues,
                                             std::vector<double> p, double tolerance);

/// Of a place, in the order of the settings. h as above.
std::vector<PreconditionedReport> reduce_preconditioned(const Rows& rows, const RunConfig& config,
                                                        const LossPlace& place, const std::vector<double>& h,
                                                        const std::vector<double>& eigenvalues);
/// Below `parent`, one each. Without reports, undefined.
std::vector<ResultGroup> preconditioned_results(const RunConfig& config, const LossPlace& place,
                                                const std::string& parent,
                                                const std::vector<PreconditionedReport>* reports);
/// A table and a sentence each; empty without reports.
std::string preconditioned_text(const std::vector<PreconditionedReport>& reports, double tolerance);

}  // namespace landscape
