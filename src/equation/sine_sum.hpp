// -Laplace(u) = f with u* = sum sin(pi x_i), f = pi^2 u*: a solution that does not vanish on the cube's boundary above
// one dimension, where a face has the sum over the other coordinates.
#pragma once

#include <string>

#include "landscape/equation/equation.hpp"
#include "landscape/math/elementary.hpp"

namespace landscape::equation {

struct SineSum {
  static std::string operator_text(int dimension) { return dimension == 1 ? "-u'' = f" : "-laplace u = f"; }
  static std::string solution_text(int dimension) { return dimension == 1 ? "sin(pi x)" : "sum_i sin(pi x_i)"; }
  static double solution(int dimension, const double* x, double* gradient) {
    double u = 0.0;
    for (int i = 0; i < dimension; ++i) {
      double sine, cosine;
      math::sincospi(x[i], sine, cosine);
      u += sine;
      if (gradient != nullptr) gradient[i] = math::kPi * cosine;
    }
    return u;
  }
  static void coefficients(int dimension, const double* x, OperatorAt& at) {
    at.f = math::kPi * math::kPi * solution(dimension, x, nullptr);
  }
  // int |grad u*|^2 / 2 - pi^2 int u*^2
  static double energy(int dimension) {
    return 0.5 * norms(dimension).gradient - math::kPi * math::kPi * square(dimension);
  }
  static SquaredNorms norms(int dimension) {
    const double pi2 = math::kPi * math::kPi;
    return {square(dimension), 0.5 * dimension * pi2, pi2 * pi2 * square(dimension),
            2.0 * dimension * square(dimension - 1)};
  }

 private:
  /// int u*^2 over the cube: int sin^2 = 1/2, and int sin = 2 / pi.
  static double square(int dimension) {
    return 0.5 * dimension + dimension * (dimension - 1) * 4.0 / (math::kPi * math::kPi);
  }
};

}  // namespace landscape::equation
