// By LAPACK or Lanczos.
#include "landscape/hessian/extreme_eigenvalues.hpp"

#include <utility>
#include <vector>

#include "landscape/hessian/lanczos.hpp"
#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/hessian/whole_hessian.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {

ExtremeEigenvalues extreme_eigenvalues(LossBackend& backend, LossKind loss, std::span<const double> theta,
                                       std::uint64_t seed, const std::function<void()>& between) {
  constexpr std::size_t kLanczosSteps = 100;
  constexpr ExtremeEigenvalues kNone{kUndefined, kUndefined};
  const std::size_t n = theta.size();
  if (n > kLargestWhole) {
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
  std::vector<double> hessian = whole_hessian(backend, loss, theta, between);
  if (!is_finite(hessian)) return kNone;
  const std::vector<double> values = symmetric_eigensystem(std::move(hessian), n, false).values;
  return {values.front(), values.back()};
}

}  // namespace landscape
