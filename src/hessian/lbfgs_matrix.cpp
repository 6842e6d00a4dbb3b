// Sums run in index order, so that the bits depend on nothing else.
#include "landscape/hessian/lbfgs_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

std::span<const double> row(std::span<const double> rows, std::size_t k, std::size_t n) {
  return rows.subspan(k * n, n);
}

void add(std::span<double> to, double factor, std::span<const double> v) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * v[i];
}

/// v <- B^-1 v with the first `count` pairs.
void two_loops(std::span<const double> steps, std::span<const double> changes, std::size_t count, std::span<double> v) {
  const std::size_t n = v.size();
  std::vector<double> alpha(count);
  for (std::size_t k = count; k-- > 0;) {
    const std::span<const double> s = row(steps, k, n), y = row(changes, k, n);
    alpha[k] = dot(s, v) / dot(y, s);
    add(v, -alpha[k], y);
  }
  if (count > 0) {
    const std::span<const double> s = row(steps, count - 1, n), y = row(changes, count - 1, n);
    for (double& x : v) x *= dot(s, y) / dot(y, y);
  }
  for (std::size_t k = 0; k < count; ++k) {
    const std::span<const double> s = row(steps, k, n), y = row(changes, k, n);
    add(v, alpha[k] - dot(y, v) / dot(y, s), s);
  }
}

}  // namespace

void lbfgs_pairs(const SymmetricOperator& a, std::span<const double> start, std::span<double> steps,
                 std::span<double> changes) {
  const std::size_t n = start.size(), m = steps.size() / n;
  const double rounding = static_cast<double>(n) * std::numeric_limits<double>::epsilon();
  std::ranges::fill(steps, 0.0);
  std::ranges::fill(changes, 0.0);
  std::vector<double> gradient(n), direction(n), product(n);
  a(start, gradient);
  const double first = norm_of(gradient);
  double most = first / norm_of(start);  // of |A v| / |v|: what a product's rounding is measured by
  for (std::size_t k = 0; k < m && norm_of(gradient) > rounding * first; ++k) {
    std::ranges::transform(gradient, direction.begin(), std::negate<>());
    two_loops(steps, changes, k, direction);
    a(direction, product);
    const double curvature = dot(direction, product), square = dot(direction, direction);
    most = std::max(most, norm_of(product) / std::sqrt(square));
    if (!(curvature > rounding * most * square)) return;
    const double length = -dot(gradient, direction) / curvature;
    add(steps.subspan(k * n, n), length, direction);
    add(changes.subspan(k * n, n), length, product);
    add(gradient, length, product);
  }
}

std::size_t n_lbfgs_pairs(std::span<const double> steps, std::size_t n) {
  std::size_t count = 0;
  while (count < steps.size() / n && norm_of(row(steps, count, n)) > 0.0) ++count;
  return count;
}

std::vector<double> lbfgs_matrix(std::span<const double> steps, std::span<const double> changes, std::size_t n) {
  const std::size_t count = n_lbfgs_pairs(steps, n);
  std::vector<double> b(n * n, 0.0), bs(n);
  const auto first = [&] {
    const std::span<const double> s = row(steps, count - 1, n), y = row(changes, count - 1, n);
    return dot(y, y) / dot(s, y);
  };
  const double scale = count > 0 ? first() : 1.0;
  for (std::size_t i = 0; i < n; ++i) b[i * n + i] = scale;
  for (std::size_t k = 0; k < count; ++k) {
    const std::span<const double> s = row(steps, k, n), y = row(changes, k, n);
    for (std::size_t i = 0; i < n; ++i) bs[i] = dot(row(b, i, n), s);
    const double along = dot(s, bs), change = dot(y, s);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) b[i * n + j] += y[i] * y[j] / change - bs[i] * bs[j] / along;
    }
  }
  return b;
}

}  // namespace landscape
