// -Laplace(u) - kappa^2 u = f with u* = prod sin(k pi x_i), f = (d k^2 pi^2 - kappa^2) u*: of the equations here the
// one with c < 0. Its energy is int |grad u|^2 / 2 - kappa^2 u^2 / 2 - f u. Where kappa^2 is not below the least
// eigenvalue of -Laplace the quadratic part is not positive, so the energy has no minimum and u* is a saddle point of
// it, while the residual's square still has its minimum there.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "sine_product.hpp"

namespace landscape::equation {

struct Helmholtz {
  static constexpr std::array kParameters{kFrequency, kWavenumber};

  /// mu with mu tan(mu / 2) = 2 beta, in (0, pi), by bisection: cos(mu (x - 1/2)) has du/dn + 2 beta u = 0 at 0 and 1,
  /// the natural condition of a penalty. Without one sin(pi x) has mu = pi.
  static double least_frequency(const Boundary& boundary) {
    if (boundary.is_hard()) return math::kPi;
    double low = 0.0, high = math::kPi;
    for (int step = 0; step < 60; ++step) {
      const double mu = 0.5 * (low + high);
      (mu * std::sin(0.5 * mu) < 2.0 * boundary.beta * std::cos(0.5 * mu) ? low : high) = mu;
    }
    return low;
  }

  static std::string operator_text(const Parameters& p, int dimension) {
    return fmt::format("{} - {}^2 u = f", dimension == 1 ? "-u''" : "-laplace u", p.wavenumber);
  }
  static std::string solution_text(const Parameters& p, int dimension) {
    return sine_product_text(dimension, p.frequency);
  }
  static double solution(const Parameters& p, int dimension, const double* x, double* gradient) {
    return sine_product(dimension, x, gradient, p.frequency);
  }
  static double source_of_solution(const Parameters& p, int dimension) {
    return sine_product_eigenvalue(dimension, p.frequency) - p.wavenumber * p.wavenumber;
  }
  static void coefficients(const Parameters& p, int dimension, const double* x, OperatorAt& at) {
    at.c = -p.wavenumber * p.wavenumber;
    at.f = source_of_solution(p, dimension) * sine_product(dimension, x, nullptr, p.frequency);
  }
  // -1/2 int f u*
  static double energy(const Parameters& p, int dimension) {
    return -0.5 * source_of_solution(p, dimension) * std::pow(0.5, dimension);
  }
  static SquaredNorms norms(const Parameters& p, int dimension) {
    SquaredNorms norms = sine_product_norms(dimension, p.frequency);
    const double factor = source_of_solution(p, dimension);
    norms.source = factor * factor * norms.solution;
    return norms;
  }
  static std::string unboundedness(const Parameters& p, const Boundary& boundary, int dimension) {
    const double mu = least_frequency(boundary), least = dimension * mu * mu, square = p.wavenumber * p.wavenumber;
    if (square < least) return "";
    return fmt::format("kappa^2 = {:.5g} is not below {:.5g}, the least eigenvalue of -laplace{}", square, least,
                       boundary.is_hard() ? "" : " with this penalty");
  }
};

}  // namespace landscape::equation
