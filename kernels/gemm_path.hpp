// Wide networks: every hidden layer is one cuBLAS strided-batched DGEMM over (networks) x (points x channels), with one
// activation pass between products (gemm_passes.hpp). Work areas are sized to stay in the L2 cache. The shapes of all
// products are a function of the network's shape and the number of points alone, because cuBLAS chooses its algorithm,
// and with it the bits, by shape.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include "gemm_passes.hpp"
#include "memory.hpp"
#include "views.hpp"

namespace landscape::cuda {

/// How many networks and points go through a product at once.
struct GemmPlan {
  int networks;  // G
  int points;    // T
};
GemmPlan plan_gemm(const Evaluation& what, std::int64_t n_points);

class GemmPath {
 public:
  explicit GemmPath(cudaStream_t stream) : stream_(stream) {}
  GemmPath(const GemmPath&) = delete;
  GemmPath& operator=(const GemmPath&) = delete;
  ~GemmPath();

  /// partial (count, n_chunks). networks.folded must hold whole groups: count rounded up to plan_gemm(...).networks.
  /// cuBLAS is loaded by the first call.
  void losses(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* partial);

 private:
  void tile_losses(const GemmTile& tile);
  /// out (rows, n) = M in (w, n) per network, M (rows, w) row-major at `offset` of the folded parameters; `transposed`:
  /// M^T instead.
  void product(const GemmTile& tile, int offset, int rows, bool transposed, const double* in, double beta, double* out);

  cudaStream_t stream_;
  cublasHandle_t handle_ = nullptr;
  DeviceBuffer<double> work_;
  DeviceBuffer<double> integrand_;  // (G, n)
};

}  // namespace landscape::cuda
