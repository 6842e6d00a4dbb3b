// Steps that both tensor-core kernels are composed of. A warp owns a tile of 8 points; lane (g, t) = (lane / 4, lane %
// 4) holds every fourth pair of neurons of point g (tile_layout.hpp), so sums over neurons end with a butterfly over t,
// sums over points with one over g.
#pragma once

#include "device_api.cuh"
#include "landscape/math/activation.hpp"
#include "tile_layout.hpp"

namespace landscape::cuda {

inline constexpr unsigned kOverNeurons = 3;  // lane bits of t
inline constexpr unsigned kOverPoints = 28;  // lane bits of g

struct LanePlace {
  int lane, g, t;
};
__device__ __forceinline__ LanePlace lane_place() {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  return {lane, lane / 4, lane % 4};
}

/// Two neighbouring doubles from a 16-byte boundary, in one load.
__device__ __forceinline__ double2 load_pair(const double* p) { return *reinterpret_cast<const double2*>(p); }

/// n += o . x and cross += o . slope of this lane's dimensions.
__device__ __forceinline__ void add_direct_output(const TileLayout& layout, const double* net, const PointView& points,
                                                  std::int64_t q, const LanePlace& at, double& n, double& cross) {
  const double* out_direct = net + layout.out_direct();
#pragma unroll 1
  for (int j = at.t; j < layout.shape.d; j += 4) {
    n = math::fma(out_direct[j], points.x(j, q), n);
    cross = math::fma(out_direct[j], points.slope(j, q), cross);
  }
}

/// Pairs of numbers of this lane, in registers or, to save them, in shared memory.
template <int kCount, bool kInShared>
struct LanePairs {
  double2 registers[kInShared ? 1 : kCount];
  double* shared;  // of this lane: the warp's room + 2 lane
  __device__ __forceinline__ void store(int i, double first, double second) {
    if constexpr (kInShared) {
      *reinterpret_cast<double2*>(shared + 2 * i * kWarp) = {first, second};
    } else {
      registers[i] = {first, second};
    }
  }
  __device__ __forceinline__ double2 operator[](int i) const {
    if constexpr (kInShared) {
      return load_pair(shared + 2 * i * kWarp);
    } else {
      return registers[i];
    }
  }
};

/// What the compiler knows of a layout. kIsShort: the last tile has at most four neurons (TileLayout::short_rest).
template <int kTileCount, bool kIsShort>
struct TileShape {
  static constexpr int kTiles = kTileCount;
  /// Is element e of tile i, or its k-step, padding alone?
  LANDSCAPE_INLINE static constexpr bool is_padding(int i, int e) { return kIsShort && i == kTiles - 1 && e == 1; }
};

/// The gradient channels of a group of neurons of the second layer, added up.
template <class Shape>
struct ChannelSums {
  static constexpr int kTiles = Shape::kTiles;
  double squares[kTiles][2] = {};  // sum_c g_c^2
  double along[kTiles][2] = {};    // sum_c slope_c g_c

  /// Of two channels and the points' slopes along them.
  __device__ __forceinline__ void add(const double (&g)[2][kTiles][2], const double (&slope)[2]) {
#pragma unroll
    for (int p = 0; p < 2; ++p) {
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          if (Shape::is_padding(i, e)) continue;
          squares[i][e] = math::fma(g[p][i][e], g[p][i][e], squares[i][e]);
          along[i][e] = math::fma(slope[p], g[p][i][e], along[i][e]);
        }
      }
    }
  }

  /// Adds the group's share of N, slope . grad N and Lap N. `second`: pre-activations, then their Laplacians;
  /// `out_weight`: a of this lane's first neuron.
  template <Activation kActivation, class Pairs>
  __device__ __forceinline__ void contract(const Pairs& second, const double* out_weight, double& n, double& cross,
                                           double& laplacian) const {
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      const double2 v = second[i], laplacians = second[kTiles + i];
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        if (Shape::is_padding(i, e)) continue;
        const math::ActivationJet<double> phi = math::activate<kActivation>(e == 0 ? v.x : v.y);
        const double a = out_weight[8 * i + e];
        const double a_slope = a * phi.f1;
        n = math::fma(a, phi.f, n);
        cross = math::fma(a_slope, along[i][e], cross);
        laplacian = math::fma(a_slope, e == 0 ? laplacians.x : laplacians.y, laplacian);
        laplacian = math::fma(a * phi.f2, squares[i][e], laplacian);
      }
    }
  }
};

/// Asks for what the tile of points from `first` on will be read from; every lane takes some rows.
__device__ __forceinline__ void prefetch_tile(const PointView& points, std::int64_t first, int lane) {
  for (int row = lane; row < points.dimension; row += kWarp) {
    prefetch(&points.x(row, first));
    prefetch(&points.slope(row, first));
  }
  const double* const rows[] = {points.top, points.value, points.source, points.weight};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (lane == i) prefetch(rows[i] + first);
  }
}

/// Adds the tile sums of a chunk (at most 64) in a fixed tree, whatever number of warps made them.
__device__ __forceinline__ void add_tiles(const double* tile_sums, int n_tiles, double* partial) {
  __syncthreads();
  if (threadIdx.x >= kWarp) return;
  const int lane = static_cast<int>(threadIdx.x);
  const double low = lane < n_tiles ? tile_sums[lane] : 0.0;
  const double high = lane + kWarp < n_tiles ? tile_sums[lane + kWarp] : 0.0;
  const double sum = warp_sum(low + high);
  if (lane == 0) partial[blockIdx.x] = sum;
}

/// weight r^2; `cross` is slope . grad N.
__device__ __forceinline__ double galerkin_value(const PointView& points, std::int64_t q, double n, double cross,
                                                 double laplacian) {
  double residual = cross + math::fma(points.top[q], laplacian, n * points.value[q]);
  if (points.cubic != nullptr) residual = math::fma(points.cubic[q], n * n * n, residual);
  residual += points.source[q];
  return points.weight[q] * (residual * residual);
}

/// weight times Ritz's integrand; `energy` is |top grad N + N slope|^2.
__device__ __forceinline__ double ritz_value(const PointView& points, std::int64_t q, double n, double energy) {
  return points.weight[q] * math::energy_integrand(energy, n, points.terms(q));
}

/// acc[c][n] += A_c B_n over the k-steps of one group of output tiles; operand(kt, c) is this lane's A operand.
template <int kTiles, int kChannels, class Operand>
__device__ __forceinline__ void multiply(double (&acc)[kChannels][kTiles][2], const double* fragments, int k_steps,
                                         int lane, const Operand& operand) {
#pragma unroll 2
  for (int kt = 0; kt < k_steps; ++kt) {
    double a[kChannels];
#pragma unroll
    for (int c = 0; c < kChannels; ++c) a[c] = operand(kt, c);
#pragma unroll
    for (int n = 0; n < kTiles; ++n) {
      const double b = fragments[(kt * kTiles + n) * kWarp + lane];
      if constexpr (kChannels == 2) {
        mma_pair(acc[0][n], acc[1][n], a[0], a[1], b);
      } else {
#pragma unroll
        for (int c = 0; c < kChannels; ++c) mma_m8n8k4(acc[c][n], a[c], b);
      }
    }
  }
}

/// g += nu A_k^T for 8 dimensions (two of them in this lane), in two chains to shorten the wait for the matrix unit.
template <class Operand>
__device__ __forceinline__ void multiply_gradient(double (&g)[2], const double* fragments, int k_steps, int lane,
                                                  const Operand& operand) {
  double second[2] = {0.0, 0.0};
#pragma unroll 2
  for (int kt = 0; kt < k_steps; kt += 2) {
    mma_m8n8k4(g, operand(kt), fragments[kt * kWarp + lane]);
    mma_m8n8k4(second, operand(kt + 1), fragments[(kt + 1) * kWarp + lane]);
  }
  g[0] += second[0];
  g[1] += second[1];
}

}  // namespace landscape::cuda
