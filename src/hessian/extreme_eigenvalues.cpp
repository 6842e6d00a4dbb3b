// By LAPACK or Lanczos.
#include "landscape/hessian/extreme_eigenvalues.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "landscape/hessian/lanczos.hpp"
#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

constexpr std::size_t kLargestDense = 500;  // parameters
constexpr std::size_t kLanczosSteps = 100;
constexpr std::size_t kRowsAtOnce = 8;

bool is_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double x) { return std::isfinite(x); });
}

}  // namespace

ExtremeEigenvalues extreme_eigenvalues(LossBackend& backend, LossKind loss, std::span<const double> theta,
                                       std::uint64_t seed, const std::function<void()>& between) {
  constexpr ExtremeEigenvalues kNone{kUndefined, kUndefined};
  const std::size_t n = theta.size();
  if (n > kLargestDense) {
    std::vector<double> alpha(kLanczosSteps), beta(kLanczosSteps);
    const auto apply = [&](std::span<const double> v, std::span<double> out) {
      backend.hessian_products(loss, theta, v, out);
      between();
    };
    lanczos(apply, random_probe(seed, 0, n, false), alpha, beta);
    if (!is_finite(alpha) || !is_finite(beta)) return kNone;
    const std::vector<RitzValue> values = ritz_values(alpha, beta);
    return {values.front().node, values.back().node};
  }
  std::vector<double> units(n * n), hessian(n * n);
  for (std::size_t k = 0; k < n; ++k) units[k * n + k] = 1.0;
  for (std::size_t k = 0; k < n; k += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, n - k) * n;
    backend.hessian_products(loss, theta, std::span(units).subspan(k * n, count),
                             std::span(hessian).subspan(k * n, count));
    between();
  }
  if (!is_finite(hessian)) return kNone;
  const std::vector<double> values = symmetric_eigensystem(std::move(hessian), n, false).values;
  return {values.front(), values.back()};
}

}  // namespace landscape
