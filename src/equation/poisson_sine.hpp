// -Laplace(u) = f with u* = prod sin(pi x_i), f = d pi^2 u*: the model problem of arXiv 2103.11069.
#pragma once

#include <cmath>

#include "sine_product.hpp"

namespace landscape::equation {

struct PoissonSine {
  static std::string operator_text(int dimension) { return dimension == 1 ? "-u'' = f" : "-laplace u = f"; }
  static std::string solution_text(int dimension) { return sine_product_text(dimension); }
  static double solution(int dimension, const double* x, double* gradient) {
    return sine_product(dimension, x, gradient);
  }
  static void coefficients(int dimension, const double* x, OperatorAt& at) {
    at.f = dimension * (math::kPi * math::kPi) * sine_product(dimension, x, nullptr);
  }
  // -1/2 int |grad u*|^2
  static double least_energy(int dimension) {
    return -0.5 * dimension * math::kPi * math::kPi * std::pow(0.5, dimension);
  }
  static SquaredNorms norms(int dimension) { return sine_product_norms(dimension); }
};

}  // namespace landscape::equation
