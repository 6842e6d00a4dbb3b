// Eigenvalues of real symmetric matrices by LAPACK.
#pragma once

#include <cstddef>
#include <vector>

namespace landscape {

struct Eigensystem {
  std::vector<double> values;   // (n), ascending
  std::vector<double> vectors;  // (n, n), row i belongs to value i; empty where not asked for
};

/// Replaces a (n, n) by (a + a') / 2; returns max |a - a'|.
double symmetrise(std::vector<double>& a, std::size_t n);

/// Of a (n, n), of which the lower triangle counts (dsyevd: divide and conquer). Throws Error where LAPACK finds none.
Eigensystem symmetric_eigensystem(std::vector<double> a, std::size_t n, bool with_vectors);

/// Of the tridiagonal matrix with `diagonal` (m) and `beside` (m - 1), with vectors (dstev).
Eigensystem tridiagonal_eigensystem(std::vector<double> diagonal, std::vector<double> beside);

}  // namespace landscape
