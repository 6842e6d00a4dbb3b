// What the host tells the kernels: points, networks and sizes. Plain structures, passed by value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "landscape/math/activation.hpp"
#include "landscape/math/config.hpp"
#include "landscape/math/folded_network.hpp"
#include "landscape/math/integrand.hpp"
#include "landscape/math/network_kind.hpp"

namespace landscape::cuda {

inline constexpr int kPointStep = 32;      // the padded number of points is a multiple of this
inline constexpr int kLargestChunk = 512;  // points per block at most

LANDSCAPE_INLINE constexpr int round_up(int n, int step) { return (n + step - 1) / step * step; }

/// A row-major matrix whose rows may be longer than the part in use.
template <class T>
struct Rows {
  T* data;
  std::int64_t stride;
  LANDSCAPE_INLINE T& operator()(std::int64_t row, std::int64_t column) const { return data[row * stride + column]; }
  LANDSCAPE_INLINE T* row(std::int64_t i) const { return data + i * stride; }
};

/// Quadrature points on the device and their coefficients in one loss's integrand (math/integrand.hpp), structure of
/// arrays. `n` is a multiple of kPointStep: copies of the last point with weight 0 fill up. Rows of x and slope beyond
/// the dimension are zero, so that matrix tiles need no special case.
struct PointView {
  int dimension;
  std::int64_t n;
  Rows<const double> x;      // (round_up(d, 4), n)
  Rows<const double> slope;  // (round_up(d, 8), n)
  const double* top;         // (n)
  const double* value;       // (n)
  const double* source;      // (n)
  const double* weight;      // (n)
  const double* cubic;       // (n), or null where the equation is linear
  int chunk;                 // points per block, a multiple of kPointStep
  int n_chunks;

  /// Point q's coefficients, as they lie here.
  LANDSCAPE_INLINE math::IntegrandTerms<double> terms(std::int64_t q) const {
    return with_slope(q, slope.data + q, static_cast<int>(slope.stride));
  }
  /// The same with a copy of its slope elsewhere.
  LANDSCAPE_INLINE math::IntegrandTerms<double> with_slope(std::int64_t q, const double* own, int stride) const {
    return {top + q, own, stride, value + q, source + q, cubic == nullptr ? nullptr : cubic + q};
  }
};

/// Equal chunks of at most kLargestChunk points: a function of the number of points alone, because it decides the bits
/// of a sum.
struct ChunkPlan {
  std::int64_t n;  // padded number of points
  int chunk;
  int n_chunks;
};
inline ChunkPlan plan_chunks(std::int64_t n_points) {
  const std::int64_t n = (n_points + kPointStep - 1) / kPointStep * kPointStep;
  const std::int64_t n_chunks = (n + kLargestChunk - 1) / kLargestChunk;
  const std::int64_t chunk = ((n + n_chunks - 1) / n_chunks + kPointStep - 1) / kPointStep * kPointStep;
  return {n, static_cast<int>(chunk), static_cast<int>((n + chunk - 1) / chunk)};
}

/// The block of a (network, chunk) pair and its points [begin, end).
struct BlockTask {
  std::int64_t network;
  std::int64_t begin, end;
};
LANDSCAPE_INLINE BlockTask block_task(const PointView& points, std::int64_t block) {
  const std::int64_t network = block / points.n_chunks;
  const std::int64_t begin = (block - network * points.n_chunks) * points.chunk;
  const std::int64_t end = begin + points.chunk;
  return {network, begin, end < points.n ? end : points.n};
}

/// What is evaluated, up to the parameters.
struct Evaluation {
  NetworkKind kind;
  math::DynamicShape shape;
  Activation activation;
  LossKind loss;
  bool is_linear = true;  // the equation: it has no cubic term
};

/// Folded parameters of a batch of networks, FoldedLayout order.
struct FoldedBatch {
  const double* folded;  // (count, stride)
  std::int64_t stride;   // >= FoldedLayout::buffer_size, even
  std::int64_t count;
};

}  // namespace landscape::cuda
