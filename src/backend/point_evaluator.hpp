// u = B N, or with a penalty u = N, and its derivatives at single points, in plain double precision.
#pragma once

#include <fmt/format.h>

#include <span>
#include <vector>

#include "landscape/equation/equation.hpp"
#include "landscape/model/error.hpp"
#include "network_jet.hpp"

namespace landscape {

/// Throws Error where theta does not fit the network.
inline std::vector<double> fitting_parameters(const NetworkSpec& spec, std::span<const double> theta) {
  if (theta.size() != ParameterLayout(spec).size()) {
    throw Error(
        fmt::format("{} parameters given for a network that has {}.", theta.size(), ParameterLayout(spec).size()));
  }
  return {theta.begin(), theta.end()};
}

/// Evaluates u, grad u (d) and Laplace u at one point after another with one set of buffers.
class PointEvaluator {
 public:
  PointEvaluator(const NetworkSpec& spec, const Problem& problem, std::span<const double> theta)
      : dimension_(spec.dimension),
        problem_(problem),
        jet_(spec, fitting_parameters(spec, theta)),
        grad_b_(static_cast<std::size_t>(spec.dimension)) {}

  void evaluate(const double* x, double& u, double* gradient, double& laplacian) {
    const std::vector<double>& jet = jet_.evaluate(x);
    double b, lap_b;
    solution_factor(problem_, dimension_, x, b, grad_b_.data(), lap_b);
    u = b * jet[0];
    double cross = 0.0;
    for (std::size_t k = 0; k < grad_b_.size(); ++k) {
      gradient[k] = math::fma(b, jet[1 + k], jet[0] * grad_b_[k]);
      cross = math::fma(grad_b_[k], jet[1 + k], cross);
    }
    laplacian = math::fma(2.0, cross, math::fma(b, jet.back(), jet[0] * lap_b));
  }

 private:
  int dimension_;
  Problem problem_;
  NetworkJet<double> jet_;
  std::vector<double> grad_b_;
};

}  // namespace landscape
