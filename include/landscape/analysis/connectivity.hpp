// The command connectivity: loss barriers between minimizers of one network that were trained from K seeds. Of every
// pair i < j of them the loss is taken along four paths, at P even points t of [0, 1]:
//
//   straight           (1 - t) theta_i + t theta_j
//   straight_matched   the same to theta_j with its hidden units in the order (and signs) nearest to theta_i's
//   curve              a quadratic Bezier curve, fitted (train/bezier_curve.hpp)
//   curve_matched      the same to the matched theta_j
//
// The barrier B of a path is how far the loss rises above the straight line between the ends (roughness/barrier.hpp);
// scaled, it is B / |L(u = 0) - L(u*)|, the drop from no solution to the exact one: a number without unit that means
// the same for losses below and above zero. Near u* it is the square of an error relative to the solution, of the Ritz
// loss in the energy norm, of the Galerkin loss the residual's. Medians over the pairs have intervals that know that
// pairs share minimizers (roughness/pair_median.hpp).
//
// Blocks, K minimizers, N pairs, n parameters; what a training, a matching or a fit does not have is undefined:
//   minimizers/<loss> (K, n + 5)         theta_k, then the quantities of MinimizerQuantity
//   matched/<loss> (N, n)                theta_j, matched
//   curves/<loss> (N, n + 4)             the control point, then the quantities of CurveQuantity
//   curves/<loss>/matched (N, n + 4)     the same to the matched theta_j
//   paths/<loss>/<path> (N, P)           losses
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "landscape/io/results.hpp"
#include "landscape/job/analysis.hpp"
#include "landscape/roughness/pair_median.hpp"

namespace landscape {

struct PathKind {
  bool is_curve = false;
  bool is_matched = false;
  friend bool operator==(const PathKind&, const PathKind&) = default;
};
/// "straight", "curve_matched"
std::string to_string(PathKind kind);
/// In the order of reports; without --curve-iterations the straight ones only.
std::vector<PathKind> path_kinds(const RunConfig& config);

/// Behind the parameters of a minimizer.
enum class MinimizerQuantity { loss, loss_error, relative_l2_error, relative_h1_error, gradient_norm };
inline constexpr std::int64_t kMinimizerQuantities = 5;
/// Behind the control point of a curve.
enum class CurveQuantity { mean_loss, gradient_norm, iterations, at_limit };
inline constexpr std::int64_t kCurveQuantities = 4;

std::string minimizers_group(LossKind loss);
std::string matched_group(LossKind loss);
std::string curves_group(LossKind loss, bool is_matched);
std::string paths_group(LossKind loss, PathKind kind);

/// All pairs, first minimizer by first minimizer; where --pairs asks for fewer, neighbours on a ring of the K, then
/// those two apart, and so on: each minimizer is in about as many.
std::vector<MinimizerPair> minimizer_pairs(const RunConfig& config);
/// (P)
std::vector<double> path_points(const RunConfig& config);

/// The ends of a path, (n) each, and of a curve its control point (n), else empty.
struct PathEnds {
  std::span<const double> a, b, control;
};

/// The rows of the blocks; each a function of its arguments but for tools.go_on, through which it throws
/// TrainingStopped. `config` has one loss; numbers that do not come about are undefined.
void make_minimizer_row(const RowTools& tools, const RunConfig& config, std::span<double> row);
void make_matched_row(const RunConfig& config, const PathEnds& ends, std::span<double> row);
void make_curve_row(const RowTools& tools, const RunConfig& config, const PathEnds& ends, std::span<double> row);
void make_path_row(const RowTools& tools, const RunConfig& config, const PathEnds& ends, std::span<double> row);

struct PathReport {
  PathKind kind;
  std::vector<double> barrier, at, scaled;   // (N); undefined where a loss on the path is
  PairMedian median_barrier, median_scaled;  // over the pairs
  double resolution = 0.0;                   // a scaled barrier that rounded losses alone can make
  std::array<std::vector<double>, static_cast<std::size_t>(kCurveQuantities)> curve;  // (N) each; of curves
  std::int64_t n_at_limit = 0;                                                        // curves
  bool is_zero() const { return median_scaled.median && *median_scaled.median <= resolution; }
};

struct LossConnectivity {
  LossKind loss = LossKind::ritz;
  double scale = 0.0;                                                                          // |L(0) - L(u*)|
  std::array<std::vector<double>, static_cast<std::size_t>(kMinimizerQuantities)> minimizers;  // (K) each
  std::vector<double> distance, matched_distance;  // (N) |theta_j - theta_i|_2
  std::vector<PathReport> paths;
  std::int64_t n_failed = 0;   // trainings that diverged
  std::int64_t n_damaged = 0;  // rows, of all blocks
  double seconds = 0.0;
};

/// Ritz against Galerkin on one path: the same seeds, so the same pairs.
struct PairedBarriers {
  PathKind kind;
  PairMedian difference;  // of the scaled barriers, Ritz - Galerkin
  std::int64_t n_ritz_higher = 0, n_galerkin_higher = 0;
  std::string sentence;
};

struct ConnectivityReport {
  std::vector<MinimizerPair> pairs;
  std::vector<LossConnectivity> losses;
  std::vector<PairedBarriers> comparison;  // none of one loss
};

ConnectivityReport reduce_connectivity(const Rows& rows, const RunConfig& config);
/// "connectivity/ritz", "connectivity/ritz/curve", "connectivity/comparison/curve"; without a report, undefined.
std::vector<ResultGroup> connectivity_results(const RunConfig& config, const ConnectivityReport* report = nullptr);
/// Ends with a newline.
std::string connectivity_text(const RunConfig& config, const ConnectivityReport& report);

}  // namespace landscape
