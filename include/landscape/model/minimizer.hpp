// A minimizer: the parameters theta of a trained (or loaded) network, what they are parameters of, and how they were
// obtained.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "landscape/model/network_spec.hpp"

namespace landscape {

/// Loss and relative L2 error at recorded epochs; the three columns have one length.
struct TrainingHistory {
  std::vector<std::int64_t> epoch;
  std::vector<double> loss;
  std::vector<double> relative_l2_error;
};

struct Minimizer {
  NetworkSpec spec;
  LossKind loss = LossKind::ritz;
  std::vector<double> theta;  // (n), ParameterLayout order
  std::string source;         // how obtained, in words: "trained: adam 20000 epochs, ..." or "loaded from FILE"
  double final_loss = 0.0;
  double gradient_norm = std::numeric_limits<double>::quiet_NaN();  // |grad L| there; NaN where unknown
  bool at_iteration_limit = false;  // L-BFGS was cut off, not done: the parameters are no minimum yet
  double relative_l2_error = 0.0;   // |u - u*|_L2 / |u*|_L2 with the quadrature of the profiles
  double relative_h1_error = 0.0;   // |grad(u - u*)|_L2 / |grad u*|_L2
  double seconds = 0.0;             // wall time of the training, 0 when loaded
  TrainingHistory history;          // empty when loaded
};

}  // namespace landscape
