// -epsilon Laplace(u) + sum_i du/dx_i = f, convection along the diagonal, with u* = prod phi(x_i) and
//   phi(x) = x - psi(x),   psi(x) = (exp((x - 1) / epsilon) - E) / (1 - E),   E = exp(-1 / epsilon).
// As -epsilon phi'' + phi' = 1 and phi vanishes at 0 and 1, f is the sum over i of prod_{j != i} phi(x_j), in one
// dimension 1, and u* falls to zero in a layer of width epsilon at every face x_i = 1 (Roos, Stynes and Tobiska 2008).
// The operator is not self-adjoint: u* makes no energy stationary.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "landscape/equation/equation.hpp"
#include "landscape/math/elementary.hpp"

namespace landscape::equation {

struct Convection {
  static constexpr std::array kParameters{kDiffusivity};

  /// phi(x), and phi'(x) if not null.
  static double layer(double epsilon, double x, double* slope) {
    const double at_zero = math::exp(-1.0 / epsilon), rise = math::exp((x - 1.0) / epsilon);
    if (slope != nullptr) *slope = 1.0 - rise / (epsilon * (1.0 - at_zero));
    return x - (rise - at_zero) / (1.0 - at_zero);
  }

  static std::string operator_text(const Parameters& p, int dimension) {
    return dimension == 1 ? fmt::format("-{} u'' + u' = f", p.diffusivity)
                          : fmt::format("-{} laplace u + sum_i du/dx_i = f", p.diffusivity);
  }
  static std::string solution_text(const Parameters& p, int dimension) {
    if (dimension == 1) return fmt::format("x - expm1(x / {0}) / expm1(1 / {0})", p.diffusivity);
    return fmt::format("prod_i (x_i - expm1(x_i / {0}) / expm1(1 / {0}))", p.diffusivity);
  }
  static double solution(const Parameters& p, int dimension, const double* x, double* gradient) {
    double u = 1.0;
    for (int i = 0; i < dimension; ++i) {
      double slope;
      const double phi = layer(p.diffusivity, x[i], &slope);
      if (gradient != nullptr) {
        gradient[i] = slope * u;  // so far the product over j < i
        for (int j = 0; j < i; ++j) gradient[j] *= phi;
      }
      u *= phi;
    }
    return u;
  }
  static void coefficients(const Parameters& p, int dimension, const double* x, OperatorAt& at) {
    at.a = p.diffusivity;
    double others = 1.0;  // prod_{j < i} phi(x_j), and below the sum of the products that lack one factor
    at.f = 0.0;
    for (int i = 0; i < dimension; ++i) {
      at.convection[static_cast<std::size_t>(i)] = 1.0;
      const double phi = layer(p.diffusivity, x[i], nullptr);
      at.f = at.f * phi + others;
      others *= phi;
    }
  }
  static SquaredNorms norms(const Parameters& p, int dimension) {
    const double e = p.diffusivity, at_zero = math::exp(-1.0 / e), rest = 1.0 - at_zero;
    // int phi, int phi^2 = int (x^2 - 2 x psi + psi^2), int phi'^2
    const double mean = 0.5 - e + at_zero / rest;
    const double x_psi = (e - e * e * rest - 0.5 * at_zero) / rest;
    const double psi_psi = (0.5 * e * (1.0 + at_zero) - 2.0 * e * at_zero) / rest + at_zero * at_zero / (rest * rest);
    const double square = 1.0 / 3.0 - 2.0 * x_psi + psi_psi;
    const double slope = 0.5 * (1.0 + at_zero) / (e * rest) - 1.0;
    const double others = std::pow(square, dimension - 1);
    const double pairs = dimension > 1 ? mean * mean * std::pow(square, dimension - 2) : 0.0;
    return {square * others, dimension * slope * others, dimension * (others + (dimension - 1) * pairs)};
  }
};

}  // namespace landscape::equation
