// By LAPACK or Lanczos.
#include "landscape/hessian/curvature.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "landscape/hessian/critical_point.hpp"
#include "landscape/hessian/lanczos.hpp"
#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/hessian/whole_hessian.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

constexpr Curvature kNone{kUndefined, kUndefined, kUndefined, kUndefined};

Curvature curvature_by_lanczos(LossBackend& backend, LossKind loss, std::span<const double> theta, std::uint64_t seed,
                               const std::function<void()>& between) {
  constexpr std::size_t kSteps = 100;
  std::vector<double> alpha(kSteps), beta(kSteps);
  const auto apply = [&](std::span<const double> v, std::span<double> out) {
    backend.hessian_products(loss, theta, v, out);
    between();
  };
  lanczos(apply, random_probe(seed, 0, theta.size(), false), alpha, beta);
  if (!is_finite(alpha) || !is_finite(beta)) return kNone;
  const std::vector<RitzValue> values = ritz_values(alpha, beta);
  return {values.front().node, values.back().node, kUndefined, kUndefined};
}

}  // namespace

Curvature curvature_of(std::span<const double> eigenvalues) {
  if (eigenvalues.empty()) return kNone;
  const double smallest = eigenvalues.front(), largest = eigenvalues.back();
  const double noticeable = kNoticeable * std::max(std::abs(smallest), std::abs(largest));
  const auto n_negative = std::ranges::lower_bound(eigenvalues, -noticeable) - eigenvalues.begin();
  const auto least = std::ranges::upper_bound(eigenvalues, noticeable);
  return {smallest, largest, static_cast<double>(n_negative) / static_cast<double>(eigenvalues.size()),
          least == eigenvalues.end() ? kUndefined : largest / *least};
}

Curvature curvature_at(LossBackend& backend, LossKind loss, std::span<const double> theta, std::uint64_t seed,
                       const std::function<void()>& between) {
  const std::size_t n = theta.size();
  if (n > kLargestWhole) return curvature_by_lanczos(backend, loss, theta, seed, between);
  std::vector<double> hessian = whole_hessian(backend, loss, theta, between);
  if (!is_finite(hessian)) return kNone;
  return curvature_of(symmetric_eigensystem(std::move(hessian), n, false).values);
}

}  // namespace landscape
