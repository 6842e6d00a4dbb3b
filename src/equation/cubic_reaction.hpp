// -Laplace(u) + u^3 = f with u* = prod sin(pi x_i), f = d pi^2 u* + u*^3: the energy is convex, and its fourth power is
// the one term that is not linear in the equation.
#pragma once

#include <cmath>

#include "sine_product.hpp"

namespace landscape::equation {

struct CubicReaction {
  static std::string operator_text(int dimension) { return dimension == 1 ? "-u'' + u^3 = f" : "-laplace u + u^3 = f"; }
  static std::string solution_text(int dimension) { return sine_product_text(dimension); }
  static double solution(int dimension, const double* x, double* gradient) {
    return sine_product(dimension, x, gradient);
  }
  static void coefficients(int dimension, const double* x, OperatorAt& at) {
    const double u = sine_product(dimension, x, nullptr);
    at.s = 1.0;
    at.f = (dimension * (math::kPi * math::kPi) + u * u) * u;
  }
  // -1/2 int |grad u*|^2 - 3/4 int u*^4, and int sin^4 = 3/8
  static double energy(int dimension) {
    return -0.5 * dimension * math::kPi * math::kPi * std::pow(0.5, dimension) - 0.75 * std::pow(0.375, dimension);
  }
  // int sin^4 = 3/8, int sin^6 = 5/16
  static SquaredNorms norms(int dimension) {
    SquaredNorms norms = sine_product_norms(dimension);
    norms.source +=
        2.0 * dimension * (math::kPi * math::kPi) * std::pow(0.375, dimension) + std::pow(0.3125, dimension);
    return norms;
  }
};

}  // namespace landscape::equation
