// What the CUDA tests share: networks, points, the long-double answer, and the choice between a visible skip and a
// failure where there is no GPU.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "../backend/losses.hpp"
#include "landscape/backend/cuda_backend.hpp"
#include "landscape/backend/loss_backend.hpp"
#include "landscape/random/philox.hpp"

// One source, two suites: CudaShim (bodies run on the CPU) and CudaDevice (a real GPU).
#define LANDSCAPE_CUDA_TEST_(suite, name) TEST(suite, name)
#define CUDA_TEST(name) LANDSCAPE_CUDA_TEST_(LANDSCAPE_CUDA_SUITE, name)

/// Skips where no GPU can be used; fails instead where LANDSCAPE_REQUIRE_GPU=1.
#define LANDSCAPE_NEEDS_GPU()                                                                   \
  if (const landscape::DeviceStatus status = landscape::cuda_status(); status.n_devices == 0) { \
    const char* required = std::getenv("LANDSCAPE_REQUIRE_GPU");                                \
    if (required != nullptr && std::string(required) == "1") {                                  \
      FAIL() << "LANDSCAPE_REQUIRE_GPU=1, but " << status.reason;                               \
    }                                                                                           \
    GTEST_SKIP() << "no GPU: " << status.reason;                                                \
  }                                                                                             \
  static_assert(true, "")

namespace landscape::test {

inline std::vector<double> random_vector(std::size_t n, double scale, std::uint64_t stream) {
  std::vector<double> v(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = scale * philox_normal_pair(17, stream, i).first;
  return v;
}

/// Entries of size 1 / sqrt(width), as after training: activations neither saturate nor vanish.
inline double natural_scale(const NetworkSpec& spec) { return 1.0 / std::sqrt(std::max(spec.shape().w, 1)); }

/// n points away from the boundary, where B is not so small that a wrong Laplacian would hide behind it.
inline PointSet inner_points(int dimension, std::size_t n, std::uint64_t stream = 5) {
  PointSet set;
  set.dimension = dimension;
  for (std::size_t i = 0; i < n; ++i) {
    for (int j = 0; j < dimension; ++j) {
      set.points.push_back(
          0.25 + 0.5 * philox_uniform_pair(3, stream,
                                           i * static_cast<std::size_t>(dimension) + static_cast<std::size_t>(j))[0]);
    }
    set.weights.push_back((1.0 + 0.1 * static_cast<double>(i % 7)) / static_cast<double>(n));
  }
  return set;
}

/// The same, and with a penalty a point on every face.
inline PointSet points_of(const Problem& problem, int dimension, std::size_t n) {
  PointSet set = inner_points(dimension, n);
  if (problem.boundary().is_hard()) return set;
  const PointSet at = inner_points(dimension, static_cast<std::size_t>(2 * dimension), 6);
  for (int face = 0; face < 2 * dimension; ++face) {
    const auto first = set.points.insert(set.points.end(), at.points.begin() + face * dimension,
                                         at.points.begin() + (face + 1) * dimension);
    first[face / 2] = face % 2;
    set.weights.push_back(1.0 + 0.25 * face);
    ++set.n_boundary;
  }
  return set;
}

/// Sets an environment variable for one scope.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() { unsetenv(name_); }

 private:
  const char* name_;
};

inline constexpr const char* kKernelVariable = "LANDSCAPE_CUDA_KERNEL";

}  // namespace landscape::test
