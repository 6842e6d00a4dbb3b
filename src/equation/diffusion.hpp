// -div(a grad u) + c u = f with a = 1 + x_1, c = 2 and u* = prod sin(pi x_i), so
// f = (a d pi^2 + c) u* - d u* / d x_1: the least case in which every coefficient of a linear equation takes part.
#pragma once

#include <cmath>

#include "sine_product.hpp"

namespace landscape::equation {

struct Diffusion {
  static constexpr double kReaction = 2.0;  // c

  static std::string operator_text(int dimension) {
    return dimension == 1 ? "-((1 + x) u')' + 2 u = f" : "-div((1 + x_1) grad u) + 2 u = f";
  }
  static std::string solution_text(int dimension) { return sine_product_text(dimension); }
  static double solution(int dimension, const double* x, double* gradient) {
    return sine_product(dimension, x, gradient);
  }
  static void coefficients(int dimension, const double* x, OperatorAt& at) {
    // d u* / d x_1 = pi cos(pi x_1) times the other factors
    const double others = dimension > 1 ? sine_product(dimension - 1, x + 1, nullptr) : 1.0;
    double sine, cosine;
    math::sincospi(x[0], sine, cosine);
    at.a = 1.0 + x[0];
    at.grad_a[0] = 1.0;
    at.c = kReaction;
    at.f = ((at.a * dimension * (math::kPi * math::kPi) + kReaction) * sine - math::kPi * cosine) * others;
  }
  // -1/2 int f u* = -1/2 (int a |grad u*|^2 + c int u*^2); |grad u*|^2 is even about x_1 = 1/2, where a = 3/2.
  static double energy(int dimension) {
    return -0.5 * (1.5 * dimension * math::kPi * math::kPi + kReaction) * std::pow(0.5, dimension);
  }
  // In x_1, f is g(x) sin(pi x) - pi cos(pi x) with g = p + q x: int sin^2 g^2, the mixed term, int pi^2 cos^2.
  static SquaredNorms norms(int dimension) {
    const double q = dimension * (math::kPi * math::kPi), p = q + kReaction;
    const double along = 0.5 * (p * p + p * q + q * q / 3.0) - q * q / (4.0 * math::kPi * math::kPi) + 0.5 * q +
                         0.5 * math::kPi * math::kPi;
    SquaredNorms norms = sine_product_norms(dimension);
    norms.source = along * std::pow(0.5, dimension - 1);
    return norms;
  }
};

}  // namespace landscape::equation
