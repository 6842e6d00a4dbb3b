// -u'' = f with u* = 2x^3 - x^2 - x, f = 2 - 12 x: the linear network -2x - 1 represents u* exactly, so both losses are
// quadratic about a known minimizer.
#pragma once

#include <string>

#include "landscape/equation/equation.hpp"

namespace landscape::equation {

struct PoissonCubic {
  static std::string operator_text(int) { return "-u'' = f"; }
  static std::string solution_text(int) { return "2x^3 - x^2 - x"; }
  static double solution(int, const double* x, double* gradient) {
    if (gradient != nullptr) gradient[0] = (6.0 * x[0] - 2.0) * x[0] - 1.0;
    return ((2.0 * x[0] - 1.0) * x[0] - 1.0) * x[0];
  }
  static void coefficients(int, const double* x, OperatorAt& at) { at.f = 2.0 - 12.0 * x[0]; }
  // -1/2 int u*'^2
  static double energy(int) { return -23.0 / 30.0; }
  static SquaredNorms norms(int) { return {29.0 / 210.0, 23.0 / 15.0, 28.0}; }
};

}  // namespace landscape::equation
