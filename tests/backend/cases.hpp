// Networks, points and problems of the CPU backend's tests, and the long-double answer.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/equation/equation.hpp"
#include "landscape/random/philox.hpp"
#include "losses.hpp"

namespace landscape::test {

inline std::vector<double> random_vector(std::size_t n, double scale, std::uint64_t stream) {
  std::vector<double> v(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = scale * philox_normal_pair(11, stream, i).first;
  return v;
}

inline NetworkSpec mlp(int dimension, std::vector<int> layers, Activation activation) {
  return {NetworkKind::mlp, activation, dimension, 0, 0, std::move(layers)};
}

/// One to five hidden layers of equal and unequal widths.
inline std::vector<NetworkSpec> mlp_specs() {
  return {mlp(1, {16, 16}, Activation::tanh),
          mlp(1, {7}, Activation::swish),
          mlp(3, {1}, Activation::tanh),
          mlp(2, {5, 3}, Activation::sin),
          mlp(3, {4, 9, 6}, Activation::softplus),
          mlp(10, {6, 6, 6, 6}, Activation::swish),
          mlp(2, {3, 8, 5, 2, 7}, Activation::tanh),
          mlp(1, {8, 8, 8}, Activation::sin),
          mlp(10, {33, 4}, Activation::softplus),
          mlp(6, {5, 5, 5, 5, 5}, Activation::tanh)};
}

inline std::vector<NetworkSpec> many_specs() {
  std::vector<NetworkSpec> specs{{NetworkKind::linear, Activation::swish, 1, 0, 0},
                                 {NetworkKind::linear, Activation::swish, 3, 0, 0}};
  for (const NetworkKind kind : {NetworkKind::resnet, NetworkKind::fcnet}) {
    for (const auto& [d, w, nb] :
         {std::array{1, 4, 1}, {1, 1, 1}, {1, 6, 2}, {2, 3, 1}, {3, 8, 3}, {5, 7, 1}, {6, 5, 2}, {10, 33, 1}}) {
      specs.push_back({kind, Activation::swish, d, w, nb});
    }
  }
  for (const Activation activation : {Activation::tanh, Activation::sin, Activation::softplus}) {
    specs.push_back({NetworkKind::resnet, activation, 1, 4, 1});
    specs.push_back({NetworkKind::resnet, activation, 3, 9, 2});
    specs.push_back({NetworkKind::fcnet, activation, 2, 5, 2});
  }
  for (const NetworkSpec& spec : mlp_specs()) specs.push_back(spec);
  return specs;
}

inline PointSet odd_points(int dimension, const Problem& problem = {}) {
  const QuadratureRule rule{dimension == 1 ? QuadratureKind::gauss : QuadratureKind::monte_carlo, 45};
  return loss_points(problem, rule, dimension, 3, 1);
}

/// Every equation of this dimension, with a built-in boundary and with a penalty.
inline std::vector<Problem> problems(int dimension) {
  std::vector<Problem> all;
  for (const Equation& equation : equations()) {
    if (equation.is_one_dimensional && dimension > 1) continue;
    all.emplace_back(equation.name);
    if (equation.domain == Domain::cube) all.emplace_back(equation.name, Boundary{50.0});
  }
  all.emplace_back("sine", Boundary{}, Parameters{.frequency = 3.0});
  all.emplace_back("helmholtz", Boundary{}, Parameters{.frequency = 2.0, .wavenumber = 10.0});
  all.emplace_back("convection", Boundary{}, Parameters{.diffusivity = 0.7});
  return all;
}

inline std::vector<LossKind> losses_of(const Problem& problem) {
  return problem->has_energy() ? std::vector{LossKind::ritz, LossKind::galerkin} : std::vector{LossKind::galerkin};
}

}  // namespace landscape::test
