// u = B N and its derivatives at single points, in plain double precision, and errors against the exact solution.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/math/network.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

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
    math::boundary_factor(spec_.dimension, x, b, grad_b_.data(), lap_b);
    u = b * out_[0];
    for (int j = 0; j < spec_.dimension; ++j) {
      const auto k = static_cast<std::size_t>(j);
      gradient[j] = math::fma(b, out_[1 + k], out_[0] * grad_b_[k]);
    }
    laplacian = math::laplacian_of_product(spec_.dimension, out_.data(), 1, b, grad_b_.data(), 1, lap_b);
  }

 private:
  NetworkSpec spec_;
  math::DynamicShape shape_;
  math::FoldedNetwork<double> network_{};
  std::vector<double> buffer_, work_, out_, grad_b_;
};

}  // namespace

PointwiseJet evaluate_pointwise(const NetworkSpec& spec, std::span<const double> theta,
                                std::span<const double> points) {
  const auto d = static_cast<std::size_t>(spec.dimension);
  const std::size_t n = points.size() / d;
  PointwiseJet jet{std::vector<double>(n), std::vector<double>(n * d), std::vector<double>(n)};
  PointEvaluator evaluator(spec, theta);
  for (std::size_t q = 0; q < n; ++q) {
    evaluator.evaluate(points.data() + q * d, jet.value[q], jet.gradient.data() + q * d, jet.laplacian[q]);
  }
  return jet;
}

SolutionError solution_error(const NetworkSpec& spec, Problem problem, std::span<const double> theta,
                             const PointSet& points, int n_threads) {
  const auto d = static_cast<std::size_t>(spec.dimension);
  constexpr std::size_t kChunk = 1024;  // sums per chunk meet in index order, whoever made them
  const std::size_t n_chunks = (points.size() + kChunk - 1) / kChunk;
  struct Sums {
    double error = 0.0, norm = 0.0, gradient_error = 0.0, gradient_norm = 0.0;
  };
  std::vector<Sums> sums(n_chunks);
  const auto sum_chunk = [&](PointEvaluator& evaluator, std::size_t chunk) {
    std::vector<double> gradient(d), exact_gradient(d);
    for (std::size_t q = chunk * kChunk; q < std::min(points.size(), (chunk + 1) * kChunk); ++q) {
      const double* x = points.points.data() + q * d;
      double u, laplacian, exact, source;
      evaluator.evaluate(x, u, gradient.data(), laplacian);
      math::exact_solution(problem, spec.dimension, x, exact, source, exact_gradient.data());
      const double w = points.weights[q];
      Sums& s = sums[chunk];
      s.error += w * (u - exact) * (u - exact);
      s.norm += w * exact * exact;
      for (std::size_t j = 0; j < d; ++j) {
        s.gradient_error += w * (gradient[j] - exact_gradient[j]) * (gradient[j] - exact_gradient[j]);
        s.gradient_norm += w * exact_gradient[j] * exact_gradient[j];
      }
    }
  };
  const auto n = static_cast<std::int64_t>(n_chunks);
  const int threads = static_cast<int>(std::max<std::int64_t>(1, std::min<std::int64_t>(n_threads, n)));
#pragma omp parallel num_threads(threads)
  {
    PointEvaluator evaluator(spec, theta);
#pragma omp for schedule(static)
    for (std::int64_t chunk = 0; chunk < n; ++chunk) sum_chunk(evaluator, static_cast<std::size_t>(chunk));
  }
  Sums total;
  for (const Sums& s : sums) {
    total.error += s.error;
    total.norm += s.norm;
    total.gradient_error += s.gradient_error;
    total.gradient_norm += s.gradient_norm;
  }
  return {std::sqrt(total.error / total.norm), std::sqrt(total.gradient_error / total.gradient_norm)};
}

}  // namespace landscape
