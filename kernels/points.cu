// Quadrature points as the kernels want them: padded, structure of arrays, with boundary factor and source from the
// formulas that the CPU uses (landscape/math/poisson.hpp), so that the bits are the same.
#include "device_api.cuh"
#include "launchers.hpp"

namespace landscape::cuda {
namespace {

__global__ void prepare(Problem problem, int d, std::int64_t n_points, std::int64_t n, const double* points,
                        const double* weights, PointBuffers to) {
  const std::int64_t q = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (q >= n) return;
  const std::int64_t from = q < n_points ? q : n_points - 1;
  const double* x = points + from * d;
  const Rows<double> x_rows{to.x, n}, grad_rows{to.grad_b, n};
  double exact;
  math::exact_solution(problem, d, x, exact, to.source[q], nullptr);
  math::boundary_factor(d, x, to.b[q], grad_rows.row(0) + q, to.lap_b[q], n);
  to.weight[q] = q < n_points ? weights[from] : 0.0;
  for (int j = 0; j < d; ++j) x_rows(j, q) = x[j];
  for (int j = d; j < round_up(d, 4); ++j) x_rows(j, q) = 0.0;
  for (int j = d; j < round_up(d, 8); ++j) grad_rows(j, q) = 0.0;
}

}  // namespace

void prepare_points(Problem problem, int dimension, std::int64_t n_points, std::int64_t n, const double* points,
                    const double* weights, const PointBuffers& to, cudaStream_t stream) {
  constexpr int kThreads = 128;
  launch("prepare_points", prepare, {(n + kThreads - 1) / kThreads, kThreads, 0, stream}, problem, dimension, n_points,
         n, points, weights, to);
}

}  // namespace landscape::cuda
