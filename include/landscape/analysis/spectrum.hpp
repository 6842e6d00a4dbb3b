// The command spectrum: eigenvalues of the Hessian H of a loss in the parameters, at a minimizer, its own or the other
// loss's, or at every checkpoint of the path of its training. Either from all rows
// H e_k, with LAPACK, or from Lanczos runs started at random probes (lanczos.hpp): extreme eigenvalues with bounds, and
// the density with a standard error over the probes.
//
// V(k) = sum of log10 of the k largest eigenvalues is the published measure of a basin's volume, undefined from the
// first one on that is not above rounding. What is defined always: the log-determinant over the positive subspace, with
// its dimension beside it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "landscape/analysis/places.hpp"
#include "landscape/analysis/preconditioned.hpp"
#include "landscape/io/results.hpp"
#include "landscape/job/rows.hpp"

namespace landscape {

/// Fills in the method. Throws UsageError for a layer that the network lacks, a matrix too large, a GPU.
void settle_spectrum(RunConfig& config);

/// Rows of a checkpoint follow those of the one before.
std::string hessian_group(const LossPlace& place);   // "hessian/ritz": rows H e_k, or alpha and beta of Lanczos runs
std::string gradient_group(const LossPlace& place);  // "gradient/ritz": one row
std::string spectrum_group(const LossPlace& place);  // "spectrum/ritz"

/// Bins of |lambda|: from 10^kFirstDecade on, a decade each; what is smaller or larger counts in the first or last one.
inline constexpr int kFirstDecade = -16, kDecades = 28;

/// Eigenvalues of one sign by size: numbers, and their standard errors over the probes (zero where all are known).
struct SizeCounts {
  std::array<double, kDecades> count{}, error{};
};

struct SpectrumReport {
  bool is_dense = true;
  bool is_finite = true;                                    // else nothing else here means anything
  std::int64_t n = 0;                                       // of the matrix
  std::vector<double> eigenvalues;                          // (n) ascending; dense
  std::vector<double> log_volume;                           // (n) V(1), V(2), ...; dense
  std::vector<double> vectors;                              // (2 K, n) of the K largest, then of the K smallest; dense
  std::vector<double> nodes, weights;                       // (probes, steps), undefined beyond the last node; lanczos
  std::vector<double> largest, smallest;                    // (kExtremes) outermost first
  std::vector<double> largest_residual, smallest_residual;  // bounds: an eigenvalue lies within it
  double asymmetry = 0.0;                                   // max |H - H'|; dense
  double level = 0.0;                                       // below it an eigenvalue is zero: n eps max |lambda|
  double trace = 0.0, trace_error = 0.0;
  double n_positive = 0.0, n_zero = 0.0, n_negative = 0.0;  // estimates with lanczos
  double n_positive_error = 0.0, n_negative_error = 0.0;
  double n_undecided = 0.0, n_undecided_error = 0.0;  // whose sign the runs have not found out; lanczos
  double condition = 0.0;                             // max |lambda| / min |lambda|; dense
  double positive_condition = 0.0;                    // the same of those above the level
  double log_determinant = 0.0;                       // natural, of the positive subspace
  double log_determinant_error = 0.0;
  std::int64_t n_defined = 0;                          // V(k) is defined to this k
  double gradient_norm = 0.0;                          // of the parameters restricted to
  double newton_step = 0.0, predicted_decrease = 0.0;  // |H+ g|, g' H+ g / 2; dense
  double predicted_from_negative = 0.0;                // the part of that sum that negative eigenvalues make
  SizeCounts positive, negative;
  double seconds = 0.0;
  std::vector<PreconditionedReport> preconditioned;  // one per preconditioner of the settings; dense
};
inline constexpr std::size_t kExtremes = 10;

/// H (n, n) with its gradient (n): rows need not be symmetric to the last bit.
SpectrumReport dense_spectrum(std::vector<double> hessian, const std::vector<double>& gradient, std::int64_t n_vectors);
/// rows (probes, 2 m): alpha and beta of every run.
SpectrumReport lanczos_spectrum(const std::vector<double>& rows, std::int64_t n_probes,
                                const std::vector<double>& gradient);

/// Of one loss around one minimizer.
struct Spectra {
  LossPlace place;
  std::vector<std::int64_t> epoch;      // (C) of the checkpoints; none: of the minimizer alone
  std::vector<SpectrumReport> reports;  // (C), or one
};

/// Stored at each end.
std::int64_t n_eigenvectors(const RunConfig& config);
/// Spectra of a place: its checkpoints, or one.
std::int64_t n_spectra(const RunConfig& config);

std::vector<Spectra> reduce_spectra(const Rows& rows, const RunConfig& config);
/// Without spectra, undefined.
std::vector<ResultGroup> spectrum_results(const RunConfig& config, const std::vector<Spectra>* spectra = nullptr);
std::string spectrum_text(const std::vector<Spectra>& spectra, const RunConfig& config);

}  // namespace landscape
