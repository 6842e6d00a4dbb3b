// Fused loss of networks with several blocks, of widths beyond 64 and of every activation on the fp64 tensor cores. As
// tile.cuh, but what a lane must remember between passes lies in shared memory: vectors of 2 tiles() doubles per lane,
// written and read by that lane alone, so no barrier is needed. Wide layers go through in groups of output tiles.
//
//   Galerkin  (1) a value pass keeps phi', phi'' of every layer, (2) the gradient channels pass in pairs and add up
//             |g|^2 per layer, (3) the Laplacian channel passes last: Lap h = phi' Lap v + phi'' |g|^2
//   Ritz      a value pass keeps phi' of every layer, one backward pass gives grad N
#pragma once

#include "tile_common.cuh"
#include "tile_launchers.hpp"

namespace landscape::cuda {

/// This lane's share of the warp's vectors: element kt = 2 n + e is neuron 8 n + 2 t + e of point g.
struct LaneState {
  double* base;
  int elements;
  __device__ __forceinline__ double* vector(int v) const { return base + v * elements * kWarp; }
};

/// Everything a pass needs to know.
struct DeepTile {
  const TileLayout& layout;
  const double* net;
  const PointView& points;
  Activation activation;
  LaneState state;
  LanePlace at;
  std::int64_t q;
};

/// to[...] = bias (+ A_k x) (+ M from), one group of output tiles after another. Null pointers leave terms out.
template <int kTiles>
__device__ __forceinline__ void affine_layer(const DeepTile& s, const double* bias, const double* direct,
                                             const double* matrix, const double* from, double* to) {
  const int k_steps = s.layout.k_steps(), x_steps = s.layout.x_steps();
#pragma unroll 1
  for (int group = 0; group < s.layout.groups; ++group) {
    double v[1][kTiles][2];
#pragma unroll
    for (int n = 0; n < kTiles; ++n) {
      const int neuron = 8 * (group * kTiles + n) + 2 * s.at.t;
      v[0][n][0] = bias == nullptr ? 0.0 : bias[neuron];
      v[0][n][1] = bias == nullptr ? 0.0 : bias[neuron + 1];
    }
    if (direct != nullptr) {
      multiply(v, direct + group * x_steps * kTiles * kWarp, x_steps, s.at.lane,
               [&](int kx, int) { return s.points.x(4 * kx + s.at.t, s.q); });
    }
    if (matrix != nullptr) {
      multiply(v, matrix + group * k_steps * kTiles * kWarp, s.layout.used_k_steps(), s.at.lane,
               [&](int kt, int) { return from[kt * kWarp]; });
    }
#pragma unroll
    for (int n = 0; n < kTiles; ++n) {
#pragma unroll
      for (int e = 0; e < 2; ++e) to[(2 * (group * kTiles + n) + e) * kWarp] = v[0][n][e];
    }
  }
}

/// f(element, neuron, phi jet) over this lane's neurons with pre-activations v.
template <class F>
__device__ __forceinline__ void for_activated(const DeepTile& s, const double* v, const F& f) {
  math::with_activation(s.activation, [&](auto activation) {
#pragma unroll 2
    for (int i = 0; i < s.state.elements; ++i) {
      f(i, input_neuron(i, s.at.t), math::activate<decltype(activation)::value>(v[i * kWarp]));
    }
  });
}

// ---- Galerkin -----------------------------------------------------------------------------------------------------

template <int kTiles>
__device__ __forceinline__ void galerkin_value_pass(const DeepTile& s, double& n) {
  const TileLayout& layout = s.layout;
  const GalerkinVectors at{layout.shape.nb};
  const LaneState& state = s.state;
  const double* norm = s.net + layout.direct_norm();
  const double* out_weight = s.net + layout.out_weight();
#pragma unroll 1
  for (int k = 0; k < layout.shape.nb; ++k) {
    double* h = state.vector(at.h(0));
    double* z = state.vector(at.z(0));
    double* slope = state.vector(at.slope(2 * k));
    double* curvature = state.vector(at.curvature(2 * k));
    affine_layer<kTiles>(s, s.net + layout.odd_bias(k), layout.has_direct(k) ? s.net + layout.direct(k) : nullptr,
                         k > 0 ? s.net + layout.odd(k) : nullptr, z, curvature);
    for_activated(s, curvature, [&](int i, int neuron, const math::ActivationJet<double>& phi) {
      h[i * kWarp] = phi.f;
      slope[i * kWarp] = phi.f1;
      curvature[i * kWarp] =
          k == 0 ? phi.f2 * norm[neuron] : phi.f2;  // the first layer's Laplacian is this constant multiple
    });
    slope = state.vector(at.slope(2 * k + 1));
    curvature = state.vector(at.curvature(2 * k + 1));
    affine_layer<kTiles>(s, s.net + layout.even_bias(k), nullptr, s.net + layout.even(k), h, curvature);
    const bool add = layout.shape.skip() && k > 0;
    const bool last = k == layout.shape.nb - 1;
    for_activated(s, curvature, [&](int i, int neuron, const math::ActivationJet<double>& phi) {
      const double value = add ? phi.f + z[i * kWarp] : phi.f;
      const double a = last ? out_weight[neuron] : 1.0;
      slope[i * kWarp] = a * phi.f1;
      curvature[i * kWarp] = a * phi.f2;
      if (last) {
        n = math::fma(a, value, n);
      } else {
        z[i * kWarp] = value;
      }
    });
  }
}

/// Sends kChannels channels that start as operand(kt, channel) through all layers. on_layer(layer, element, neuron,
/// y[channels]) returns nothing and sees every pre-activation; it writes what the next layer reads.
template <int kTiles, int kChannels, class Operand, class Initial, class OnLayer>
__device__ __forceinline__ void channel_pass(const DeepTile& s, const Operand& operand, const Initial& initial,
                                             const OnLayer& on_layer) {
  const TileLayout& layout = s.layout;
  const GalerkinVectors at{layout.shape.nb};
  const int k_steps = layout.k_steps();
#pragma unroll 1
  for (int layer = 1; layer < 2 * layout.shape.nb; ++layer) {
    const int k = layer / 2;
    const bool odd = layer % 2 == 0;  // layer W_2k+1, k > 0: reads the stream
    const double* matrix = s.net + (odd ? layout.odd(k) : layout.even(k));
#pragma unroll 1
    for (int group = 0; group < layout.groups; ++group) {
      double y[kChannels][kTiles][2] = {};
      if (odd) initial(k, group, y);
      const double* fragments = matrix + group * k_steps * kTiles * kWarp;
      if (layer == 1) {
        multiply(y, fragments, layout.used_k_steps(), s.at.lane, operand);
      } else {
        const double* from = s.state.vector(odd ? at.z(0) : at.h(0));
        const int stride = s.state.elements * kWarp;
        multiply(y, fragments, layout.used_k_steps(), s.at.lane,
                 [&](int kt, int c) { return from[c * stride + kt * kWarp]; });
      }
#pragma unroll
      for (int n = 0; n < kTiles; ++n) {
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          double value[kChannels];
#pragma unroll
          for (int c = 0; c < kChannels; ++c) value[c] = y[c][n][e];
          on_layer(layer, 2 * (group * kTiles + n) + e, 8 * (group * kTiles + n) + 2 * s.at.t + e, value);
        }
      }
    }
  }
}

template <int kTiles>
__device__ __forceinline__ double deep_galerkin_value(const DeepTile& s) {
  const TileLayout& layout = s.layout;
  const GalerkinVectors at{layout.shape.nb};
  const LaneState& state = s.state;
  const int last = 2 * layout.shape.nb - 1;
  const bool add_last = layout.shape.skip() && layout.shape.nb > 1;
  const double* out_weight = s.net + layout.out_weight();
  double n = 0.0, cross = 0.0, laplacian = 0.0;
  add_direct_output(layout, s.net, s.points, s.q, s.at, n, cross);
  galerkin_value_pass<kTiles>(s, n);

  const double* first_slope = state.vector(at.slope(0));
#pragma unroll 1
  for (int c = 0; c < layout.even_dimension(); c += 2) {
    double sum[2] = {0.0, 0.0};
    const auto slopes_of = [&](int k, int channel) {
      return s.net + layout.slopes(k) + (c + channel) * layout.width();
    };
    const double* rows = slopes_of(0, 0);
    const auto initial = [&](int k, int group, double(&y)[2][kTiles][2]) {
      if (!layout.shape.skip()) return;
#pragma unroll
      for (int p = 0; p < 2; ++p) {
        const double* row = slopes_of(k, p) + 8 * group * kTiles + 2 * s.at.t;
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
          y[p][i][0] = row[8 * i];
          y[p][i][1] = row[8 * i + 1];
        }
      }
    };
    channel_pass<kTiles, 2>(
        s, [&](int kt, int p) { return first_slope[kt * kWarp] * rows[p * layout.width() + input_neuron(kt, s.at.t)]; },
        initial,
        [&](int layer, int i, int neuron, const double(&y)[2]) {
          const double slope = state.vector(at.slope(layer))[i * kWarp];
          double* z = state.vector(at.z(0)) + i * kWarp;
          const int next = state.elements * kWarp;
          if (layer == last) {
            const double curvature = state.vector(at.curvature(layer))[i * kWarp];
#pragma unroll
            for (int p = 0; p < 2; ++p) {
              sum[p] = math::fma(slope, y[p], sum[p]);
              laplacian = math::fma(curvature * y[p], y[p], laplacian);
              if (add_last) sum[p] = math::fma(out_weight[neuron], z[p * next], sum[p]);
            }
            return;
          }
          double& squares = state.vector(at.squares(layer))[i * kWarp];
          squares = math::fma(y[1], y[1], math::fma(y[0], y[0], c == 0 ? 0.0 : squares));
          const bool to_stream = layer % 2 == 1;
          const bool add = to_stream && layer > 1 && layout.shape.skip();
          double* to = to_stream ? z : state.vector(at.h(0)) + i * kWarp;
#pragma unroll
          for (int p = 0; p < 2; ++p) to[p * next] = add ? math::fma(slope, y[p], to[p * next]) : slope * y[p];
        });
    cross = math::fma(s.points.slope(c, s.q), sum[0], cross);
    cross = math::fma(s.points.slope(c + 1, s.q), sum[1], cross);
  }

  const double* first_laplacian = state.vector(at.curvature(0));
  channel_pass<kTiles, 1>(
      s, [&](int kt, int) { return first_laplacian[kt * kWarp]; }, [](int, int, double(&)[1][kTiles][2]) {},
      [&](int layer, int i, int neuron, const double(&y)[1]) {
        const double slope = state.vector(at.slope(layer))[i * kWarp];
        double& z = state.vector(at.z(0))[i * kWarp];
        if (layer == last) {
          laplacian = math::fma(slope, y[0], laplacian);
          if (add_last) laplacian = math::fma(out_weight[neuron], z, laplacian);
          return;
        }
        const double through = math::fma(
            slope, y[0], state.vector(at.curvature(layer))[i * kWarp] * state.vector(at.squares(layer))[i * kWarp]);
        if (layer % 2 == 1) {
          z = layer > 1 && layout.shape.skip() ? z + through : through;
        } else {
          state.vector(at.h(0))[i * kWarp] = through;
        }
      });
  n = sum_over_lanes<kOverNeurons>(n) + s.net[layout.out_bias()];
  return galerkin_value(s.points, s.q, n, sum_over_lanes<kOverNeurons>(cross), sum_over_lanes<kOverNeurons>(laplacian));
}

// ---- Ritz ---------------------------------------------------------------------------------------------------------

template <int kTiles>
__device__ __forceinline__ double deep_ritz_value(const DeepTile& s) {
  const TileLayout& layout = s.layout;
  const RitzVectors at{layout.shape.nb};
  const LaneState& state = s.state;
  const int k_steps = layout.k_steps();
  const double* out_weight = s.net + layout.out_weight();
  const double* out_direct = s.net + layout.out_direct();
  double* h = state.vector(at.h());
  double* z = state.vector(at.z());
  double* gradient = state.vector(at.count());
  double n = 0.0, unused = 0.0;
  add_direct_output(layout, s.net, s.points, s.q, s.at, n, unused);
  for (int nd = 0; nd < layout.gradient_tiles(); ++nd) {
    gradient[2 * nd * kWarp] = out_direct[8 * nd + 2 * s.at.t];
    gradient[(2 * nd + 1) * kWarp] = out_direct[8 * nd + 2 * s.at.t + 1];
  }
#pragma unroll 1
  for (int k = 0; k < layout.shape.nb; ++k) {
    double* odd = state.vector(at.slope(2 * k));
    double* even = state.vector(at.slope(2 * k + 1));
    affine_layer<kTiles>(s, s.net + layout.odd_bias(k), layout.has_direct(k) ? s.net + layout.direct(k) : nullptr,
                         k > 0 ? s.net + layout.odd(k) : nullptr, z, odd);
    for_activated(s, odd, [&](int i, int, const math::ActivationJet<double>& phi) {
      h[i * kWarp] = phi.f;
      odd[i * kWarp] = phi.f1;
    });
    affine_layer<kTiles>(s, s.net + layout.even_bias(k), nullptr, s.net + layout.even(k), h, even);
    const bool add = layout.shape.skip() && k > 0;
    const bool last = k == layout.shape.nb - 1;
    for_activated(s, even, [&](int i, int neuron, const math::ActivationJet<double>& phi) {
      const double value = add ? phi.f + z[i * kWarp] : phi.f;
      even[i * kWarp] = phi.f1;
      z[i * kWarp] = value;
      if (last) {
        const double a = out_weight[neuron];
        n = math::fma(a, value, n);
        z[i * kWarp] = a;  // from here on dN/dz
      }
    });
  }
#pragma unroll 1
  for (int k = layout.shape.nb - 1; k >= 0; --k) {
    double* odd = state.vector(at.slope(2 * k));
    const double* even = state.vector(at.slope(2 * k + 1));
    for (int i = 0; i < state.elements; ++i) h[i * kWarp] = z[i * kWarp] * even[i * kWarp];
    const auto backward = [&](const double* matrix, const double* from, const auto& combine) {
#pragma unroll 1
      for (int group = 0; group < layout.groups; ++group) {
        double y[1][kTiles][2] = {};
        multiply(y, matrix + group * k_steps * kTiles * kWarp, layout.used_k_steps(), s.at.lane,
                 [&](int kt, int) { return from[kt * kWarp]; });
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
#pragma unroll
          for (int e = 0; e < 2; ++e) combine((2 * (group * kTiles + i) + e) * kWarp, y[0][i][e]);
        }
      }
    };
    backward(s.net + layout.even_transposed(k), h, [&](int i, double y) { odd[i] *= y; });
    if (layout.has_direct(k)) {
#pragma unroll 1
      for (int nd = 0; nd < layout.gradient_tiles(); ++nd) {
        double g[2] = {gradient[2 * nd * kWarp], gradient[(2 * nd + 1) * kWarp]};
        multiply_gradient(g, s.net + layout.slopes(k) + nd * k_steps * kWarp, layout.used_k_steps(), s.at.lane,
                          [&](int kt) { return odd[kt * kWarp]; });
        gradient[2 * nd * kWarp] = g[0];
        gradient[(2 * nd + 1) * kWarp] = g[1];
      }
    }
    if (k > 0) {
      const bool residual = layout.shape.skip();
      backward(s.net + layout.odd_transposed(k), odd, [&](int i, double y) { z[i] = residual ? z[i] + y : y; });
    }
  }
  n = sum_over_lanes<kOverNeurons>(n) + s.net[layout.out_bias()];
  const double b = s.points.top[s.q];
  double energy = 0.0;
  for (int nd = 0; nd < layout.gradient_tiles(); ++nd) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const double du = math::fma(b, gradient[(2 * nd + e) * kWarp], n * s.points.slope(8 * nd + 2 * s.at.t + e, s.q));
      energy = math::fma(du, du, energy);
    }
  }
  return ritz_value(s.points, s.q, n, sum_over_lanes<kOverNeurons>(energy));
}

// ---- kernel -------------------------------------------------------------------------------------------------------

template <LossKind kLoss, int kTiles>
__global__ void __launch_bounds__(kMostDeepWarps* kWarp, kTiles <= 3 ? 2 : 1)
    deep_tile_loss(TileBatch networks, PointView points, Activation activation, bool weights_in_shared, int state_size,
                   double* partial) {
  TileLayout layout = networks.layout;
  layout.loss = kLoss;
  layout.tiles_per_group = kTiles;
  const BlockTask task = block_task(points, blockIdx.x);
  double* tile_sums = dynamic_shared();  // (kTilesPerChunk)
  double* states = tile_sums + kTilesPerChunk;
  const double* net = networks.packed + task.network * layout.size();
  if (weights_in_shared) {
    copy_to_shared(states, net, layout.size());
    net = states;
    states += layout.size();
    __syncthreads();
  }
  const LanePlace at = lane_place();
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int n_warps = static_cast<int>(blockDim.x) / kWarp;
  const LaneState state{states + warp * state_size + at.lane, layout.k_steps()};
  const int n_tiles = static_cast<int>(task.end - task.begin) / kTilePoints;
#pragma unroll 1
  for (int tile = warp; tile < n_tiles; tile += n_warps) {
    const DeepTile s{layout, net, points, activation, state, at, task.begin + tile * kTilePoints + at.g};
    double value;
    if constexpr (kLoss == LossKind::galerkin) {
      value = deep_galerkin_value<kTiles>(s);
    } else {
      value = deep_ritz_value<kTiles>(s);
    }
    value = sum_over_lanes<kOverPoints>(value);
    if (at.lane == 0) tile_sums[tile] = value;
  }
  add_tiles(tile_sums, n_tiles, partial);
}

template <LossKind kLoss>
void launch_deep_tile(Activation activation, const TileBatch& networks, const PointView& points,
                      const DeepTilePlan& plan, double* partial, cudaStream_t stream) {
  const LaunchShape shape{networks.count * points.n_chunks, plan.warps * kWarp, plan.shared_bytes, stream};
  const auto with = [&](auto kernel) {
    launch("deep tile kernel", kernel, shape, networks, points, activation, plan.weights_in_shared, plan.state_size,
           partial);
  };
  switch (networks.layout.tiles_per_group) {
    case 1:
      return with(deep_tile_loss<kLoss, 1>);
    case 2:
      return with(deep_tile_loss<kLoss, 2>);
    case 3:
      return with(deep_tile_loss<kLoss, 3>);
    case 4:
      return with(deep_tile_loss<kLoss, 4>);
    case 5:
      return with(deep_tile_loss<kLoss, 5>);
    case 6:
      return with(deep_tile_loss<kLoss, 6>);
    case 7:
      return with(deep_tile_loss<kLoss, 7>);
    default:
      return with(deep_tile_loss<kLoss, 8>);
  }
}

}  // namespace landscape::cuda
