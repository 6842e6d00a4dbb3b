// prod sin(k pi x_i), the manufactured solution of most equations here, with a whole number k. A network that starts
// smooth learns a larger k later and less well (Rahaman et al. 2019), and k^2 is the loss's condition.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "landscape/equation/equation.hpp"
#include "landscape/math/elementary.hpp"

namespace landscape::equation {

/// Its value; gradient (d) if not null.
inline double sine_product(int dimension, const double* x, double* gradient, double k = 1.0) {
  const double k_pi = k * math::kPi;
  double u = 1.0;
  for (int i = 0; i < dimension; ++i) {
    double sine, cosine;
    math::sincospi(k * x[i], sine, cosine);
    if (gradient != nullptr) {
      gradient[i] = k_pi * cosine * u;  // so far the product over j < i
      for (int j = 0; j < i; ++j) gradient[j] *= sine;
    }
    u *= sine;
  }
  return u;
}

/// d k^2 pi^2, the eigenvalue of -laplace that it belongs to.
inline double sine_product_eigenvalue(int dimension, double k = 1.0) {
  return dimension * (math::kPi * math::kPi) * (k * k);
}

/// Its norms, and |d k^2 pi^2 u*|^2 as the source's.
inline SquaredNorms sine_product_norms(int dimension, double k = 1.0) {
  const double eigenvalue = sine_product_eigenvalue(dimension, k), square = std::pow(0.5, dimension);
  return {square, eigenvalue * square, eigenvalue * eigenvalue * square};
}

inline std::string sine_product_text(int dimension, double k = 1.0) {
  const std::string factor = k == 1.0 ? "pi" : fmt::format("{} pi", k);
  return dimension == 1 ? fmt::format("sin({} x)", factor) : fmt::format("prod_i sin({} x_i)", factor);
}

}  // namespace landscape::equation
