// A network's value, gradient and Laplacian at one point after another, in any scalar of the shared formulas.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "landscape/math/network.hpp"
#include "landscape/model/network_spec.hpp"

namespace landscape {

template <class T>
class NetworkJet {
 public:
  /// theta (n), ParameterLayout order.
  NetworkJet(const NetworkSpec& spec, const std::vector<T>& theta)
      : activation_(spec.activation),
        shape_(spec.shape()),
        buffer_(static_cast<std::size_t>(math::FoldedLayout{shape_}.buffer_size())),
        network_(
            math::fold(shape_, ParameterEmbedding(spec).spread_copy(std::span<const T>(theta)).data(), buffer_.data())),
        work_(static_cast<std::size_t>(math::forward_work<true, 1, T>(shape_))),
        jet_(static_cast<std::size_t>(spec.dimension) + 2) {}
  NetworkJet(const NetworkJet&) = delete;
  NetworkJet& operator=(const NetworkJet&) = delete;

  /// N, grad N (d), Laplace N at x (d); valid until the next call.
  const std::vector<T>& evaluate(const T* x) {
    math::with_activation(activation_, [&](auto activation) {
      math::forward_jet<decltype(activation)::value, true, 1>(shape_, network_, x, jet_.data(), work_.data());
    });
    return jet_;
  }

 private:
  Activation activation_;
  math::DynamicShape shape_;
  std::vector<T> buffer_;
  math::FoldedNetwork<T> network_;
  std::vector<T> work_, jet_;
};

}  // namespace landscape
