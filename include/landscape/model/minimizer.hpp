// A minimizer: the parameters theta of a trained (or loaded) network, what they are parameters of, and how they were
// obtained.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/model/network_spec.hpp"

namespace landscape {

/// Loss (by the training's own points) and relative L2 error at recorded epochs; the three columns have one length.
struct TrainingHistory {
  std::vector<std::int64_t> epoch;
  std::vector<double> loss;
  std::vector<double> relative_l2_error;
  std::string error_quadrature{};  // of relative_l2_error: "gauss:32"
};

/// Parameters along a training, where it was asked to keep them.
struct TrainingPath {
  std::vector<std::int64_t> epoch;  // (K) epochs of Adam done, and after these iterations of what follows it
  std::vector<double> parameters;   // (K, n)
};

/// What a loss's gradient g and Hessian H say of theta (hessian/critical_point.hpp); undefined where not looked for.
struct CriticalPoint {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::string verdict;                 // "minimum", "saddle", "not critical", "unknown", "not examined"
  std::string method;                  // "dense" or "lanczos"; empty: not looked for
  double gradient_norm = kNone;        // |g|, on the points of the profiles
  double smallest_eigenvalue = kNone;  // of H
  double largest_eigenvalue = kNone;
  double eigenvalue_error = kNone;      // of both
  double trace = kNone;                 // of H; dense only
  double n_negative = kNone;            // noticeably falling directions; of lanczos at least so many
  double newton_step = kNone;           // |H+ g|
  double newton_step_error = kNone;     // of lanczos: what its last ten steps changed
  double predicted_decrease = kNone;    // g' H+ g / 2
  double decrease_of_positive = kNone;  // of that, the part of the positive eigenvalues
  std::string sentence;                 // "is a saddle: 3 falling directions, ...", or why it was not looked for
};

struct Minimizer {
  std::string name;  // "ritz", "epoch 100": under which it is kept
  NetworkSpec spec;
  LossKind loss = LossKind::ritz;
  std::vector<double> theta;  // (n), ParameterLayout order
  std::string source;         // how obtained, in words: "trained: adam 20000 epochs, ..." or "loaded from FILE"
  std::string problem;        // name of the equation that final_loss, errors and history are of

  // Measured with one quadrature, whatever rule trained or loaded it (backend/solution_measure.hpp).
  std::string final_quadrature;
  double final_loss = 0.0;
  double final_loss_error = 0.0;
  double relative_l2_error = 0.0;  // |u - u*|_L2 / |u*|_L2
  double relative_l2_uncertainty = 0.0;
  double relative_h1_error = 0.0;  // |grad(u - u*)|_L2 / |grad u*|_L2: of the H1 semi-norms
  double relative_h1_uncertainty = 0.0;
  double gradient_norm = std::numeric_limits<double>::quiet_NaN();  // |grad L|_2
  std::string stopped_by;           // the optimizer that ended the training: adam, l-bfgs, gauss-newton; empty: loaded
  std::string stop_reason;          // gradient, rounding, line search, limit, unbounded; of adam epochs
  bool at_iteration_limit = false;  // it was cut off, not done: the parameters are no minimum yet

  // The same loss with the training's own points (redrawn ones without L-BFGS: those of the last epoch), and with those
  // of the profiles. NaN and no rule where unknown.
  double training_loss = std::numeric_limits<double>::quiet_NaN();
  std::string training_quadrature;  // "monte-carlo:1000 redrawn"
  double profile_loss = std::numeric_limits<double>::quiet_NaN();
  std::string profile_quadrature;

  CriticalPoint critical;   // whether it is a minimum
  std::string warnings;     // sentences, one per line: what speaks against its being a minimum
  double seconds = 0.0;     // wall time of the training, 0 when loaded
  TrainingHistory history;  // empty when loaded
  TrainingPath path;        // the same

  // (n) Adam's v / (1 - b2^t) when its epochs ended, unit of the loss squared; empty: it had none, or is unknown.
  std::vector<double> adam_second_moment{};
};

/// That of the name. Throws Error where there is none.
const Minimizer& find_minimizer(std::span<const Minimizer> minimizers, std::string_view name);

}  // namespace landscape
