// -Laplace(u) = f with u* = prod sin(k pi x_i), f = d k^2 pi^2 u*: with k = 1 the model problem of arXiv 2103.11069.
#pragma once

#include <array>
#include <cmath>

#include "sine_product.hpp"

namespace landscape::equation {

struct PoissonSine {
  static constexpr std::array kParameters{kFrequency};

  static std::string operator_text(const Parameters&, int dimension) {
    return dimension == 1 ? "-u'' = f" : "-laplace u = f";
  }
  static std::string solution_text(const Parameters& p, int dimension) {
    return sine_product_text(dimension, p.frequency);
  }
  static double solution(const Parameters& p, int dimension, const double* x, double* gradient) {
    return sine_product(dimension, x, gradient, p.frequency);
  }
  static void coefficients(const Parameters& p, int dimension, const double* x, OperatorAt& at) {
    at.f = sine_product_eigenvalue(dimension, p.frequency) * sine_product(dimension, x, nullptr, p.frequency);
  }
  // -1/2 int |grad u*|^2
  static double energy(const Parameters& p, int dimension) {
    return -0.5 * dimension * math::kPi * math::kPi * (p.frequency * p.frequency) * std::pow(0.5, dimension);
  }
  static SquaredNorms norms(const Parameters& p, int dimension) { return sine_product_norms(dimension, p.frequency); }
};

}  // namespace landscape::equation
