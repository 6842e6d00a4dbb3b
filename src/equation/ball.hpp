// -Laplace(u) = f in the unit ball with u* = sin(pi/2 (1 - r)) = cos(pi r / 2), r = |x|: the three-dimensional problem
// of arXiv 2103.11069, in any dimension. With s(r) = sin(pi r / 2) / r, which is pi / 2 at the centre,
//   grad u* = -pi/2 s(r) x,   f = (pi/2)^2 u* + (d - 1) pi/2 s(r).
// Integrals over the ball are those over r with weight |S^(d-1)| r^(d-1), by Gauss's rule.
#pragma once

#include <fmt/format.h>

#include <boost/math/quadrature/gauss.hpp>
#include <cmath>

#include "landscape/equation/equation.hpp"
#include "landscape/math/elementary.hpp"

namespace landscape::equation {

struct Ball {
  static constexpr double kHalfPi = 0.5 * math::kPi;

  /// cos(pi r / 2) and sin(pi r / 2) / r.
  static void along_radius(double r, double& cosine, double& sine_over_r) {
    double sine;
    math::sincospi(0.5 * r, sine, cosine);
    sine_over_r = r > 0.0 ? sine / r : kHalfPi;
  }
  static double source_at_radius(int dimension, double r) {
    double cosine, sine_over_r;
    along_radius(r, cosine, sine_over_r);
    return kHalfPi * (kHalfPi * cosine + (dimension - 1) * sine_over_r);
  }
  static double radius(int dimension, const double* x) {
    double square = 0.0;
    for (int j = 0; j < dimension; ++j) square += x[j] * x[j];
    return std::sqrt(square);
  }
  template <class F>
  static double integral(int dimension, const F& of_radius) {
    const double area = 2.0 * std::pow(math::kPi, 0.5 * dimension) / std::tgamma(0.5 * dimension);
    return area * boost::math::quadrature::gauss<double, 30>::integrate(
                      [&](double r) { return of_radius(r) * std::pow(r, dimension - 1); }, 0.0, 1.0);
  }

  static std::string operator_text(int dimension) { return dimension == 1 ? "-u'' = f" : "-laplace u = f"; }
  static std::string solution_text(int) { return "sin(pi (1 - |x|) / 2)"; }
  static double solution(int dimension, const double* x, double* gradient) {
    double cosine, sine_over_r;
    along_radius(radius(dimension, x), cosine, sine_over_r);
    if (gradient != nullptr) {
      for (int j = 0; j < dimension; ++j) gradient[j] = -kHalfPi * sine_over_r * x[j];
    }
    return cosine;
  }
  static void coefficients(int dimension, const double* x, OperatorAt& at) {
    at.f = source_at_radius(dimension, radius(dimension, x));
  }
  // -1/2 int |grad u*|^2
  static double energy(int dimension) { return -0.5 * norms(dimension).gradient; }
  static SquaredNorms norms(int dimension) {
    const auto square = [](double x) { return x * x; };
    return {integral(dimension, [&](double r) { return square(std::cos(kHalfPi * r)); }),
            integral(dimension, [&](double r) { return square(kHalfPi * std::sin(kHalfPi * r)); }),
            integral(dimension, [&](double r) { return square(source_at_radius(dimension, r)); })};
  }
};

}  // namespace landscape::equation
