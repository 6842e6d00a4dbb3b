// From FoldedLayout to TileLayout (tile_layout.hpp): one block per network, every thread fills its share of each
// section.
#include "device_api.cuh"
#include "launchers.hpp"
#include "tile_launchers.hpp"

namespace landscape::cuda {
namespace {

constexpr int kThreads = 128;

/// to[i] = f(i) for i < n, shared out over the block's threads.
template <class F>
__device__ __forceinline__ void fill(double* to, int n, const F& f) {
  for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) to[i] = f(i);
}

/// A folded network by places of the padded width, with zeros where there is no neuron.
struct Padded {
  const math::FoldedLayout<math::DynamicShape>& layout;
  const TileLayout& to;
  const double* p;
  __device__ double vector(int offset, int place) const {
    const int i = to.neuron(place);
    return i < layout.s.w ? p[offset + i] : 0.0;
  }
  __device__ double matrix(int offset, int row_place, int column_place) const {
    const int w = layout.s.w, row = to.neuron(row_place), column = to.neuron(column_place);
    return row < w && column < w ? p[offset + row * w + column] : 0.0;
  }
  __device__ double direct(int k, int dimension, int place) const {
    const math::DynamicShape& s = layout.s;
    const int neuron = to.neuron(place);
    return dimension < s.d && neuron < s.w ? p[layout.direct(k) + dimension * s.w + neuron] : 0.0;
  }
};

/// (row, column) of a matrix that entry i of its fragments holds.
struct Entry {
  int out, in;
};
__device__ Entry matrix_entry(const TileLayout& to, int i) {
  const int lane = i % kWarp;
  const int n = i / kWarp % to.tiles_per_group;
  const int kt = i / (kWarp * to.tiles_per_group) % to.k_steps();
  const int group = i / (kWarp * to.tiles_per_group * to.k_steps());
  return {8 * (group * to.tiles_per_group + n) + lane / 4, input_neuron(kt, lane % 4)};
}
__device__ Entry direct_entry(const TileLayout& to, int i) {
  const int lane = i % kWarp;
  const int n = i / kWarp % to.tiles_per_group;
  const int kx = i / (kWarp * to.tiles_per_group) % to.x_steps();
  const int group = i / (kWarp * to.tiles_per_group * to.x_steps());
  return {8 * (group * to.tiles_per_group + n) + lane / 4, 4 * kx + lane % 4};
}
__device__ Entry gradient_entry(const TileLayout& to, int i) {
  const int lane = i % kWarp;
  const int kt = i / kWarp % to.k_steps();
  return {8 * (i / (kWarp * to.k_steps())) + lane / 4, input_neuron(kt, lane % 4)};
}

__global__ void pack(TileLayout to, FoldedBatch from, double* packed) {
  const math::FoldedLayout<math::DynamicShape> layout{to.shape};
  const double* p = from.folded + static_cast<std::int64_t>(blockIdx.x) * from.stride;
  double* out = packed + static_cast<std::int64_t>(blockIdx.x) * to.size();
  const Padded net{layout, to, p};
  const int w = to.width();
  fill(out + to.direct_norm(), w, [&](int i) { return net.vector(2 * layout.size(), i); });
  fill(out + to.out_weight(), w, [&](int i) { return net.vector(layout.out_weight(), i); });
  fill(out + to.out_direct(), round_up(to.shape.d, 8),
       [&](int i) { return i < to.shape.d ? p[layout.out_direct() + i] : 0.0; });
  fill(out + to.out_bias(), 2, [&](int i) { return i == 0 ? p[layout.out_bias()] : 0.0; });
  for (int k = 0; k < to.shape.nb; ++k) {
    fill(out + to.odd_bias(k), w, [&](int i) { return net.vector(layout.odd_bias(k), i); });
    fill(out + to.even_bias(k), w, [&](int i) { return net.vector(layout.even_bias(k), i); });
    if (to.has_direct(k)) {
      fill(out + to.direct(k), to.direct_size(), [&](int i) {
        const Entry e = direct_entry(to, i);
        return net.direct(k, e.in, e.out);
      });
      fill(out + to.slopes(k), to.slopes_size(), [&](int i) {
        if (to.galerkin()) return net.direct(k, i / w, i % w);
        const Entry e = gradient_entry(to, i);
        return net.direct(k, e.out, e.in);
      });
    }
    const auto fill_matrix = [&](int target, int source, bool transposed) {
      fill(out + target, to.matrix_size(), [&](int i) {
        const Entry e = matrix_entry(to, i);
        return transposed ? net.matrix(source, e.in, e.out) : net.matrix(source, e.out, e.in);
      });
    };
    fill_matrix(to.even(k), layout.even_weight(k), false);
    if (!to.galerkin()) fill_matrix(to.even_transposed(k), layout.even_weight(k), true);
    if (k > 0) {
      fill_matrix(to.odd(k), layout.odd_weight(k), false);
      if (!to.galerkin()) fill_matrix(to.odd_transposed(k), layout.odd_weight(k), true);
    }
  }
}

}  // namespace

void pack_tiles(const TileLayout& layout, const FoldedBatch& networks, double* packed, cudaStream_t stream) {
  launch("pack_tiles", pack, {networks.count, kThreads, 0, stream}, layout, networks, packed);
}

}  // namespace landscape::cuda
