// The CPU kernels of one instruction set behind plain functions, so that the rest of the backend is compiled for any
// processor. Inside: SIMD lanes over points. Every logical lane sums its points in index order and the lanes meet in a
// fixed tree, so the bits are the same for any instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "landscape/math/activation.hpp"
#include "landscape/math/integrand.hpp"
#include "landscape/math/network_kind.hpp"
#include "landscape/model/network_spec.hpp"

namespace landscape::cpu {

inline constexpr int kBlock = 32;                                // points per block; loss lanes
inline constexpr int kGradientLanes = 8;                         // logical lanes of a gradient sum
inline constexpr std::size_t kGramRows = 8, kGramColumns = 256;  // of a matrix product's piece

/// Points in blocks of kBlock, structure of arrays; the last block is padded with copies of the last point at weight 0.
template <class Real>
struct PointBlocksOf {
  int dimension;
  std::int64_t n_blocks;
  const Real* x;  // (n_blocks, d, kBlock)
  // Coefficients of the loss's integrand (math/integrand.hpp).
  const Real* top;     // (n_blocks, kBlock)
  const Real* slope;   // (n_blocks, d, kBlock)
  const Real* value;   // (n_blocks, kBlock)
  const Real* source;  // (n_blocks, kBlock)
  const Real* weight;  // (n_blocks, kBlock)
  const Real* cubic;   // (n_blocks, kBlock), or null where the equation is linear
  int model_rows;      // of the Gauss-Newton model at one point
};
using PointBlocks = PointBlocksOf<double>;
using SinglePointBlocks = PointBlocksOf<float>;

/// A network and loss, up to its parameters.
struct Evaluation {
  int dimension, width, blocks;
  NetworkKind kind;
  bool ends_half;  // math::DynamicShape
  Activation activation;
  LossKind loss;
};

/// Of a network's shape.
Evaluation evaluation_of(const NetworkSpec& spec, LossKind loss);

/// All work areas, points and jets are aligned to 64 bytes and hold the given number of doubles.
struct Kernels {
  const char* name;
  std::size_t (*loss_work)(const Evaluation&);
  /// Loss of the network theta + step * direction; direction may be null (step is then unused).
  double (*loss)(const Evaluation&, const double* theta, const double* direction, double step, const PointBlocks&,
                 double* work);
  std::size_t (*fold_size)(const Evaluation&);
  /// What does not depend on the points, into `network` (fold_size).
  void (*fold)(const Evaluation&, const double* theta, double* network);
  std::size_t (*jets_work)(const Evaluation&);
  /// Of the folded network N, not of u, at the points x (count, d, kBlock): N and its gradient, and where the loss is
  /// Galerkin's its Laplacian, too; jets (count, d + 1 or d + 2, kBlock).
  void (*jets)(const Evaluation&, const double* network, const double* x, std::int64_t count, double* jets,
               double* work);
  /// The gradient by theta of a folded gradient (gradient_size).
  void (*unfold)(const Evaluation&, const double* theta, const double* folded, double* gradient);
  std::size_t (*gradient_work)(const Evaluation&);
  std::size_t (*gradient_size)(const Evaluation&);
  /// Folded gradient (gradient_size) of the folded network at the points in blocks [first, first + count); returns
  /// their part of the loss.
  double (*gradient)(const Evaluation&, const double* network, const PointBlocks&, std::int64_t first,
                     std::int64_t count, double* folded, double* work);
  std::size_t (*product_work)(const Evaluation&);
  /// Folded gradient (gradient_size), and behind it its derivative along `direction` (as many), of the points in blocks
  /// [first, first + count).
  void (*product)(const Evaluation&, const double* theta, const double* direction, const PointBlocks&,
                  std::int64_t first, std::int64_t count, double* folded, double* work);
  std::size_t (*rows_work)(const Evaluation&);
  /// Rows of the Gauss-Newton model, each times the root of its point's weight, of the points in blocks [first, first +
  /// count): (count kBlock K, ld), those of a point one after the other, K = model_rows. Needs ld of at least as
  /// many entries as theta has; what is behind them is left alone.
  void (*rows)(const Evaluation&, const double* theta, const PointBlocks&, std::int64_t first, std::int64_t count,
               double* rows, std::size_t ld, double* work);
  std::size_t (*curvature_work)(const Evaluation&);
  /// Folded gradient (gradient_size) of sum_q rows' rows j'' at theta, j'' the second derivative of the point's jet
  /// along `direction`, of the points in blocks [first, first + count).
  void (*curvature)(const Evaluation&, const double* theta, const double* direction, const PointBlocks&,
                    std::int64_t first, std::int64_t count, double* folded, double* work);
  /// to[i][j] += sign sum_q a[q][i] a[q][j] for kGramRows rows i from i0 on and kGramColumns columns j from j0 on,
  /// fewer where the matrix ends; a (n_rows, ld) and to (n, ld) aligned to 64 bytes, ld a multiple of kGramRows. The
  /// sum runs over q in order. work: kGramRows kGramColumns.
  void (*add_gram)(const double* a, std::int64_t n_rows, std::size_t ld, std::size_t i0, std::size_t j0, double sign,
                   double* to, double* work);
  std::size_t (*single_work)(const Evaluation&);  // in floats
  /// As `loss`, every operation in single precision: parameters, step, points and sums are rounded to float.
  double (*single_loss)(const Evaluation&, const double* theta, const double* direction, double step,
                        const SinglePointBlocks&, float* work);
};

const Kernels* portable_kernels();
const Kernels* avx2_kernels();    // null where the compiler cannot build them
const Kernels* avx512_kernels();  // null where the compiler cannot build them
/// The widest of this processor, or LANDSCAPE_CPU_ISA's. Throws UsageError where that is no instruction set.
const Kernels& choose_kernels();

}  // namespace landscape::cpu
