// Fused Galerkin loss of single-block networks of any width on the fp64 tensor cores: as tile.cuh, but output neurons
// go through in groups of kTiles tiles, and the hidden matrix is streamed. A block is some warps with a tile of 8
// points each; all of them multiply by the same slice of the matrix, which lies in shared memory while the next one
// arrives.
//
//   for each group      (h, Lap h) of all inputs, then the gradient channels in pairs; their contraction with the
//                       group's second activation is added to N, slope . grad N and Lap N
//
// The first activation is evaluated once per group: to remember it would cost more room than it takes time.
#pragma once

#include "tile_common.cuh"
#include "tile_launchers.hpp"

namespace landscape::cuda {

/// Where a block is in its stream of slices: pass 0 is (h, Lap h), pass p the channels 2 p - 2 and 2 p - 1.
struct StreamPlace {
  int group, pass, slice;
  __device__ __forceinline__ void advance(int groups, int passes, int slices) {
    if (++slice < slices) return;
    slice = 0;
    if (++pass < passes) return;
    pass = 0;
    if (++group == groups) group = 0;
  }
};

/// The stream of a block: two buffers of kTiles x 2 kSlice fragments and two rows of 8 kSlice slopes.
template <int kTiles>
struct MatrixStream {
  static constexpr int kSlice = wide_slice(kTiles);        // input tiles
  static constexpr int kPart = kSlice > 5 ? 4 : kSlice;    // of which operands are in registers at once
  static constexpr int kFragments = 2 * kSlice * kTiles * kWarp;
  static constexpr int kBuffer = wide_buffer(kTiles);
  const TileLayout& layout;
  const double* net;
  double* buffers;
  int passes, slices;
  StreamPlace next;
  int buffer;  // that `next` will lie in

  __device__ __forceinline__ void copy(double* to, const double* from, int n) const {
    for (int i = 2 * static_cast<int>(threadIdx.x); i < n; i += 2 * static_cast<int>(blockDim.x)) {
      copy_async(to + i, from + i);
    }
  }
  __device__ __forceinline__ void request() {
    double* to = buffers + buffer * kBuffer;
    const int first = 2 * kSlice * next.slice;
    copy(to, net + layout.even(0) + (next.group * layout.k_steps() + first) * kTiles * kWarp, kFragments);
    if (next.pass > 0) {
      const double* rows = net + layout.slopes(0) + (2 * next.pass - 2) * layout.width() + 4 * first;
      copy(to + kFragments, rows, 8 * kSlice);
      copy(to + kFragments + 8 * kSlice, rows + layout.width(), 8 * kSlice);
    }
    next.advance(layout.groups, passes, slices);
    buffer ^= 1;
  }
  /// The slice asked for last, for all warps; asks for the one after it.
  __device__ __forceinline__ const double* receive() {
    const double* received = buffers + (buffer ^ 1) * kBuffer;
    wait_for_copies();
    __syncthreads();
    request();
    return received;
  }
};

__device__ __forceinline__ int lesser(int a, int b) { return a < b ? a : b; }

/// v[p] += operands p times a part of a slice, whose first n_steps k-steps are not padding.
template <int kTiles, int kPart>
__device__ __forceinline__ void multiply_part(double (&v)[2][kTiles][2], const double (&operand)[kPart][2][2],
                                              const double* slice, int n_steps) {
  apart([&] {
#pragma unroll
    for (int kt = 0; kt < 2 * kPart; ++kt) {
      if (kt >= n_steps) break;
      const double(&a)[2] = operand[kt / 2][kt % 2];
#pragma unroll
      for (int i = 0; i < kTiles; ++i) mma_pair(v[0][i], v[1][i], a[0], a[1], slice[(kt * kTiles + i) * kWarp]);
    }
  });
}

/// `aside`: this lane's part of the warp's room, wide_aside doubles: slopes phi1' of all neurons, then the second
/// layer's pre-activations and their Laplacians of one group.
template <Activation kActivation, int kTiles>
__device__ __forceinline__ double wide_galerkin_value(MatrixStream<kTiles>& stream, double* aside,
                                                      const PointView& points, std::int64_t q, const LanePlace& at) {
  constexpr int kSlice = MatrixStream<kTiles>::kSlice, kPart = MatrixStream<kTiles>::kPart;
  const TileLayout& layout = stream.layout;
  const double* net = stream.net;
  const int own = 2 * at.t;
  LanePairs<1, true> slopes{{}, aside};
  LanePairs<1, true> second{{}, aside + 2 * layout.tiles() * kWarp};
  double n = 0.0, cross = 0.0, laplacian = 0.0;
  add_direct_output(layout, net, points, q, at, n, cross);
#pragma unroll 1
  for (int group = 0; group < layout.groups; ++group) {
    const int first_neuron = 8 * group * kTiles + own;
    {
      double v[2][kTiles][2];  // of the second layer: pre-activations and their Laplacians
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          v[0][i][e] = net[layout.even_bias(0) + first_neuron + 8 * i + e];
          v[1][i][e] = 0.0;
        }
      }
#pragma unroll 1
      for (int s = 0; s < stream.slices; ++s) {
        const int first_tile = s * kSlice;
        const double* slice = stream.receive() + at.lane;
        double u[kSlice][2];  // pre-activations of the first layer
#pragma unroll
        for (int k = 0; k < kSlice; ++k) {
          u[k][0] = net[layout.odd_bias(0) + 8 * (first_tile + k) + own];
          u[k][1] = net[layout.odd_bias(0) + 8 * (first_tile + k) + own + 1];
        }
        const double* direct = net + layout.direct(0) + at.lane +
                               (first_tile / kTiles * layout.x_steps() * kTiles + first_tile % kTiles) * kWarp;
#pragma unroll 1
        for (int kx = 0; kx < layout.x_steps(); ++kx) {
          const double x = points.x(4 * kx + at.t, q);
#pragma unroll
          for (int k = 0; k < kSlice; ++k) mma_m8n8k4(u[k], x, direct[(kx * kTiles + k) * kWarp]);
        }
#pragma unroll
        for (int part = 0; part < kSlice; part += kPart) {
          double operand[kPart][2][2] = {};  // (h, Lap h)
#pragma unroll
          for (int k = part; k < kSlice && k < part + kPart; ++k) {
            double slope[2];
#pragma unroll
            for (int e = 0; e < 2; ++e) {
              const math::ActivationJet<double> phi = math::activate<kActivation>(u[k][e]);
              operand[k - part][e][0] = phi.f;
              operand[k - part][e][1] = phi.f2 * net[layout.direct_norm() + 8 * (first_tile + k) + own + e];
              slope[e] = phi.f1;
            }
            slopes.store(first_tile + k, slope[0], slope[1]);
          }
          multiply_part<kTiles>(v, operand, slice + 2 * part * kTiles * kWarp,
                                lesser(2 * (kSlice - part), layout.used_k_steps() - 2 * (first_tile + part)));
        }
      }
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
        second.store(i, v[0][i][0], v[0][i][1]);
        second.store(kTiles + i, v[1][i][0], v[1][i][1]);
      }
    }
    double squares[kTiles][2] = {};  // sum_c g_c^2
    double along[kTiles][2] = {};    // sum_c slope_c g_c
#pragma unroll 1
    for (int c = 0; c < layout.even_dimension(); c += 2) {
      const double slope_of_points[2] = {points.slope(c, q), points.slope(c + 1, q)};
      double g[2][kTiles][2] = {};
#pragma unroll 1
      for (int s = 0; s < stream.slices; ++s) {
        const double* slice = stream.receive();
        const double* rows = slice + MatrixStream<kTiles>::kFragments + own;
#pragma unroll
        for (int part = 0; part < kSlice; part += kPart) {
          double operand[kPart][2][2] = {};
#pragma unroll
          for (int k = part; k < kSlice && k < part + kPart; ++k) {
            const double2 slope = slopes[s * kSlice + k];
            const double2 first = load_pair(rows + 8 * k), other = load_pair(rows + 8 * (kSlice + k));
            operand[k - part][0][0] = slope.x * first.x;
            operand[k - part][0][1] = slope.x * other.x;
            operand[k - part][1][0] = slope.y * first.y;
            operand[k - part][1][1] = slope.y * other.y;
          }
          multiply_part<kTiles>(g, operand, slice + at.lane + 2 * part * kTiles * kWarp,
                                lesser(2 * (kSlice - part), layout.used_k_steps() - 2 * (s * kSlice + part)));
        }
      }
#pragma unroll
      for (int p = 0; p < 2; ++p) {
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
#pragma unroll
          for (int e = 0; e < 2; ++e) {
            squares[i][e] = math::fma(g[p][i][e], g[p][i][e], squares[i][e]);
            along[i][e] = math::fma(slope_of_points[p], g[p][i][e], along[i][e]);
          }
        }
      }
    }
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      const double2 v = second[i], laplacians = second[kTiles + i];
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const math::ActivationJet<double> phi = math::activate<kActivation>(e == 0 ? v.x : v.y);
        const double a = net[layout.out_weight() + first_neuron + 8 * i + e];
        const double a_slope = a * phi.f1;
        n = math::fma(a, phi.f, n);
        cross = math::fma(a_slope, along[i][e], cross);
        laplacian = math::fma(a_slope, e == 0 ? laplacians.x : laplacians.y, laplacian);
        laplacian = math::fma(a * phi.f2, squares[i][e], laplacian);
      }
    }
  }
  n = sum_over_lanes<kOverNeurons>(n) + net[layout.out_bias()];
  return galerkin_value(points, q, n, sum_over_lanes<kOverNeurons>(cross), sum_over_lanes<kOverNeurons>(laplacian));
}

template <Activation kActivation, int kTiles>
__global__ void __launch_bounds__(kMostWideWarps* kWarp, 1)
    wide_tile_loss(TileBatch networks, PointView points, double* partial) {
  TileLayout layout = networks.layout;
  layout.loss = LossKind::galerkin;
  layout.tiles_per_group = kTiles;
  const BlockTask task = block_task(points, blockIdx.x);
  const LanePlace at = lane_place();
  const int warp = static_cast<int>(threadIdx.x) / kWarp, n_warps = static_cast<int>(blockDim.x) / kWarp;
  double* buffers = dynamic_shared();
  double* tile_sums = buffers + 2 * wide_buffer(kTiles);  // (kTilesPerChunk)
  double* aside = tile_sums + kTilesPerChunk + warp * wide_aside(layout) + 2 * at.lane;
  MatrixStream<kTiles> stream{layout,
                              networks.packed + task.network * layout.size(),
                              buffers,
                              1 + layout.even_dimension() / 2,
                              layout.tiles() / MatrixStream<kTiles>::kSlice,
                              {0, 0, 0},
                              0};
  stream.request();
  const int n_tiles = static_cast<int>(task.end - task.begin) / kTilePoints;
#pragma unroll 1
  for (int first = 0; first < n_tiles; first += n_warps) {
    // Warps without a tile of their own do the first one once more, in step with the others.
    const bool has_tile = first + warp < n_tiles;
    const int tile = has_tile ? first + warp : 0;
    const double value = sum_over_lanes<kOverPoints>(wide_galerkin_value<kActivation, kTiles>(
        stream, aside, points, task.begin + tile * kTilePoints + at.g, at));
    if (has_tile && at.lane == 0) tile_sums[tile] = value;
  }
  wait_for_copies();
  add_tiles(tile_sums, n_tiles, partial);
}

template <Activation kActivation>
void launch_wide_tile(const TileBatch& networks, const PointView& points, const WidePlan& plan, double* partial,
                      cudaStream_t stream) {
  const LaunchShape shape{networks.count * points.n_chunks, plan.warps * kWarp, plan.shared_bytes, stream};
  const auto with = [&](auto kernel) { launch("wide tile kernel", kernel, shape, networks, points, partial); };
  switch (networks.layout.tiles_per_group) {
    case 5:
      return with(wide_tile_loss<kActivation, 5>);
    case 6:
      return with(wide_tile_loss<kActivation, 6>);
    case 7:
      return with(wide_tile_loss<kActivation, 7>);
    default:
      return with(wide_tile_loss<kActivation, 8>);
  }
}

}  // namespace landscape::cuda
