// Eigenvalues of one symmetric matrix against another: H v = nu P v. An optimizer that steps along -P^-1 g sees the
// Hessian P^-1/2 H P^-1/2, and their ratio, not that of H's own eigenvalues, says how fast it can be. P is positive
// semi-definite and often singular (a Gauss-Newton matrix has no more rank than rows): the problem is looked at on the
// range of P, the span of its eigenvectors above tolerance x its largest eigenvalue.
#pragma once

#include <cstddef>
#include <vector>

namespace landscape {

struct GeneralisedEigenvalues {
  std::vector<double> values;  // nu, (r) ascending, unit of H over that of P; r is the rank of P
  double least_of_p = 0.0;     // eigenvalue of P in its range
  double largest_of_p = 0.0;   // the same
};

/// Of h and p (n, n), both symmetric; 0 < tolerance < 1. None where p has no positive eigenvalue. Throws Error where
/// LAPACK finds none.
GeneralisedEigenvalues generalised_eigenvalues(const std::vector<double>& h, std::vector<double> p, std::size_t n,
                                               double tolerance);

}  // namespace landscape
