// Fused loss of single-block networks of any width on the fp64 tensor cores: as tile.cuh, but output neurons go through
// in groups of kTiles tiles, and the hidden matrix is streamed. A block is some warps with a tile of 8 points each
// (Ritz: two tiles); all of them multiply by the same slice of the matrix, which lies in shared memory while the next
// one arrives.
//
//   Galerkin  for each group, (h, Lap h) of all inputs, then the gradient channels in pairs; their contraction with the
//             group's second activation is added to N, slope . grad N and Lap N
//   Ritz      for each group, h of all inputs gives N and a * phi2'; then for each group of inputs, W2^T of that gives
//             nu and its share of grad N
//
// The first activation is evaluated again for every group: to remember it would cost more room than it takes time.
#pragma once

#include "tile_common.cuh"
#include "tile_launchers.hpp"

namespace landscape::cuda {

/// The stream of a block: two buffers of kTiles x 2 kSlice fragments and two rows of 8 kSlice slopes. Galerkin: of each
/// group, pass 0 is (h, Lap h), pass p the channels 2 p - 2 and 2 p - 1. Ritz: groups of the matrix, then of its
/// transpose.
template <LossKind kLoss, int kTiles>
struct MatrixStream {
  static constexpr int kSlice = wide_slice(kTiles);      // input tiles
  static constexpr int kPart = kSlice > 5 ? 4 : kSlice;  // of which operands are in registers at once
  static constexpr int kFragments = 2 * kSlice * kTiles * kWarp;
  static constexpr int kBuffer = wide_buffer(kTiles);
  const TileLayout& layout;
  const double* net;
  double* buffers;
  int groups, passes, slices;
  int group = 0, pass = 0, slice = 0;  // that is asked for next
  int buffer = 0;                      // where it will lie

  __device__ __forceinline__ MatrixStream(const TileLayout& of, const double* network, double* room)
      : layout(of),
        net(network),
        buffers(room),
        groups(kLoss == LossKind::galerkin ? of.groups : 2 * of.groups),
        passes(kLoss == LossKind::galerkin ? 1 + of.even_dimension() / 2 : 1),
        slices(of.tiles() / kSlice) {}

  __device__ __forceinline__ void copy(double* to, const double* from, int n) const {
    for (int i = 2 * static_cast<int>(threadIdx.x); i < n; i += 2 * static_cast<int>(blockDim.x)) {
      copy_async(to + i, from + i);
    }
  }
  __device__ __forceinline__ void request() {
    double* to = buffers + buffer * kBuffer;
    const int first = 2 * kSlice * slice;
    // The transpose lies behind the matrix, so that its groups count on.
    copy(to, net + layout.even(0) + (group * layout.k_steps() + first) * kTiles * kWarp, kFragments);
    if (pass > 0) {
      const double* rows = net + layout.slopes(0) + (2 * pass - 2) * layout.width() + 4 * first;
      copy(to + kFragments, rows, 8 * kSlice);
      copy(to + kFragments + 8 * kSlice, rows + layout.width(), 8 * kSlice);
    }
    buffer ^= 1;
    if (++slice < slices) return;
    slice = 0;
    if (++pass < passes) return;
    pass = 0;
    if (++group == groups) group = 0;
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

/// Pre-activations of kCount input tiles from tile `first` on, which lie in one group, for the points q and, if kPoints
/// is 2, q + 8.
template <int kTiles, int kCount, int kPoints>
__device__ __forceinline__ void first_tiles(const TileLayout& layout, const double* net, const PointView& points,
                                            std::int64_t q, const LanePlace& at, int first,
                                            double (&u)[kPoints][kCount][2]) {
  const double* bias = net + layout.odd_bias(0) + 8 * first + 2 * at.t;
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
#pragma unroll
      for (int p = 0; p < kPoints; ++p) u[p][k][e] = bias[8 * k + e];
    }
  }
  const double* direct =
      net + layout.direct(0) + at.lane + (first / kTiles * layout.x_steps() * kTiles + first % kTiles) * kWarp;
#pragma unroll 1
  for (int kx = 0; kx < layout.x_steps(); ++kx) {
    double x[kPoints];
#pragma unroll
    for (int p = 0; p < kPoints; ++p) x[p] = points.x(4 * kx + at.t, q + p * kTilePoints);
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      const double b = direct[(kx * kTiles + k) * kWarp];
      if constexpr (kPoints == 2) {
        mma_pair(u[0][k], u[1][k], x[0], x[1], b);
      } else {
        mma_m8n8k4(u[0][k], x[0], b);
      }
    }
  }
}

/// `aside`: this lane's part of the warp's room, wide_aside doubles: slopes phi1' of all neurons, then the second
/// layer's pre-activations and their Laplacians of one group.
template <Activation kActivation, int kTiles>
__device__ __forceinline__ double wide_galerkin_value(MatrixStream<LossKind::galerkin, kTiles>& stream, double* aside,
                                                      const PointView& points, std::int64_t q, const LanePlace& at) {
  constexpr int kSlice = MatrixStream<LossKind::galerkin, kTiles>::kSlice,
                kPart = MatrixStream<LossKind::galerkin, kTiles>::kPart;
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
        double u[1][kSlice][2];
        first_tiles<kTiles>(layout, net, points, q, at, first_tile, u);
#pragma unroll
        for (int part = 0; part < kSlice; part += kPart) {
          double operand[kPart][2][2] = {};  // (h, Lap h)
#pragma unroll
          for (int k = part; k < kSlice && k < part + kPart; ++k) {
            double slope[2];
#pragma unroll
            for (int e = 0; e < 2; ++e) {
              const math::ActivationJet<double> phi = math::activate<kActivation>(u[0][k][e]);
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
    ChannelSums<TileShape<kTiles, false>> sums;
#pragma unroll 1
    for (int c = 0; c < layout.even_dimension(); c += 2) {
      const double slope_of_points[2] = {points.slope(c, q), points.slope(c + 1, q)};
      double g[2][kTiles][2] = {};
#pragma unroll 1
      for (int s = 0; s < stream.slices; ++s) {
        const double* slice = stream.receive();
        const double* rows = slice + MatrixStream<LossKind::galerkin, kTiles>::kFragments + own;
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
      sums.add(g, slope_of_points);
    }
    sums.template contract<kActivation>(second, net + layout.out_weight() + first_neuron, n, cross, laplacian);
  }
  n = sum_over_lanes<kOverNeurons>(n) + net[layout.out_bias()];
  return galerkin_value(points, q, n, sum_over_lanes<kOverNeurons>(cross), sum_over_lanes<kOverNeurons>(laplacian));
}

/// Two tiles of points at once, q and q + 8. `aside`: a * phi2' of both and all neurons.
template <Activation kActivation, int kTiles>
__device__ __forceinline__ void wide_ritz_values(MatrixStream<LossKind::ritz, kTiles>& stream, double* aside,
                                                 const PointView& points, std::int64_t q, const LanePlace& at,
                                                 double (&values)[2]) {
  using Stream = MatrixStream<LossKind::ritz, kTiles>;
  constexpr int kSlice = Stream::kSlice, kPart = Stream::kPart;
  const TileLayout& layout = stream.layout;
  const double* net = stream.net;
  const int own = 2 * at.t;
  LanePairs<1, true> weights{{}, aside};
  double n[2] = {0.0, 0.0}, unused = 0.0;
#pragma unroll
  for (int p = 0; p < 2; ++p) add_direct_output(layout, net, points, q + p * kTilePoints, at, n[p], unused);
#pragma unroll 1
  for (int group = 0; group < layout.groups; ++group) {
    double v[2][kTiles][2];
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        v[0][i][e] = v[1][i][e] = net[layout.even_bias(0) + 8 * (group * kTiles + i) + own + e];
      }
    }
#pragma unroll 1
    for (int s = 0; s < stream.slices; ++s) {
      const int first_tile = s * kSlice;
      const double* slice = stream.receive() + at.lane;
      double u[2][kSlice][2];
      first_tiles<kTiles>(layout, net, points, q, at, first_tile, u);
#pragma unroll
      for (int part = 0; part < kSlice; part += kPart) {
        double operand[kPart][2][2] = {};
#pragma unroll
        for (int k = part; k < kSlice && k < part + kPart; ++k) {
#pragma unroll
          for (int e = 0; e < 2; ++e) {
#pragma unroll
            for (int p = 0; p < 2; ++p) operand[k - part][e][p] = math::activate<kActivation>(u[p][k][e]).f;
          }
        }
        multiply_part<kTiles>(v, operand, slice + 2 * part * kTiles * kWarp,
                              lesser(2 * (kSlice - part), layout.used_k_steps() - 2 * (first_tile + part)));
      }
    }
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const double a = net[layout.out_weight() + 8 * (group * kTiles + i) + own + e];
        double weight[2];
#pragma unroll
        for (int p = 0; p < 2; ++p) {
          const math::ActivationJet<double> phi = math::activate<kActivation>(v[p][i][e]);
          n[p] = math::fma(a, phi.f, n[p]);
          weight[p] = a * phi.f1;
        }
        weights.store(2 * (group * kTiles + i) + e, weight[0], weight[1]);
      }
    }
  }
  LanePairs<1, true> gradient{{}, aside + 4 * layout.tiles() * kWarp};  // of both points: this lane's dimensions
#pragma unroll 1
  for (int nd = 0; nd < layout.gradient_tiles(); ++nd) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const double o = net[layout.out_direct() + 8 * nd + own + e];
      gradient.store(2 * nd + e, o, o);
    }
  }
#pragma unroll 1
  for (int group = 0; group < layout.groups; ++group) {
    double v[2][kTiles][2] = {};
#pragma unroll 1
    for (int s = 0; s < stream.slices; ++s) {
      const double* slice = stream.receive() + at.lane;
#pragma unroll
      for (int part = 0; part < kSlice; part += kPart) {
        double operand[kPart][2][2] = {};
#pragma unroll
        for (int k = part; k < kSlice && k < part + kPart; ++k) {
#pragma unroll
          for (int e = 0; e < 2; ++e) {
            const double2 weight = weights[2 * (s * kSlice + k) + e];
            operand[k - part][e][0] = weight.x;
            operand[k - part][e][1] = weight.y;
          }
        }
        multiply_part<kTiles>(v, operand, slice + 2 * part * kTiles * kWarp,
                              lesser(2 * (kSlice - part), layout.used_k_steps() - 2 * (s * kSlice + part)));
      }
    }
    // nu of the group's inputs, then their part of grad N.
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
      double u[2][1][2];
      first_tiles<kTiles>(layout, net, points, q, at, group * kTiles + i, u);
#pragma unroll
      for (int e = 0; e < 2; ++e) {
#pragma unroll
        for (int p = 0; p < 2; ++p) v[p][i][e] *= math::activate<kActivation>(u[p][0][e]).f1;
      }
    }
#pragma unroll 1
    for (int nd = 0; nd < layout.gradient_tiles(); ++nd) {
      const double* fragments = net + layout.slopes(0) + (nd * layout.k_steps() + 2 * group * kTiles) * kWarp + at.lane;
      double g[2][2], second[2][2] = {};
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const double2 before = gradient[2 * nd + e];
        g[0][e] = before.x;
        g[1][e] = before.y;
      }
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
        mma_pair(g[0], g[1], v[0][i][0], v[1][i][0], fragments[2 * i * kWarp]);
        mma_pair(second[0], second[1], v[0][i][1], v[1][i][1], fragments[(2 * i + 1) * kWarp]);
      }
#pragma unroll
      for (int e = 0; e < 2; ++e) gradient.store(2 * nd + e, g[0][e] + second[0][e], g[1][e] + second[1][e]);
    }
  }
#pragma unroll
  for (int p = 0; p < 2; ++p) {
    n[p] = sum_over_lanes<kOverNeurons>(n[p]) + net[layout.out_bias()];
    const std::int64_t own_point = q + p * kTilePoints;
    double energy = 0.0;
#pragma unroll 1
    for (int nd = 0; nd < layout.gradient_tiles(); ++nd) {
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        const double2 of_points = gradient[2 * nd + e];
        const double du = math::fma(points.top[own_point], p == 0 ? of_points.x : of_points.y,
                                    n[p] * points.slope(8 * nd + own + e, own_point));
        energy = math::fma(du, du, energy);
      }
    }
    values[p] = ritz_value(points, own_point, n[p], sum_over_lanes<kOverNeurons>(energy));
  }
}

template <LossKind kLoss, Activation kActivation, int kTiles>
__global__ void __launch_bounds__(kMostWideWarps* kWarp, 1)
    wide_tile_loss(TileBatch networks, PointView points, double* partial) {
  TileLayout layout = networks.layout;
  layout.loss = kLoss;
  layout.tiles_per_group = kTiles;
  const BlockTask task = block_task(points, blockIdx.x);
  const LanePlace at = lane_place();
  const int warp = static_cast<int>(threadIdx.x) / kWarp, n_warps = static_cast<int>(blockDim.x) / kWarp;
  double* buffers = dynamic_shared();
  double* tile_sums = buffers + 2 * wide_buffer(kTiles);  // (kTilesPerChunk)
  double* aside = tile_sums + kTilesPerChunk + warp * wide_aside(layout) + 2 * at.lane;
  MatrixStream<kLoss, kTiles> stream(layout, networks.packed + task.network * layout.size(), buffers);
  stream.request();
  const int n_tiles = static_cast<int>(task.end - task.begin) / kTilePoints;
  constexpr int kAtOnce = kLoss == LossKind::galerkin ? 1 : 2;  // tiles; their number is a multiple of four
#pragma unroll 1
  for (int first = 0; first < n_tiles; first += kAtOnce * n_warps) {
    // Warps without points of their own take the first ones once more, in step with the others.
    const bool has_tile = first + kAtOnce * warp < n_tiles;
    const int tile = has_tile ? first + kAtOnce * warp : 0;
    const std::int64_t q = task.begin + tile * kTilePoints + at.g;
    double values[kAtOnce];
    if constexpr (kLoss == LossKind::galerkin) {
      values[0] = wide_galerkin_value<kActivation, kTiles>(stream, aside, points, q, at);
    } else {
      wide_ritz_values<kActivation, kTiles>(stream, aside, points, q, at, values);
    }
#pragma unroll
    for (int p = 0; p < kAtOnce; ++p) {
      const double sum = sum_over_lanes<kOverPoints>(values[p]);
      if (has_tile && at.lane == 0) tile_sums[tile + p] = sum;
    }
  }
  wait_for_copies();
  add_tiles(tile_sums, n_tiles, partial);
}

template <LossKind kLoss, Activation kActivation>
void launch_wide_tile(const TileBatch& networks, const PointView& points, const WidePlan& plan, double* partial,
                      cudaStream_t stream) {
  const LaunchShape shape{networks.count * points.n_chunks, plan.warps * kWarp, plan.shared_bytes, stream};
  const auto with = [&](auto kernel) { launch("wide tile kernel", kernel, shape, networks, points, partial); };
  switch (networks.layout.tiles_per_group) {
    case 5:
      return with(wide_tile_loss<kLoss, kActivation, 5>);
    case 6:
      return with(wide_tile_loss<kLoss, kActivation, 6>);
    case 7:
      return with(wide_tile_loss<kLoss, kActivation, 7>);
    default:
      return with(wide_tile_loss<kLoss, kActivation, 8>);
  }
}

}  // namespace landscape::cuda
