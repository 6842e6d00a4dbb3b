// u = B N and its derivatives at single points, in plain double precision.
#pragma once

#include <fmt/format.h>

#include <span>
#include <vector>

#include "landscape/equation/equation.hpp"
#include "landscape/math/network.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/network_spec.hpp"

namespace landscape {

/// Evaluates u, grad u (d) and Laplace u at one point after another with one set of buffers.
class PointEvaluator {
 public:
  PointEvaluator(const NetworkSpec& spec, std::span<const double> theta) : spec_(spec), shape_(spec.shape()) {
    if (theta.size() != ParameterLayout(spec).size()) {
      throw Error(
          fmt::format("{} parameters given for a network that has {}.", theta.size(), ParameterLayout(spec).size()));
    }
    const math::FoldedLayout layout{shape_};
    buffer_.resize(static_cast<std::size_t>(layout.buffer_size()));
    network_ = math::fold(shape_, theta.data(), buffer_.data());
    work_.resize(static_cast<std::size_t>(math::forward_work<true, 1, double>(shape_)));
    out_.resize(static_cast<std::size_t>(spec.dimension) + 2);
    grad_b_.resize(static_cast<std::size_t>(spec.dimension));
  }

  void evaluate(const double* x, double& u, double* gradient, double& laplacian) {
    switch (spec_.activation) {
      case Activation::swish:
        math::forward_jet<Activation::swish, true, 1>(shape_, network_, x, out_.data(), work_.data());
        break;
      case Activation::tanh:
        math::forward_jet<Activation::tanh, true, 1>(shape_, network_, x, out_.data(), work_.data());
        break;
      case Activation::sin:
        math::forward_jet<Activation::sin, true, 1>(shape_, network_, x, out_.data(), work_.data());
        break;
      case Activation::softplus:
        math::forward_jet<Activation::softplus, true, 1>(shape_, network_, x, out_.data(), work_.data());
        break;
    }
    double b, lap_b;
    boundary_factor(spec_.dimension, x, b, grad_b_.data(), lap_b);
    u = b * out_[0];
    for (int j = 0; j < spec_.dimension; ++j) {
      const auto k = static_cast<std::size_t>(j);
      gradient[j] = math::fma(b, out_[1 + k], out_[0] * grad_b_[k]);
    }
    double cross = 0.0;
    for (std::size_t k = 0; k < grad_b_.size(); ++k) cross = math::fma(grad_b_[k], out_[1 + k], cross);
    laplacian = math::fma(2.0, cross, math::fma(b, out_.back(), out_[0] * lap_b));
  }

 private:
  NetworkSpec spec_;
  math::DynamicShape shape_;
  math::FoldedNetwork<double> network_{};
  std::vector<double> buffer_, work_, out_, grad_b_;
};

}  // namespace landscape
