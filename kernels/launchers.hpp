// Every launcher of this room as a plain function: host code needs no CUDA compiler. A launcher checks what it is
// given, starts its kernels on `stream` and returns without waiting; failures are thrown as landscape::Error.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "views.hpp"

namespace landscape::cuda {

// ---- directions.cu ------------------------------------------------------------------------------------------------

/// What happens to a stretch of a direction after it was drawn: a row, a tensor or a bias.
enum class Scaling { to_reference, to_unit, times_reference, copy_reference, zero, none };
struct Segment {
  std::int64_t offset;
  std::int64_t length;
  Scaling scaling;
};
/// Directions first ... first + count - 1 of `seed` around theta (n), into directions (count, n).
void draw_directions(std::uint64_t seed, std::int64_t first, std::int64_t count, const double* theta, std::int64_t n,
                     const Segment* segments, int n_segments, double* directions, cudaStream_t stream);

// ---- fold.cu ------------------------------------------------------------------------------------------------------

/// Networks start + s_j d for items first ... first + count - 1 of the flat list item = k n_steps + j, where line k has
/// start k / n_directions and direction k % n_directions.
struct FoldTask {
  math::DynamicShape shape;
  std::int64_t n;              // parameters as trained
  const std::int32_t* places;  // (n) where they lie among the evaluated ones (ParameterEmbedding); null: the same
  const double* starts;        // (S, n)
  const double* directions;  // (., n), the first of them direction `first_direction`; null: the one start itself, as it
                             // is evaluated
  std::int64_t first_direction, n_directions;
  const double* steps;  // (n_steps)
  std::int64_t n_steps;
  std::int64_t first, count;
  std::int64_t n_slots;  // >= count: slots beyond repeat the last item, for launchers that want whole groups
  double* moved;         // (n_slots, evaluated parameters) work area
  double* folded;        // (n_slots, stride) FoldedLayout buffers
  std::int64_t stride;
};
void fold_networks(const FoldTask& task, cudaStream_t stream);

// ---- reduce.cu ----------------------------------------------------------------------------------------------------

/// losses[i] = sum of partial[i][c] over c in index order; partial (count, n_chunks).
void add_chunks(const double* partial, std::int64_t count, int n_chunks, double* losses, cudaStream_t stream);
/// One level of a tree over rows: out[g][i] = sum of rows g * fan ... in index order; rows (n_rows, n), out
/// (ceil(n_rows / fan), n).
void add_rows(const double* rows, std::int64_t n_rows, std::int64_t n, int fan, double* out, cudaStream_t stream);

}  // namespace landscape::cuda
