// The interface between "what is to be evaluated" and "on which hardware": networks start + s d in, losses out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "landscape/backend/quadratic_model.hpp"
#include "landscape/backend/quantity.hpp"
#include "landscape/equation/equation.hpp"
#include "landscape/model/network_spec.hpp"
#include "landscape/profile/line_set.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

/// In which numbers losses are evaluated. single_precision rounds every operand, operation and sum to float: the O(1)
/// offset of a Ritz loss then drowns variations of l^2 (see --precision).
enum class Precision { double_precision, single_precision };

/// A contiguous slice of the flat list of one loss's work, or of another quantity's: item = line * n_steps + step.
struct LineTask {
  LossKind loss = LossKind::ritz;
  const LineSet* lines = nullptr;
  std::span<const double> steps;  // (P)
  std::int64_t first = 0;
  std::int64_t count = 0;
  Quantity quantity = Quantity::loss;
};

/// The points by which a rule integrates the problem's losses: with a penalty those of the boundary, too.
inline PointSet loss_points(const Problem& problem, const QuadratureRule& rule, int dimension, std::uint64_t seed,
                            std::uint64_t stream) {
  return problem.boundary().is_hard() ? make_points(rule, problem->domain, dimension, seed, stream)
                                      : make_points_with_boundary(rule, dimension, seed, stream);
}

/// Value and derivatives of u = B N at given points.
struct PointwiseJet {
  std::vector<double> value;      // (Q)
  std::vector<double> gradient;   // (Q, d)
  std::vector<double> laplacian;  // (Q)
};

/// Evaluates losses of one network architecture for one problem on one set of quadrature points. Results are a pure
/// function of the arguments: the same bits for any slicing of the work and any number of threads. Not thread-safe; one
/// object per rank.
class LossBackend {
 public:
  virtual ~LossBackend() = default;
  LossBackend() = default;
  LossBackend(const LossBackend&) = delete;
  LossBackend& operator=(const LossBackend&) = delete;

  /// "cpu, 2 threads, AVX-512" or "cuda:0, NVIDIA H200".
  virtual std::string describe() const = 0;
  /// Replaces the quadrature points.
  virtual void set_points(const PointSet& points) = 0;
  /// losses[i] = L(start_k + s_j d_k), or the task's quantity there, for item first + i; losses has task.count entries.
  /// A non-finite number is a result, not an error.
  virtual void evaluate(const LineTask& task, std::span<double> losses) = 0;
  /// Loss at theta, and its gradient (n) by the hand-written adjoint.
  virtual double loss_and_gradient(LossKind loss, std::span<const double> theta, std::span<double> gradient) = 0;
  /// products[k] = H vectors[k], both (K, n): the loss's Hessian at theta, exactly, by dual numbers through the
  /// adjoint. Throws Error where the device has none.
  virtual void hessian_products(LossKind loss, std::span<const double> theta, std::span<const double> vectors,
                                std::span<double> products);
  /// The Gauss-Newton model of the loss at theta on the present points. Throws Error where the device has none,
  /// UsageError where both spaces are larger than kMostStepUnknowns.
  virtual std::unique_ptr<QuadraticModel> gauss_newton_model(LossKind loss, std::span<const double> theta,
                                                             StepSpace space = StepSpace::automatic);
  /// The model with the loss's Hessian, by n of its products. Throws Error where the device has none, UsageError where
  /// n is above kMostStepUnknowns.
  virtual std::unique_ptr<QuadraticModel> newton_model(LossKind loss, std::span<const double> theta);
  /// rows (K, n) of the Gauss-Newton model's matrix M from row `first` on, unit of the loss. M is symmetric to the last bit, and a
  /// row's bits do not depend on which others are asked for. Throws Error where the device has no such model.
  virtual void gauss_newton_matrix(LossKind loss, std::span<const double> theta, std::size_t first,
                                   std::span<double> rows);
  /// curvature (n) = J' y'', where the rows J of that model are the derivatives of y and y'' is its second derivative
  /// along `direction` (n) at theta, by central differences, without what a nonlinear equation adds to it.
  /// Throws Error where the device has no such model.
  virtual void path_curvature(LossKind loss, std::span<const double> theta, std::span<const double> direction,
                              std::span<double> curvature);

 protected:
  /// evaluate() of Quantity::gradient_norm, one loss_and_gradient() after another.
  void evaluate_gradient_norms(const LineTask& task, std::span<double> norms);
};

/// Throws Error where a task of this backend's network of n_parameters does not fit its lines, steps or output.
void require_fitting(const LineTask& task, std::size_t n_parameters, std::span<const double> losses);

/// CPU backend on `n_threads` threads (>= 1). Uses the widest instruction set of the processor unless the environment
/// variable LANDSCAPE_CPU_ISA names a narrower one (portable, avx2, avx512); the bits are the same. `precision` is that
/// of evaluate(); gradients are always double. Whether the threads can be had is HeldThreads' to
/// find out.
std::unique_ptr<LossBackend> make_cpu_backend(const NetworkSpec& spec, const Problem& problem, const PointSet& points,
                                              int n_threads, Precision precision = Precision::double_precision);

/// u, grad u and Laplace u by the shared formulas in plain double precision; points (Q, d).
PointwiseJet evaluate_pointwise(const NetworkSpec& spec, std::span<const double> theta, std::span<const double> points);

}  // namespace landscape
