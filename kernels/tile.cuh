// Fused loss of single-block networks of width up to 64 on the fp64 tensor cores, in registers but for what a loop
// does not need. A block is four warps and owns one (network, chunk); its packed weights lie in shared memory, each
// warp takes every fourth tile of 8 points, or pair of tiles.
//
//   Galerkin  forward Laplacian: one product carries (h, Lap h), then the d gradient channels go through in pairs and
//             are added up: Lap N = a . (phi2' Lap v2 + phi2'' sum_c g_c^2)
//   Ritz      adjoint: h forward, nu = phi1' * W2^T (a * phi2') backward, grad N = o + A nu
#pragma once

#include <type_traits>

#include "tile_common.cuh"
#include "tile_launchers.hpp"

namespace landscape::cuda {

/// Resident blocks the register allocation must allow: 255 registers for two, 168 for three, 128 for four (no spills,
/// see tests/bench_cuda/check_registers.py). Ritz holds two tiles of points.
constexpr int tile_blocks_per_sm(LossKind loss, int tiles) {
  if (loss == LossKind::ritz) return tiles <= 1 ? 4 : tiles <= 4 ? 3 : 2;
  return tiles <= 2 ? 4 : tiles <= 4 ? 3 : 2;
}

/// First layer: v = c + A x.
template <int kTiles>
__device__ __forceinline__ void first_layer(const TileLayout& layout, const double* net, const PointView& points,
                                            std::int64_t q, const LanePlace& at, double (&v)[kTiles][2]) {
  const double* bias = net + layout.odd_bias(0);
  const double* direct = net + layout.direct(0) + at.lane;
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
    v[i][0] = bias[8 * i + 2 * at.t];
    v[i][1] = bias[8 * i + 2 * at.t + 1];
  }
#pragma unroll 2
  for (int kx = 0; kx < layout.x_steps(); ++kx) {
    const double x = points.x(4 * kx + at.t, q);
#pragma unroll
    for (int i = 0; i < kTiles; ++i) mma_m8n8k4(v[i], x, direct[(kx * kTiles + i) * kWarp]);
  }
}

template <Activation kActivation, class Shape>
__device__ __forceinline__ math::ActivationJet<double> activate_place(double v, int i, int e) {
  if (Shape::is_padding(i, e)) return {};
  return math::activate<kActivation>(v);
}

template <Activation kActivation, class Shape>
__device__ __forceinline__ double tile_galerkin_value(const TileLayout& layout, const double* net, double* aside,
                                                      const PointView& points, std::int64_t q, const LanePlace& at) {
  constexpr int kTiles = Shape::kTiles, kSteps = 2 * kTiles;
  constexpr int kWidth = 8 * kTiles;
  // Up to width 32 products apart from the arithmetic would need registers that three warps of a scheduler lack.
  constexpr bool kApart = kTiles > 4;
  constexpr int kPart = kApart ? (kTiles + 1) / 2 : 1;  // input tiles whose operands are in registers at once
  const auto products = [](const auto& f) {
    if constexpr (kApart) {
      apart(f);
    } else {
      f();
    }
  };
  const double* even = net + layout.even(0) + at.lane;
  const int own = 2 * at.t;
  LanePairs<kSteps, true> second{{}, aside};  // the second layer's pre-activations, then their Laplacians
  double slope[kTiles][2];                    // phi1'
  {
    double h[2][kTiles][2];  // (h, Lap h) after the first activation
    double v[2][kTiles][2] = {};
    first_layer(layout, net, points, q, at, v[0]);
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const math::ActivationJet<double> phi = activate_place<kActivation, Shape>(v[0][i][e], i, e);
        h[0][i][e] = phi.f;
        slope[i][e] = phi.f1;
        h[1][i][e] = phi.f2 * net[layout.direct_norm() + 8 * i + own + e];
        v[0][i][e] = net[layout.even_bias(0) + 8 * i + own + e];
      }
    }
    products([&] {
#pragma unroll
      for (int kt = 0; kt < kSteps; ++kt) {
        if (Shape::is_padding(kt / 2, kt % 2)) continue;
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
          mma_pair(v[0][i], v[1][i], h[0][kt / 2][kt % 2], h[1][kt / 2][kt % 2], even[(kt * kTiles + i) * kWarp]);
        }
      }
    });
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      second.store(i, v[0][i][0], v[0][i][1]);
      second.store(kTiles + i, v[1][i][0], v[1][i][1]);
    }
  }
  ChannelSums<Shape> sums;
#pragma unroll 1
  for (int c = 0; c < layout.even_dimension(); c += 2) {
    const double* row = net + layout.slopes(0) + c * kWidth + own;
    const double slope_of_points[2] = {points.slope(c, q), points.slope(c + 1, q)};
    double g[2][kTiles][2] = {};
#pragma unroll
    for (int part = 0; part < kTiles; part += kPart) {
      double operand[kPart][2][2];
#pragma unroll
      for (int k = part; k < kTiles && k < part + kPart; ++k) {
        const double2 first = load_pair(row + 8 * k), second_row = load_pair(row + kWidth + 8 * k);
        operand[k - part][0][0] = slope[k][0] * first.x;
        operand[k - part][0][1] = slope[k][0] * second_row.x;
        operand[k - part][1][0] = slope[k][1] * first.y;
        operand[k - part][1][1] = slope[k][1] * second_row.y;
      }
      products([&] {
#pragma unroll
        for (int k = part; k < kTiles && k < part + kPart; ++k) {
#pragma unroll
          for (int e = 0; e < 2; ++e) {
            if (Shape::is_padding(k, e)) continue;
            const double(&a)[2] = operand[k - part][e];
#pragma unroll
            for (int i = 0; i < kTiles; ++i) {
              mma_pair(g[0][i], g[1][i], a[0], a[1], even[((2 * k + e) * kTiles + i) * kWarp]);
            }
          }
        }
      });
    }
    sums.add(g, slope_of_points);
  }
  double n = 0.0, cross = 0.0, laplacian = 0.0;
  add_direct_output(layout, net, points, q, at, n, cross);
  sums.template contract<kActivation>(second, net + layout.out_weight() + own, n, cross, laplacian);
  n = sum_over_lanes<kOverNeurons>(n) + net[layout.out_bias()];
  return galerkin_value(points, q, n, sum_over_lanes<kOverNeurons>(cross), sum_over_lanes<kOverNeurons>(laplacian));
}

/// Two tiles of points at once, q and q + 8: they share every B operand.
template <Activation kActivation, class Shape>
__device__ __forceinline__ void tile_ritz_values(const TileLayout& layout, const double* net, double* aside,
                                                 const PointView& points, std::int64_t q, const LanePlace& at,
                                                 double (&values)[2]) {
  constexpr int kTiles = Shape::kTiles, kSteps = 2 * kTiles;
  const int own = 2 * at.t;  // this lane's first neuron, or dimension, of a tile
  double n[2] = {0.0, 0.0};
  LanePairs<kSteps, has_slopes_aside(LossKind::ritz, kTiles)> slope{{}, aside};  // phi1' of both points
  double v[2][kTiles][2];
  double h[2][kTiles][2];
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int e = 0; e < 2; ++e) v[0][i][e] = v[1][i][e] = net[layout.odd_bias(0) + 8 * i + own + e];
  }
#pragma unroll 2
  for (int kx = 0; kx < layout.x_steps(); ++kx) {
    const int j = 4 * kx + at.t;
    const double x[2] = {points.x(j, q), points.x(j, q + kTilePoints)};
    const double* fragments = net + layout.direct(0) + kx * kTiles * kWarp + at.lane;
#pragma unroll
    for (int i = 0; i < kTiles; ++i) mma_pair(v[0][i], v[1][i], x[0], x[1], fragments[i * kWarp]);
  }
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      double of_points[2];
#pragma unroll
      for (int p = 0; p < 2; ++p) {
        const math::ActivationJet<double> phi = activate_place<kActivation, Shape>(v[p][i][e], i, e);
        h[p][i][e] = phi.f;
        of_points[p] = phi.f1;
        v[p][i][e] = net[layout.even_bias(0) + 8 * i + own + e];
      }
      slope.store(2 * i + e, of_points[0], of_points[1]);
    }
  }
  const auto times = [&](const double* matrix) {
#pragma unroll
    for (int kt = 0; kt < kSteps; ++kt) {
      if (Shape::is_padding(kt / 2, kt % 2)) continue;
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
        mma_pair(v[0][i], v[1][i], h[0][kt / 2][kt % 2], h[1][kt / 2][kt % 2],
                 matrix[(kt * kTiles + i) * kWarp + at.lane]);
      }
    }
  };
  times(net + layout.even(0));
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const double a = net[layout.out_weight() + 8 * i + own + e];
#pragma unroll
      for (int p = 0; p < 2; ++p) {
        const math::ActivationJet<double> phi = activate_place<kActivation, Shape>(v[p][i][e], i, e);
        n[p] = math::fma(a, phi.f, n[p]);
        h[p][i][e] = a * phi.f1;
        v[p][i][e] = 0.0;
      }
    }
  }
  times(net + layout.even_transposed(0));
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const double2 of_points = slope[2 * i + e];
      h[0][i][e] = of_points.x * v[0][i][e];  // nu
      h[1][i][e] = of_points.y * v[1][i][e];
    }
  }
#pragma unroll 2
  for (int j = at.t; j < layout.shape.d; j += 4) {
#pragma unroll
    for (int p = 0; p < 2; ++p) n[p] = math::fma(net[layout.out_direct() + j], points.x(j, q + p * kTilePoints), n[p]);
  }
#pragma unroll
  for (int p = 0; p < 2; ++p) {
    n[p] = sum_over_lanes<kOverNeurons>(n[p]) + net[layout.out_bias()];
  }
  const double top[2] = {points.top[q], points.top[q + kTilePoints]};
  double energy[2] = {0.0, 0.0};
#pragma unroll 1
  for (int nd = 0; nd < layout.gradient_tiles(); ++nd) {
    const int j = 8 * nd + own;
    const double* fragments = net + layout.slopes(0) + nd * kSteps * kWarp + at.lane;
    const double o[2] = {net[layout.out_direct() + j], net[layout.out_direct() + j + 1]};
    double g[2][2] = {{o[0], o[1]}, {o[0], o[1]}};
    double second[2][2] = {};
#pragma unroll
    for (int kt = 0; kt < kSteps; kt += 2) {
      mma_pair(g[0], g[1], h[0][kt / 2][0], h[1][kt / 2][0], fragments[kt * kWarp]);
      if (Shape::is_padding(kt / 2, 1)) continue;
      mma_pair(second[0], second[1], h[0][kt / 2][1], h[1][kt / 2][1], fragments[(kt + 1) * kWarp]);
    }
#pragma unroll
    for (int p = 0; p < 2; ++p) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const double du = math::fma(top[p], g[p][e] + second[p][e], n[p] * points.slope(j + e, q + p * kTilePoints));
        energy[p] = math::fma(du, du, energy[p]);
      }
    }
  }
#pragma unroll
  for (int p = 0; p < 2; ++p) {
    values[p] = ritz_value(points, q + p * kTilePoints, n[p], sum_over_lanes<kOverNeurons>(energy[p]));
  }
}

template <Activation kActivation, LossKind kLoss, class Shape>
__global__ void __launch_bounds__(kTileWarps* kWarp, tile_blocks_per_sm(kLoss, Shape::kTiles))
    tile_loss(TileBatch networks, PointView points, double* partial) {
  // Rebuilt with the constants this instantiation knows, so that offsets fold.
  const TileLayout layout{
      {networks.layout.shape.d, networks.layout.shape.w, 1, networks.layout.shape.skip()}, kLoss, Shape::kTiles, 1};
  const BlockTask task = block_task(points, blockIdx.x);
  double* net = dynamic_shared();
  double* tile_sums = net + layout.size();  // (kTilesPerChunk)
  const LanePlace at = lane_place();
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  double* aside = tile_sums + kTilesPerChunk + warp * tile_aside(kLoss, Shape::kTiles) + 2 * at.lane;
  copy_to_shared(net, networks.packed + task.network * layout.size(), layout.size());
  __syncthreads();
  const int n_tiles = static_cast<int>(task.end - task.begin) / kTilePoints;
  constexpr int kAtOnce = kLoss == LossKind::galerkin ? 1 : 2;  // tiles; their number is a multiple of four
  static_assert(kPointStep % (2 * kTilePoints) == 0);
#pragma unroll 1
  for (int tile = kAtOnce * warp; tile < n_tiles; tile += kAtOnce * kTileWarps) {
    keep_loads_here();
    const std::int64_t first = task.begin + tile * kTilePoints, q = first + at.g;
    if (const int next = kAtOnce * kTileWarps; tile + next < n_tiles) {
#pragma unroll
      for (int p = 0; p < kAtOnce; ++p) prefetch_tile(points, first + (next + p) * kTilePoints, at.lane);
    }
    double values[kAtOnce];
    if constexpr (kLoss == LossKind::galerkin) {
      values[0] = tile_galerkin_value<kActivation, Shape>(layout, net, aside, points, q, at);
    } else {
      tile_ritz_values<kActivation, Shape>(layout, net, aside, points, q, at, values);
    }
#pragma unroll
    for (int p = 0; p < kAtOnce; ++p) {
      const double sum = sum_over_lanes<kOverPoints>(values[p]);
      if (at.lane == 0) tile_sums[tile + p] = sum;
    }
  }
  add_tiles(tile_sums, n_tiles, partial);
}

template <int kTiles>
using Tiles = std::integral_constant<int, kTiles>;

template <Activation kActivation, LossKind kLoss>
void launch_tile(const TileBatch& networks, const PointView& points, double* partial, cudaStream_t stream) {
  const LaunchShape shape{networks.count * points.n_chunks, kTileWarps * kWarp, tile_shared_bytes(networks.layout),
                          stream};
  const auto with = [&]<int kTiles>(Tiles<kTiles>) {
    if (networks.layout.short_rest() > 0) {
      launch("tile kernel", tile_loss<kActivation, kLoss, TileShape<kTiles, true>>, shape, networks, points, partial);
    } else {
      launch("tile kernel", tile_loss<kActivation, kLoss, TileShape<kTiles, false>>, shape, networks, points, partial);
    }
  };
  switch (networks.layout.tiles()) {
    case 1:
      return with(Tiles<1>{});
    case 2:
      return with(Tiles<2>{});
    case 3:
      return with(Tiles<3>{});
    case 4:
      return with(Tiles<4>{});
    case 5:
      return with(Tiles<5>{});
    case 6:
      return with(Tiles<6>{});
    case 7:
      return with(Tiles<7>{});
    default:
      return with(Tiles<8>{});
  }
}

}  // namespace landscape::cuda
