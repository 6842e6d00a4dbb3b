// The second oracle: losses and pointwise values straight from their definitions, in long double, one point and one
// neuron at a time. It shares no code with include/landscape/math, so a mistake there cannot pass here too.
#pragma once

#include <string>
#include <vector>

namespace reference {

using Real = long double;

/// Everything about one network, in words: kind "linear", "fcnet", "resnet" or "mlp"; activation "swish", "tanh", "sin"
/// or "softplus".
struct Network {
  std::string kind, activation;
  int dimension, width, blocks;
  std::vector<double> theta;
  std::vector<int> layers{};  // of an mlp, instead of width and blocks
};

/// Value and derivatives of u = B N at x, and the largest of the terms that make up each.
struct Jet {
  Real u;
  std::vector<Real> gradient;
  Real laplacian;
  Real largest_u, largest_gradient, largest_laplacian;
};
Jet evaluate(const Network& network, const std::vector<double>& x);
/// The same of u = N.
Jet evaluate_without_factor(const Network& network, const std::vector<double>& x);

/// The same of u = (1 - |x|^2) N.
Jet evaluate_in_ball(const Network& network, const std::vector<double>& x);

/// A problem from words: "sine", "cubic", "diffusion", "reaction", "ball", "sine-sum", "helmholtz" or "convection", and
/// behind commas "frequency=2", "wavenumber=10", "diffusivity=0.01"; other words behind commas are passed over.
struct Problem {
  Problem(const std::string& text);
  Problem(const char* text) : Problem(std::string(text)) {}
  std::string name;
  Real frequency = 1.0L, wavenumber = 1.0L, diffusivity = 0.1;  // the last one as the program rounds it
};

Real source(const Problem& problem, const std::vector<double>& x);
/// u*, and d u* / d x_i where an axis i is given.
Real solution(const Problem& problem, const std::vector<double>& x, int axis = -1);
/// Their squares' integrals over the cube.
struct Norms {
  Real solution, gradient;
};
Norms norms(const Problem& problem, int dimension);

/// u = N instead of B N, and beta (u - u*)^2 at the last n_boundary points instead of the integrand, of the Ritz loss
/// without beta u*^2; 0: neither.
struct Penalty {
  double beta = 0.0;
  std::size_t n_boundary = 0;
};

/// Loss "ritz" or "galerkin" on points (Q, d) with weights (Q). Throws where the problem has no such loss.
Real loss(const Network& network, const Problem& problem, const std::string& loss, const std::vector<double>& points,
          const std::vector<double>& weights, const Penalty& penalty = {});

}  // namespace reference
