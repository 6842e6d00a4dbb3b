// The passes between the matrix products of the cuBLAS path. Arrays of a tile (G networks, T points, C channels, w
// neurons):
//   h, y, z   (G, C, T, w)   inputs of a product, its result, the stream between blocks; C = d + 2 (Galerkin) or 1
//   (Ritz) slopes    (2 nb, G, T, w)   phi' of every layer (Ritz) gradient  (G, T, d)   dN/dx without the direct term
//   (Ritz) value     (G, T)   N (Ritz)
#pragma once

#include <cuda_runtime.h>

#include "views.hpp"

namespace landscape::cuda {

struct GemmTile {
  Evaluation what;
  FoldedBatch networks;  // of this tile: count = G
  PointView points;
  std::int64_t first_point;
  int n_points;  // T
  int channels;
  double *h, *y, *z;
  double* slopes;
  double* gradient;
  double* value;
};

/// h <- activation of y + A_k x + c_k; block 0 has no y.
void gemm_odd_pass(const GemmTile& tile, int k, cudaStream_t stream);
/// z <- activation of y + b_2k, plus z where block k has a skip connection (not the last block).
void gemm_even_pass(const GemmTile& tile, int k, cudaStream_t stream);
/// Last activation. Galerkin: weighted integrands into `integrand` (G, n padded). Ritz: N into value, a * phi' into h,
/// a into z.
void gemm_last_pass(const GemmTile& tile, double* integrand, cudaStream_t stream);
/// h <- y * phi' of layer 2k (Ritz, backward).
void gemm_ritz_odd_pass(const GemmTile& tile, int k, cudaStream_t stream);
/// z <- y, plus z with a skip connection; h <- z * phi' of layer 2k - 1 (Ritz, backward, k > 0).
void gemm_ritz_even_pass(const GemmTile& tile, int k, cudaStream_t stream);
/// Weighted Ritz integrands from value and gradient.
void gemm_ritz_output_pass(const GemmTile& tile, double* integrand, cudaStream_t stream);
/// partial (count, n_chunks) from integrand (count, n), one warp per chunk.
void add_integrands(const double* integrand, std::int64_t count, const PointView& points, double* partial,
                    cudaStream_t stream);

}  // namespace landscape::cuda
