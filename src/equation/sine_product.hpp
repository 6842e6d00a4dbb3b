// prod sin(pi x_i), the manufactured solution of most equations here.
#pragma once

#include <cmath>
#include <string>

#include "landscape/equation/equation.hpp"
#include "landscape/math/elementary.hpp"

namespace landscape::equation {

/// Its value; gradient (d) if not null.
inline double sine_product(int dimension, const double* x, double* gradient) {
  double u = 1.0;
  for (int i = 0; i < dimension; ++i) {
    double sine, cosine;
    math::sincospi(x[i], sine, cosine);
    if (gradient != nullptr) {
      gradient[i] = math::kPi * cosine * u;  // so far the product over j < i
      for (int j = 0; j < i; ++j) gradient[j] *= sine;
    }
    u *= sine;
  }
  return u;
}

/// Its norms, and |d pi^2 u*|^2 as the source's.
inline SquaredNorms sine_product_norms(int dimension) {
  const double eigenvalue = dimension * (math::kPi * math::kPi), square = std::pow(0.5, dimension);
  return {square, eigenvalue * square, eigenvalue * eigenvalue * square};
}

inline std::string sine_product_text(int dimension) { return dimension == 1 ? "sin(pi x)" : "prod_i sin(pi x_i)"; }

}  // namespace landscape::equation
