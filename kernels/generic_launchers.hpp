// Launchers of the kernels that take any shape.
#pragma once

#include <cuda_runtime.h>

#include <string>

#include "views.hpp"

namespace landscape::cuda {

/// Doubles of work area per resident block of the generic loss kernel.
std::int64_t generic_work(const Evaluation& what);
/// partial (count, n_chunks); `work` has room for work_blocks >= 1 blocks, which then run at once.
void generic_losses(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* work,
                    std::int64_t work_blocks, double* partial, cudaStream_t stream);

/// The arrays of a block that evaluates the gradient at n_points = P points at a time (gradient_block.cuh).
struct GradientTile {
  int width, blocks, dimension;
  int channels;  // d + 2 (Galerkin) or d + 1 (Ritz)
  int n_points;  // P, a power of two, at most 32

  LANDSCAPE_INLINE constexpr int padded_width() const { return round_up(width, 8); }
  LANDSCAPE_INLINE constexpr int padded_columns() const { return round_up(channels * n_points, 8); }
  /// 4 modulo 8: rows then start in different banks for the lanes of a matrix operand.
  LANDSCAPE_INLINE constexpr int stride() const { return padded_columns() + 4; }
  LANDSCAPE_INLINE constexpr int array_size() const { return padded_width() * stride(); }
  /// Pre-activations of 2 nb layers, nb streams, one array for odd outputs, one for the stream's adjoint.
  LANDSCAPE_INLINE constexpr int n_arrays() const { return 3 * blocks + 2; }
  /// Doubles in all: the arrays, four jets per layer (w, P), x and grad B (P, d), outputs and their adjoints (P, C).
  LANDSCAPE_INLINE constexpr std::int64_t size() const {
    return static_cast<std::int64_t>(n_arrays()) * array_size() +
           n_points * (8 * static_cast<std::int64_t>(blocks) * padded_width() + 2 * dimension + 2 * channels);
  }
};

/// How the gradient of one network is evaluated.
enum class GradientFamily {
  narrow,  // a thread per point, everything in registers
  block,   // a block per few points, products on the matrix instruction
  lanes    // a thread per point, work areas in device memory: linear networks, and a check of the others
};
std::string to_string(GradientFamily family);
/// Can this family evaluate this network at all?
bool has_gradient_kernel(GradientFamily family, const Evaluation& what);

/// Gradient rows: partial sums of (folded gradient, loss), to be added over rows. A function of network and points
/// alone.
struct GradientPlan {
  GradientFamily family;
  std::int64_t n_rows;
  std::int64_t row_size;   // FoldedLayout::size() + 1
  std::int64_t work_size;  // doubles of device memory
  GradientTile tile;       // block
  int points_per_block;    // block
  std::size_t shared_bytes;
};
/// The environment variable that overrides the family: narrow, block or lanes.
inline constexpr const char* kGradientVariable = "LANDSCAPE_CUDA_GRADIENT";
GradientPlan plan_gradient(const Evaluation& what, std::int64_t n_points);
/// Doubles of work area per lane of the lanes family.
std::int64_t lane_work(const Evaluation& what);
/// rows (n_rows, row_size); network: one folded network.
void gradient_rows(const Evaluation& what, const FoldedBatch& network, const PointView& points,
                   const GradientPlan& plan, double* work, double* rows, cudaStream_t stream);
/// The block family's part of gradient_rows.
void block_gradient_rows(const Evaluation& what, const FoldedBatch& network, const PointView& points,
                         const GradientPlan& plan, double* work, double* rows, cudaStream_t stream);

}  // namespace landscape::cuda
