// Every sum runs in index order, so that the bits depend on nothing else.
#include "landscape/hessian/lanczos.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {

void lanczos(const SymmetricOperator& a, std::span<const double> start, std::span<double> alpha,
             std::span<double> beta) {
  const std::size_t n = start.size();
  std::ranges::fill(alpha, 0.0);
  std::ranges::fill(beta, 0.0);
  std::vector<std::vector<double>> basis;
  std::vector<double> next(n), q(start.begin(), start.end());
  double norm = std::sqrt(dot(q, q)), largest = 0.0;
  for (std::size_t j = 0; j < std::min(alpha.size(), n); ++j) {
    for (double& x : q) x /= norm;
    basis.push_back(q);
    a(q, next);
    alpha[j] = dot(q, next);
    for (int pass = 0; pass < 2; ++pass) {  // twice is enough (Kahan and Parlett)
      for (const std::vector<double>& b : basis) {
        const double part = dot(b, next);
        for (std::size_t i = 0; i < n; ++i) next[i] -= part * b[i];
      }
    }
    norm = std::sqrt(dot(next, next));
    largest = std::max({largest, std::abs(alpha[j]), norm});
    // A non-finite one goes on: the numbers then say so.
    if (norm <= static_cast<double>(n) * std::numeric_limits<double>::epsilon() * largest || j + 1 == n) return;
    beta[j] = norm;
    q = next;
  }
}

std::vector<RitzValue> ritz_values(std::span<const double> alpha, std::span<const double> beta) {
  std::size_t m = 1;
  while (m < alpha.size() && beta[m - 1] != 0.0) ++m;
  const Eigensystem system = tridiagonal_eigensystem({alpha.begin(), alpha.begin() + static_cast<std::ptrdiff_t>(m)},
                                                     {beta.begin(), beta.begin() + static_cast<std::ptrdiff_t>(m - 1)});
  std::vector<RitzValue> values(m);
  for (std::size_t i = 0; i < m; ++i) {
    const double first = system.vectors[i * m], last = system.vectors[i * m + m - 1];
    values[i] = {system.values[i], first * first, beta[m - 1] * std::abs(last)};
  }
  return values;
}

std::vector<double> random_probe(std::uint64_t seed, std::uint64_t probe, std::size_t n, bool gaussian) {
  const std::uint64_t stream = subsequence(RandomUse::probes, probe);
  std::vector<double> z(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (gaussian) {
      if (i % 2 == 1) continue;  // it came with the one before
      const math::NormalPair pair = philox_normal_pair(seed, stream, i / 2);
      z[i] = pair.first;
      if (i + 1 < n) z[i + 1] = pair.second;
    } else {
      const auto words = philox_words(seed, stream, i / 128);
      z[i] = ((words[i / 32 % 4] >> (i % 32)) & 1U) != 0 ? 1.0 : -1.0;
    }
  }
  return z;
}

}  // namespace landscape
