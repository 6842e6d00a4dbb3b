// With the orthonormal eigenvectors u_i of P and W the rows u_i' / sqrt(lambda_i) above the tolerance, the nu are the
// eigenvalues of W H W'.
#include "landscape/hessian/generalised_eigen.hpp"

#include <algorithm>
#include <cmath>

#include "landscape/hessian/symmetric_eigen.hpp"

extern "C" {  // NOLINTNEXTLINE(readability-identifier-naming): Fortran's name
void dgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb, const double* beta,
            double* c, const int* ldc);
}

namespace landscape {
namespace {

/// W H W', (r, r). To BLAS, whose matrices lie by columns, the rows of W are columns.
std::vector<double> between(const std::vector<double>& w, const std::vector<double>& h, std::size_t n, std::size_t r) {
  const int size = static_cast<int>(n), rank = static_cast<int>(r);
  const double one = 1.0, zero = 0.0;
  std::vector<double> products(r * n), matrix(r * r);
  dgemm_("N", "N", &size, &rank, &size, &one, h.data(), &size, w.data(), &size, &zero, products.data(), &size);
  dgemm_("T", "N", &rank, &rank, &size, &one, w.data(), &size, products.data(), &size, &zero, matrix.data(), &rank);
  return matrix;
}

}  // namespace

GeneralisedEigenvalues generalised_eigenvalues(const std::vector<double>& h, std::vector<double> p, std::size_t n,
                                               double tolerance) {
  const Eigensystem of_p = symmetric_eigensystem(std::move(p), n, true);
  GeneralisedEigenvalues found;
  found.largest_of_p = of_p.values.back();
  if (!(found.largest_of_p > 0.0)) return found;
  const auto first = std::ranges::upper_bound(of_p.values, tolerance * found.largest_of_p);
  const auto n_left_out = static_cast<std::size_t>(first - of_p.values.begin());
  found.least_of_p = *first;
  const std::size_t r = n - n_left_out;
  std::vector<double> w(of_p.vectors.begin() + static_cast<std::ptrdiff_t>(n_left_out * n), of_p.vectors.end());
  for (std::size_t i = 0; i < r; ++i) {
    const double root = std::sqrt(of_p.values[n_left_out + i]);
    for (std::size_t j = 0; j < n; ++j) w[i * n + j] /= root;
  }
  std::vector<double> matrix = between(w, h, n, r);
  symmetrise(matrix, r);
  found.values = symmetric_eigensystem(std::move(matrix), r, false).values;
  return found;
}

}  // namespace landscape
