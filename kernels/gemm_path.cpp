// Tiles of networks x points pass through all layers together: product, activation, product, ..., then one sum per
// tile. Tiles follow in a fixed order, so sums keep their bits.
#include "gemm_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cublas_library.hpp"
#include "landscape/model/error.hpp"

namespace landscape::cuda {
namespace {

// 512 MiB. On an H200 (case D) the products and passes gain more from their size than from the L2 cache: 6.9 s with 32
// MiB, 4.9 with 64, 2.7 with 256, 2.3 with 512 and 1024.
constexpr std::int64_t kWorkDoubles = std::int64_t{1} << 26;
constexpr int kMostNetworks = 8;  // incomplete groups are filled up, so a large one wastes work on short tasks

void check_cublas(cublasStatus_t status, const char* call, int line = __builtin_LINE()) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(fmt::format("{} failed: {}, at {}. Use --device cpu, or another kernel with LANDSCAPE_CUDA_KERNEL.", call,
                          cublas_library().status_string(status), place(__FILE__, line)));
}

int channels_of(const Evaluation& what) { return what.loss == LossKind::galerkin ? what.shape.d + 2 : 1; }

/// Work doubles per (network, point).
std::int64_t doubles_per_point(const Evaluation& what) {
  const auto w = static_cast<std::int64_t>(what.shape.w);
  const std::int64_t arrays = 3 * w * channels_of(what);  // h, y, z
  return what.loss == LossKind::galerkin ? arrays : arrays + 2 * what.shape.nb * w + what.shape.d + 1;
}

}  // namespace

GemmPlan plan_gemm(const Evaluation& what, std::int64_t n_points) {
  const std::int64_t per_point = doubles_per_point(what);
  const std::int64_t n = plan_chunks(n_points).n;
  const std::int64_t most = std::max<std::int64_t>(kWorkDoubles / per_point / kPointStep, 1) * kPointStep;
  const std::int64_t points = std::min(n, most);
  const std::int64_t networks = std::clamp<std::int64_t>(kWorkDoubles / (per_point * points), 1, kMostNetworks);
  return {static_cast<int>(networks), static_cast<int>(points)};
}

GemmPath::~GemmPath() {
  if (handle_ != nullptr && cublas_library().destroy(handle_) != CUBLAS_STATUS_SUCCESS)
    std::fputs("landscape: cublasDestroy failed\n", stderr);
}

void GemmPath::product(const GemmTile& tile, int offset, int rows, bool transposed, const double* in, double beta,
                       double* out) {
  const int w = tile.what.shape.w;
  const int columns = tile.channels * tile.n_points;
  const double one = 1.0;
  // cuBLAS counts by columns: a row-major M (rows, w) is its M^T, and (n, w) with neurons next to each other is its (w,
  // n).
  check_cublas(cublas_library().gemm(handle_, transposed ? CUBLAS_OP_N : CUBLAS_OP_T, CUBLAS_OP_N, rows, columns, w,
                                     &one, tile.networks.folded + offset, w, tile.networks.stride, in, w,
                                     static_cast<long long>(w) * columns, &beta, out, rows,
                                     static_cast<long long>(rows) * columns, static_cast<int>(tile.networks.count)),
               "cublasDgemmStridedBatched");
}

void GemmPath::tile_losses(const GemmTile& tile) {
  const math::DynamicShape& s = tile.what.shape;
  const math::FoldedLayout<math::DynamicShape> layout{s};
  for (int k = 0; k < s.nb; ++k) {
    if (k > 0) product(tile, layout.odd_weight(k), s.w, false, tile.z, 0.0, tile.y);
    gemm_odd_pass(tile, k, stream_);
    product(tile, layout.even_weight(k), s.w, false, tile.h, 0.0, tile.y);
    if (k < s.nb - 1) gemm_even_pass(tile, k, stream_);
  }
  gemm_last_pass(tile, integrand_.data(), stream_);
  if (tile.what.loss == LossKind::galerkin) return;
  for (int k = s.nb - 1; k >= 0; --k) {
    product(tile, layout.even_weight(k), s.w, true, tile.h, 0.0, tile.y);
    gemm_ritz_odd_pass(tile, k, stream_);
    if (layout.has_direct(k))
      product(tile, layout.direct(k), s.d, false, tile.h, k == s.nb - 1 || !s.skip() ? 0.0 : 1.0, tile.gradient);
    if (k > 0) {
      product(tile, layout.odd_weight(k), s.w, true, tile.h, 0.0, tile.y);
      gemm_ritz_even_pass(tile, k, stream_);
    }
  }
  gemm_ritz_output_pass(tile, integrand_.data(), stream_);
}

void GemmPath::losses(const Evaluation& what, const FoldedBatch& networks, const PointView& points, double* partial) {
  if (handle_ == nullptr) {
    check_cublas(cublas_library().create(&handle_), "cublasCreate");
    check_cublas(cublas_library().set_stream(handle_, stream_), "cublasSetStream");
  }
  const GemmPlan plan = plan_gemm(what, points.n);
  const std::int64_t pairs = static_cast<std::int64_t>(plan.networks) * plan.points;
  const std::int64_t per_array = pairs * what.shape.w * channels_of(what);
  double* work = work_.reserve(static_cast<std::size_t>(pairs * doubles_per_point(what)), "matrix products");
  integrand_.reserve(static_cast<std::size_t>(plan.networks * points.n), "integrands");
  GemmTile tile{what,    networks, points, 0, 0, channels_of(what), work, work + per_array, work + 2 * per_array,
                nullptr, nullptr,  nullptr};
  if (what.loss == LossKind::ritz) {
    tile.slopes = work + 3 * per_array;
    tile.gradient = tile.slopes + 2 * what.shape.nb * pairs * what.shape.w;
    tile.value = tile.gradient + pairs * what.shape.d;
  }
  for (std::int64_t first = 0; first < networks.count; first += plan.networks) {
    tile.networks = {networks.folded + first * networks.stride, networks.stride, plan.networks};
    for (std::int64_t q = 0; q < points.n; q += plan.points) {
      tile.first_point = q;
      tile.n_points = static_cast<int>(std::min<std::int64_t>(plan.points, points.n - q));
      tile_losses(tile);
    }
    const std::int64_t inside = std::min<std::int64_t>(plan.networks, networks.count - first);
    add_integrands(integrand_.data(), inside, points, partial + first * points.n_chunks, stream_);
  }
}

}  // namespace landscape::cuda
