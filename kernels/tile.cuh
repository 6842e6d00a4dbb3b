// Fused loss of single-block networks of width up to 32 on the fp64 tensor cores, everything in registers. A block is
// four warps and owns one (network, chunk); its packed weights lie in shared memory, each warp takes every fourth tile
// of 8 points.
//
//   Galerkin  forward Laplacian: one product carries (h, Lap h), then the d gradient channels go through in pairs and
//             are contracted at once: Lap N = a . (phi2' Lap v2 + phi2'' sum_c g_c^2)
//   Ritz      adjoint: h forward, nu = phi1' * W2^T (a * phi2') backward, grad N = o + A nu
#pragma once

#include "tile_common.cuh"
#include "tile_launchers.hpp"

namespace landscape::cuda {

inline constexpr int kTileWarps = 4;

/// Resident blocks the register allocation must allow: 168 registers for three, 128 for four (no spills, see
/// tests/bench_cuda/check_registers.py).
constexpr int tile_blocks_per_sm(int tiles) { return tiles <= 2 ? 4 : 3; }

/// First layer: v = c + A x; also o . x and o . slope of this lane's dimensions.
template <int kTiles>
__device__ __forceinline__ void first_layer(const TileLayout& layout, const double* net, const PointView& points,
                                            std::int64_t q, const LanePlace& at, double (&v)[kTiles][2], double& n,
                                            double& cross) {
  const double* bias = net + layout.odd_bias(0);
  const double* direct = net + layout.direct(0);
  const double* out_direct = net + layout.out_direct();
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
    v[i][0] = bias[8 * i + 2 * at.t];
    v[i][1] = bias[8 * i + 2 * at.t + 1];
  }
#pragma unroll 1
  for (int kx = 0; kx < layout.x_steps(); ++kx) {
    const int j = 4 * kx + at.t;
    const double x = points.x(j, q);
#pragma unroll
    for (int i = 0; i < kTiles; ++i) mma_m8n8k4(v[i], x, direct[(kx * kTiles + i) * kWarp + at.lane]);
    n = math::fma(out_direct[j], x, n);
    cross = math::fma(out_direct[j], points.slope(j, q), cross);
  }
}

template <Activation kActivation, int kTiles>
__device__ __forceinline__ double tile_galerkin_value(const TileLayout& layout, const double* net,
                                                      const PointView& points, std::int64_t q, const LanePlace& at) {
  constexpr int kSteps = 2 * kTiles;
  constexpr int kWidth = 8 * kTiles;
  const double* even = net + layout.even(0);
  double n = 0.0, cross = 0.0, laplacian = 0.0;
  double slope[kTiles][2];                            // phi1'
  double a_slope[kTiles][2], a_curvature[kTiles][2];  // a phi2', a phi2''
  {
    double h[2][kTiles][2];  // (h, Lap h) after the first activation
    double v[2][kTiles][2] = {};
    first_layer(layout, net, points, q, at, v[0], n, cross);
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const math::ActivationJet<double> phi = math::activate<kActivation>(v[0][i][e]);
        h[0][i][e] = phi.f;
        slope[i][e] = phi.f1;
        h[1][i][e] = phi.f2 * net[layout.direct_norm() + 8 * i + 2 * at.t + e];
        v[0][i][e] = net[layout.even_bias(0) + 8 * i + 2 * at.t + e];
      }
    }
#pragma unroll
    for (int kt = 0; kt < kSteps; ++kt) {
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
        const double b = even[(kt * kTiles + i) * kWarp + at.lane];
        mma_m8n8k4(v[0][i], h[0][kt / 2][kt % 2], b);
        mma_m8n8k4(v[1][i], h[1][kt / 2][kt % 2], b);
      }
    }
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const math::ActivationJet<double> phi = math::activate<kActivation>(v[0][i][e]);
        const double a = net[layout.out_weight() + 8 * i + 2 * at.t + e];
        n = math::fma(a, phi.f, n);
        a_slope[i][e] = a * phi.f1;
        a_curvature[i][e] = a * phi.f2;
        laplacian = math::fma(a_slope[i][e], v[1][i][e], laplacian);
      }
    }
  }
#pragma unroll 1
  for (int c = 0; c < layout.even_dimension(); c += 2) {
    const double* row = net + layout.slopes(0) + c * kWidth + 2 * at.t;
    double g[2][kTiles][2] = {};
#pragma unroll
    for (int k = 0; k < kTiles; ++k) {
      const double2 first = load_pair(row + 8 * k);
      const double2 second = load_pair(row + kWidth + 8 * k);
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const double a_first = slope[k][e] * (e == 0 ? first.x : first.y);
        const double a_second = slope[k][e] * (e == 0 ? second.x : second.y);
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
          const double b = even[((2 * k + e) * kTiles + i) * kWarp + at.lane];
          mma_m8n8k4(g[0][i], a_first, b);
          mma_m8n8k4(g[1][i], a_second, b);
        }
      }
    }
#pragma unroll
    for (int p = 0; p < 2; ++p) {
      double sum = 0.0;
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          sum = math::fma(a_slope[i][e], g[p][i][e], sum);
          laplacian = math::fma(a_curvature[i][e] * g[p][i][e], g[p][i][e], laplacian);
        }
      }
      cross = math::fma(points.slope(c + p, q), sum, cross);
    }
  }
  n = sum_over_lanes<kOverNeurons>(n) + net[layout.out_bias()];
  return galerkin_value(points, q, n, sum_over_lanes<kOverNeurons>(cross), sum_over_lanes<kOverNeurons>(laplacian));
}

template <Activation kActivation, int kTiles>
__device__ __forceinline__ double tile_ritz_value(const TileLayout& layout, const double* net, const PointView& points,
                                                  std::int64_t q, const LanePlace& at) {
  constexpr int kSteps = 2 * kTiles;
  double n = 0.0, unused = 0.0;
  double slope[kTiles][2];  // phi1', then nu
  double v[kTiles][2];
  double h[kTiles][2];
  first_layer(layout, net, points, q, at, v, n, unused);
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const math::ActivationJet<double> phi = math::activate<kActivation>(v[i][e]);
      h[i][e] = phi.f;
      slope[i][e] = phi.f1;
      v[i][e] = net[layout.even_bias(0) + 8 * i + 2 * at.t + e];
    }
  }
  const auto times = [&](const double* matrix) {
#pragma unroll
    for (int kt = 0; kt < kSteps; ++kt) {
#pragma unroll
      for (int i = 0; i < kTiles; ++i) mma_m8n8k4(v[i], h[kt / 2][kt % 2], matrix[(kt * kTiles + i) * kWarp + at.lane]);
    }
  };
  times(net + layout.even(0));
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const math::ActivationJet<double> phi = math::activate<kActivation>(v[i][e]);
      const double a = net[layout.out_weight() + 8 * i + 2 * at.t + e];
      n = math::fma(a, phi.f, n);
      h[i][e] = a * phi.f1;
      v[i][e] = 0.0;
    }
  }
  times(net + layout.even_transposed(0));
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
    slope[i][0] *= v[i][0];
    slope[i][1] *= v[i][1];
  }
  n = sum_over_lanes<kOverNeurons>(n) + net[layout.out_bias()];
  const double b = points.top[q];
  double energy = 0.0;
#pragma unroll 1
  for (int nd = 0; nd < layout.gradient_tiles(); ++nd) {
    const int j = 8 * nd + 2 * at.t;
    const double* fragments = net + layout.slopes(0) + nd * kSteps * kWarp + at.lane;
    double g[2] = {net[layout.out_direct() + j], net[layout.out_direct() + j + 1]};
    double second[2] = {0.0, 0.0};
#pragma unroll
    for (int kt = 0; kt < kSteps; kt += 2) {
      mma_m8n8k4(g, slope[kt / 2][0], fragments[kt * kWarp]);
      mma_m8n8k4(second, slope[kt / 2][1], fragments[(kt + 1) * kWarp]);
    }
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const double du = math::fma(b, g[e] + second[e], n * points.slope(j + e, q));
      energy = math::fma(du, du, energy);
    }
  }
  return ritz_value(points, q, n, sum_over_lanes<kOverNeurons>(energy));
}

template <Activation kActivation, LossKind kLoss, int kTiles>
__global__ void __launch_bounds__(kTileWarps* kWarp, tile_blocks_per_sm(kTiles))
    tile_loss(TileBatch networks, PointView points, double* partial) {
  // Rebuilt with the constants this instantiation knows, so that offsets fold.
  const TileLayout layout{
      {networks.layout.shape.d, networks.layout.shape.w, 1, networks.layout.shape.residual}, kLoss, kTiles, 1};
  const BlockTask task = block_task(points, blockIdx.x);
  double* net = dynamic_shared();
  double* tile_sums = net + layout.size();  // (kTilesPerChunk)
  copy_to_shared(net, networks.packed + task.network * layout.size(), layout.size());
  __syncthreads();
  const LanePlace at = lane_place();
  const int n_tiles = static_cast<int>(task.end - task.begin) / kTilePoints;
#pragma unroll 1
  for (int tile = static_cast<int>(threadIdx.x) / kWarp; tile < n_tiles; tile += kTileWarps) {
    keep_loads_here();
    const std::int64_t q = task.begin + tile * kTilePoints + at.g;
    double value;
    if constexpr (kLoss == LossKind::galerkin) {
      value = tile_galerkin_value<kActivation, kTiles>(layout, net, points, q, at);
    } else {
      value = tile_ritz_value<kActivation, kTiles>(layout, net, points, q, at);
    }
    value = sum_over_lanes<kOverPoints>(value);
    if (at.lane == 0) tile_sums[tile] = value;
  }
  add_tiles(tile_sums, n_tiles, partial);
}

template <Activation kActivation, LossKind kLoss>
void launch_tile(const TileBatch& networks, const PointView& points, double* partial, cudaStream_t stream) {
  const LaunchShape shape{networks.count * points.n_chunks, kTileWarps * kWarp,
                          static_cast<std::size_t>(networks.layout.size() + kTilesPerChunk) * sizeof(double), stream};
  const auto with = [&](auto kernel) { launch("tile kernel", kernel, shape, networks, points, partial); };
  switch (networks.layout.tiles()) {
    case 1:
      return with(tile_loss<kActivation, kLoss, 1>);
    case 2:
      return with(tile_loss<kActivation, kLoss, 2>);
    case 3:
      return with(tile_loss<kActivation, kLoss, 3>);
    default:
      return with(tile_loss<kActivation, kLoss, 4>);
  }
}

}  // namespace landscape::cuda
