// Row k is the product with unit vector k; rounding makes it differ from column k, so that their mean counts.
#include "landscape/hessian/whole_hessian.hpp"

#include <algorithm>

#include "landscape/hessian/symmetric_eigen.hpp"

namespace landscape {

std::vector<double> whole_hessian(LossBackend& backend, LossKind loss, std::span<const double> theta,
                                  const std::function<void()>& between) {
  constexpr std::size_t kRowsAtOnce = 8;
  const std::size_t n = theta.size();
  std::vector<double> units(n * n), rows(n * n);
  for (std::size_t k = 0; k < n; ++k) units[k * n + k] = 1.0;
  for (std::size_t k = 0; k < n; k += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, n - k) * n;
    backend.hessian_products(loss, theta, std::span(units).subspan(k * n, count),
                             std::span(rows).subspan(k * n, count));
    between();
  }
  symmetrise(rows, n);
  return rows;
}

}  // namespace landscape
