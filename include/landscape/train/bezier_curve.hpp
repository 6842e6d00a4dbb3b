// A curve of low loss between two parameter vectors a and b (Garipov, Izmailov, Podoprikhin, Vetrov and Wilson,
// NeurIPS 2018): the quadratic Bezier curve
//
//   phi(t) = (1 - t)^2 a + 2 t (1 - t) c + t^2 b,   0 <= t <= 1,
//
// whose control point c makes the mean loss over t small. They draw t at random; here the mean is Gauss's rule, so that
// it is a function of c and its minimizer has the same bits everywhere:
//
//   E(c) = sum_q w_q L(phi(t_q)),   dE/dc = sum_q w_q 2 t_q (1 - t_q) grad L(phi(t_q)).
//
// c begins at the middle of a and b, where the curve is the straight path.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace landscape {

/// Loss at theta (n); fills its gradient (n).
using LossAndGradient = std::function<double(std::span<const double> theta, std::span<double> gradient)>;

struct CurveFit {
  int n_nodes = 16;                                       // of Gauss's rule on [0, 1]
  std::int64_t max_iterations = 200;                      // of L-BFGS
  std::function<void(std::int64_t iteration)> between{};  // called after each; what it throws ends the search
};

struct BezierCurve {
  std::vector<double> control;  // (n)
  double mean_loss = 0.0;       // E at the control point, unit of L
  double gradient_norm = 0.0;   // |dE/dc|_2 there
  std::int64_t iterations = 0;
  bool at_limit = false;  // of the iterations: it might go lower
};

/// The curve from a to b (n). Throws TrainingDiverged where the loss on it is not finite.
BezierCurve fit_bezier_curve(std::span<const double> a, std::span<const double> b, const LossAndGradient& loss,
                             const CurveFit& fit);

/// phi(t), (n); exactly a and b at the ends.
void bezier_point(std::span<const double> a, std::span<const double> control, std::span<const double> b, double t,
                  std::span<double> point);
/// (1 - t) a + t b, (n); exactly a and b at the ends.
void straight_point(std::span<const double> a, std::span<const double> b, double t, std::span<double> point);

}  // namespace landscape
