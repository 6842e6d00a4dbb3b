// Newton's step from a point with gradient g and Hessian H = sum lambda_i v_i v_i', by H's pseudo-inverse H+ above a
// level of rounding: it is -H+ g, and on the quadratic model of the loss it lowers it by
//   g' H+ g / 2 = sum g_i^2 / (2 lambda_i),   g_i = v_i' g,  over |lambda_i| > level.
// Directions with lambda_i < 0 lead up to a maximum of the model: their part is told apart.
#pragma once

#include <span>

#include "landscape/hessian/symmetric_eigen.hpp"

namespace landscape {

struct NewtonStep {
  double length = 0.0;         // |H+ g|, unit of theta
  double decrease = 0.0;       // sum over positive lambda, >= 0, unit of the loss
  double from_negative = 0.0;  // sum over negative ones, <= 0, the same
};

/// From an eigensystem (n) with its vectors and a gradient (n); `level` has the unit of the eigenvalues.
NewtonStep newton_step(const Eigensystem& system, std::span<const double> gradient, double level);

}  // namespace landscape
