// u = B N, or with a penalty u = N, and its derivatives at points, by the CPU's kernels.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "aligned.hpp"
#include "cpu_kernels.hpp"
#include "landscape/equation/equation.hpp"
#include "landscape/math/scalar.hpp"
#include "landscape/model/error.hpp"

namespace landscape {

/// Evaluates u, grad u (d) and, where the loss is Galerkin's, Laplace u. One object per thread.
class PointEvaluator {
 public:
  /// Throws Error where theta does not fit the network.
  PointEvaluator(const NetworkSpec& spec, const Problem& problem, std::span<const double> theta, LossKind loss)
      : problem_(problem),
        kernels_(cpu::choose_kernels()),
        evaluation_(cpu::evaluation_of(spec, loss)),
        d_(static_cast<std::size_t>(spec.dimension)),
        channels_(d_ + (loss == LossKind::galerkin ? 2 : 1)),
        network_(kernels_.fold_size(evaluation_)),
        work_(kernels_.jets_work(evaluation_)),
        x_(d_ * kBlock),
        jets_(channels_ * kBlock),
        grad_b_(d_),
        gradient_(d_) {
    if (theta.size() != ParameterLayout(spec).size()) {
      throw Error(
          fmt::format("{} parameters given for a network that has {}.", theta.size(), ParameterLayout(spec).size()));
    }
    kernels_.fold(evaluation_, ParameterEmbedding(spec).spread_copy(theta).data(), network_.data());
  }

  /// use(q, u, gradient, laplacian) of each of the n points x (n, d), in their order; laplacian 0 without.
  template <class Use>
  void for_each(const double* x, std::size_t n, const Use& use) {
    for (std::size_t first = 0; first < n; first += kBlock) {
      const std::size_t count = std::min(kBlock, n - first);
      for (std::size_t lane = 0; lane < kBlock; ++lane) {
        const double* at = x + (first + std::min(lane, count - 1)) * d_;
        for (std::size_t j = 0; j < d_; ++j) x_.data()[j * kBlock + lane] = at[j];
      }
      kernels_.jets(evaluation_, network_.data(), x_.data(), 1, jets_.data(), work_.data());
      for (std::size_t lane = 0; lane < count; ++lane) {
        double laplacian = 0.0;
        const double u = multiply(x + (first + lane) * d_, jets_.data() + lane, laplacian);
        use(first + lane, u, static_cast<const double*>(gradient_.data()), laplacian);
      }
    }
  }

 private:
  static constexpr auto kBlock = static_cast<std::size_t>(cpu::kBlock);

  /// B N at x, of which `jet` holds N and its derivatives kBlock apart.
  double multiply(const double* x, const double* jet, double& laplacian) {
    double b, lap_b, cross = 0.0;
    solution_factor(problem_, evaluation_.dimension, x, b, grad_b_.data(), lap_b);
    const double value = jet[0];
    for (std::size_t k = 0; k < d_; ++k) {
      const double slope = jet[(1 + k) * kBlock];
      gradient_[k] = b * slope + value * grad_b_[k];
      cross += grad_b_[k] * slope;
    }
    if (channels_ == d_ + 2) laplacian = 2.0 * cross + (b * jet[(d_ + 1) * kBlock] + value * lap_b);
    return b * value;
  }

  Problem problem_;
  const cpu::Kernels& kernels_;
  cpu::Evaluation evaluation_;
  std::size_t d_, channels_;
  Aligned<double> network_, work_, x_, jets_;
  std::vector<double> grad_b_, gradient_;
};

}  // namespace landscape
