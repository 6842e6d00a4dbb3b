// Activation passes of the cuBLAS path: one warp per (network, point), its lanes run over the neurons, so every access
// is a contiguous stretch of one channel. Formulas as in landscape/math/network.hpp.
#include "gemm_passes.hpp"
#include "landscape/math/folded_network.hpp"
#include "tile_common.cuh"

namespace landscape::cuda {
namespace {

constexpr int kWarpsPerBlock = 4;

/// What one warp works on.
struct Place {
  std::int64_t network, point, q;
  int lane;
  bool inside;
  const double* net;
  math::FoldedLayout<math::DynamicShape> layout;
};
__device__ __forceinline__ Place place_of(const GemmTile& tile) {
  const std::int64_t warp = static_cast<std::int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.x / kWarp;
  const std::int64_t network = warp / tile.n_points;
  const std::int64_t point = warp - network * tile.n_points;
  return {network,
          point,
          tile.first_point + point,
          static_cast<int>(threadIdx.x) % kWarp,
          network < tile.networks.count,
          tile.networks.folded + network * tile.networks.stride,
          {tile.what.shape}};
}

/// Neurons of channel c at this warp's point.
__device__ __forceinline__ double* channel(const GemmTile& tile, const Place& at, double* array, int c) {
  return array + ((at.network * tile.channels + c) * tile.n_points + at.point) * tile.what.shape.w;
}
__device__ __forceinline__ double* layer_slopes(const GemmTile& tile, const Place& at, int layer) {
  return tile.slopes + ((layer * tile.networks.count + at.network) * tile.n_points + at.point) * tile.what.shape.w;
}

/// Sends the pre-activation channels `from` (+ shift per channel) of all neurons through phi and stores them with
/// `store(c, i, value)`.
template <class Shift, class Store>
__device__ __forceinline__ void activate_neurons(const GemmTile& tile, const Place& at, int layer, double* from,
                                                 const double* bias, const Shift& shift, const Store& store) {
  const int d = tile.what.shape.d, w = tile.what.shape.w;
  const bool galerkin = tile.what.loss == LossKind::galerkin;
  const std::int64_t next = static_cast<std::int64_t>(tile.n_points) * w;
  math::with_activation(tile.what.activation, [&](auto activation) {
    for (int i = at.lane; i < w; i += kWarp) {
      const double v = (from == nullptr ? 0.0 : from[i]) + bias[i] + shift.value(i);
      const auto phi = math::activate<decltype(activation)::value>(v);
      store(0, i, phi.f);
      if (!galerkin) {
        layer_slopes(tile, at, layer)[i] = phi.f1;
        continue;
      }
      double square = 0.0;
      for (int j = 0; j < d; ++j) {
        const double g = (from == nullptr ? 0.0 : from[(1 + j) * next + i]) + shift.slope(j, i);
        square = math::fma(g, g, square);
        store(1 + j, i, phi.f1 * g);
      }
      const double laplacian = from == nullptr ? 0.0 : from[(d + 1) * next + i];
      store(d + 1, i, math::fma(phi.f1, laplacian, phi.f2 * square));
    }
  });
}

/// A_k x and A_k, or nothing.
struct DirectShift {
  const double* direct;  // (d, w) or null
  int d, w;
  const PointView& points;
  std::int64_t q;
  __device__ double value(int i) const {
    double sum = 0.0;
    for (int j = 0; direct != nullptr && j < d; ++j) sum = math::fma(direct[j * w + i], points.x(j, q), sum);
    return sum;
  }
  __device__ double slope(int j, int i) const { return direct == nullptr ? 0.0 : direct[j * w + i]; }
};

__global__ void odd_layer(GemmTile tile, int k) {
  const Place at = place_of(tile);
  if (!at.inside) return;
  const math::DynamicShape& s = tile.what.shape;
  const DirectShift shift{at.layout.has_direct(k) ? at.net + at.layout.direct(k) : nullptr, s.d, s.w, tile.points,
                          at.q};
  activate_neurons(tile, at, 2 * k, k == 0 ? nullptr : channel(tile, at, tile.y, 0), at.net + at.layout.odd_bias(k),
                   shift, [&](int c, int i, double value) { channel(tile, at, tile.h, c)[i] = value; });
}

__global__ void even_layer(GemmTile tile, int k) {
  const Place at = place_of(tile);
  if (!at.inside) return;
  const bool add = tile.what.shape.skip() && k > 0;
  const DirectShift none{nullptr, 0, 0, tile.points, at.q};
  activate_neurons(tile, at, 2 * k + 1, channel(tile, at, tile.y, 0), at.net + at.layout.even_bias(k), none,
                   [&](int c, int i, double value) {
                     double& z = channel(tile, at, tile.z, c)[i];
                     z = add ? z + value : value;
                   });
}

/// o . x and o . slope over this lane's dimensions.
__device__ __forceinline__ void direct_output(const GemmTile& tile, const Place& at, double& n, double& cross) {
  const double* out_direct = at.net + at.layout.out_direct();
  for (int j = at.lane; j < tile.what.shape.d; j += kWarp) {
    n = math::fma(out_direct[j], tile.points.x(j, at.q), n);
    cross = math::fma(out_direct[j], tile.points.slope(j, at.q), cross);
  }
}

__global__ void last_layer_galerkin(GemmTile tile, double* integrand) {
  const Place at = place_of(tile);
  if (!at.inside) return;
  const math::DynamicShape& s = tile.what.shape;
  const int k = s.nb - 1;
  const bool add = s.skip() && k > 0;
  const double* a = at.net + at.layout.out_weight();
  const double* bias = at.net + at.layout.even_bias(k);
  const std::int64_t next = static_cast<std::int64_t>(tile.n_points) * s.w;
  const double* y = channel(tile, at, tile.y, 0);
  const double* z = channel(tile, at, tile.z, 0);
  double* a_slope = channel(tile, at, tile.y, 0);      // replaces the values, which are used up
  double* a_curvature = channel(tile, at, tile.h, 0);  // the product has consumed h
  double n = 0.0, cross = 0.0, laplacian = 0.0;
  direct_output(tile, at, n, cross);
  math::with_activation(tile.what.activation, [&](auto activation) {
    for (int i = at.lane; i < s.w; i += kWarp) {
      const auto phi = math::activate<decltype(activation)::value>(y[i] + bias[i]);
      n = math::fma(a[i], add ? phi.f + z[i] : phi.f, n);
      a_slope[i] = a[i] * phi.f1;
      a_curvature[i] = a[i] * phi.f2;
    }
  });
  for (int j = 0; j < s.d; ++j) {
    double sum = 0.0;
    for (int i = at.lane; i < s.w; i += kWarp) {
      const double g = y[(1 + j) * next + i];
      sum = math::fma(a_slope[i], g, sum);
      if (add) sum = math::fma(a[i], z[(1 + j) * next + i], sum);
      laplacian = math::fma(a_curvature[i] * g, g, laplacian);
    }
    cross = math::fma(tile.points.slope(j, at.q), sum, cross);
  }
  for (int i = at.lane; i < s.w; i += kWarp) {
    laplacian = math::fma(a_slope[i], y[(s.d + 1) * next + i], laplacian);
    if (add) laplacian = math::fma(a[i], z[(s.d + 1) * next + i], laplacian);
  }
  n = warp_sum(n) + at.net[at.layout.out_bias()];
  const double value = galerkin_value(tile.points, at.q, n, warp_sum(cross), warp_sum(laplacian));
  if (at.lane == 0) integrand[at.network * tile.points.n + at.q] = value;
}

__global__ void last_layer_ritz(GemmTile tile) {
  const Place at = place_of(tile);
  if (!at.inside) return;
  const math::DynamicShape& s = tile.what.shape;
  const int k = s.nb - 1;
  const bool add = s.skip() && k > 0;
  const double* a = at.net + at.layout.out_weight();
  const double* bias = at.net + at.layout.even_bias(k);
  const double* y = channel(tile, at, tile.y, 0);
  double* h = channel(tile, at, tile.h, 0);
  double* z = channel(tile, at, tile.z, 0);
  double n = 0.0, unused = 0.0;
  direct_output(tile, at, n, unused);
  math::with_activation(tile.what.activation, [&](auto activation) {
    for (int i = at.lane; i < s.w; i += kWarp) {
      const auto phi = math::activate<decltype(activation)::value>(y[i] + bias[i]);
      n = math::fma(a[i], add ? phi.f + z[i] : phi.f, n);
      h[i] = a[i] * phi.f1;
      z[i] = a[i];
    }
  });
  n = warp_sum(n);
  if (at.lane == 0) tile.value[at.network * tile.n_points + at.point] = n + at.net[at.layout.out_bias()];
}

__global__ void ritz_backward(GemmTile tile, int layer, bool through_stream) {
  const Place at = place_of(tile);
  if (!at.inside) return;
  const double* y = channel(tile, at, tile.y, 0);
  const double* slope = layer_slopes(tile, at, layer);
  double* h = channel(tile, at, tile.h, 0);
  double* z = channel(tile, at, tile.z, 0);
  for (int i = at.lane; i < tile.what.shape.w; i += kWarp) {
    double value = y[i];
    if (through_stream) {
      if (tile.what.shape.skip()) value += z[i];
      z[i] = value;
    }
    h[i] = value * slope[i];
  }
}

__global__ void ritz_output(GemmTile tile, double* integrand) {
  const Place at = place_of(tile);
  if (!at.inside) return;
  const int d = tile.what.shape.d;
  const std::int64_t i = at.network * tile.n_points + at.point;
  const double* out_direct = at.net + at.layout.out_direct();
  const double n = tile.value[i];
  const double b = tile.points.top[at.q];
  double energy = 0.0;
  for (int j = at.lane; j < d; j += kWarp) {
    const double du = math::fma(b, tile.gradient[i * d + j] + out_direct[j], n * tile.points.slope(j, at.q));
    energy = math::fma(du, du, energy);
  }
  const double value = ritz_value(tile.points, at.q, n, warp_sum(energy));
  if (at.lane == 0) integrand[at.network * tile.points.n + at.q] = value;
}

__global__ void add_integrands_kernel(const double* integrand, PointView points, double* partial) {
  const BlockTask task = block_task(points, blockIdx.x);
  double sum = 0.0;
  for (std::int64_t q = task.begin + threadIdx.x; q < task.end; q += kWarp)
    sum += integrand[task.network * points.n + q];
  sum = warp_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

LaunchShape warp_per_point(const GemmTile& tile, cudaStream_t stream) {
  const std::int64_t warps = tile.networks.count * tile.n_points;
  return {(warps + kWarpsPerBlock - 1) / kWarpsPerBlock, kWarpsPerBlock * kWarp, 0, stream};
}

}  // namespace

void gemm_odd_pass(const GemmTile& tile, int k, cudaStream_t stream) {
  launch("odd pass", odd_layer, warp_per_point(tile, stream), tile, k);
}
void gemm_even_pass(const GemmTile& tile, int k, cudaStream_t stream) {
  launch("even pass", even_layer, warp_per_point(tile, stream), tile, k);
}
void gemm_last_pass(const GemmTile& tile, double* integrand, cudaStream_t stream) {
  if (tile.what.loss == LossKind::galerkin) {
    launch("last pass", last_layer_galerkin, warp_per_point(tile, stream), tile, integrand);
  } else {
    launch("last pass", last_layer_ritz, warp_per_point(tile, stream), tile);
  }
}
void gemm_ritz_odd_pass(const GemmTile& tile, int k, cudaStream_t stream) {
  launch("backward pass", ritz_backward, warp_per_point(tile, stream), tile, 2 * k, false);
}
void gemm_ritz_even_pass(const GemmTile& tile, int k, cudaStream_t stream) {
  launch("backward pass", ritz_backward, warp_per_point(tile, stream), tile, 2 * k - 1, true);
}
void gemm_ritz_output_pass(const GemmTile& tile, double* integrand, cudaStream_t stream) {
  launch("Ritz output pass", ritz_output, warp_per_point(tile, stream), tile, integrand);
}
void add_integrands(const double* integrand, std::int64_t count, const PointView& points, double* partial,
                    cudaStream_t stream) {
  launch("add_integrands", add_integrands_kernel, {count * points.n_chunks, kWarp, 0, stream}, integrand, points,
         partial);
}

}  // namespace landscape::cuda
