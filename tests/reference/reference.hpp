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

/// f of problem "sine", "cubic", "diffusion", "reaction", "ball" or "sine-sum".
Real source(const std::string& problem, const std::vector<double>& x);

/// u = N instead of B N, and beta (u - u*)^2 at the last n_boundary points instead of the integrand, of the Ritz loss
/// without beta u*^2; 0: neither.
struct Penalty {
  double beta = 0.0;
  std::size_t n_boundary = 0;
};

/// Loss "ritz" or "galerkin" on points (Q, d) with weights (Q).
Real loss(const Network& network, const std::string& problem, const std::string& loss,
          const std::vector<double>& points, const std::vector<double>& weights, const Penalty& penalty = {});

}  // namespace reference
