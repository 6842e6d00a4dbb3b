// LAPACK's Fortran interface: matrices by columns, so that of a symmetric one a row is a column.
#include "landscape/hessian/symmetric_eigen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "landscape/model/error.hpp"

extern "C" {  // NOLINTBEGIN(readability-identifier-naming): Fortran's names
void dsyevd_(const char* job, const char* triangle, const int* n, double* a, const int* ld, double* values,
             double* work, const int* n_work, int* whole_work, const int* n_whole_work, int* info);
void dstev_(const char* job, const int* n, double* diagonal, double* beside, double* vectors, const int* ld,
            double* work, int* info);
}  // NOLINTEND(readability-identifier-naming)

namespace landscape {
namespace {

void require_success(int info, const char* routine) {
  if (info != 0) throw Error(fmt::format("LAPACK's {} found no eigenvalues (info {}).", routine, info));
}

// LAPACK may loop for ever or crash on what is not a number.
void require_finite(const std::vector<double>& numbers) {
  if (!std::ranges::all_of(numbers, [](double x) { return std::isfinite(x); }))
    throw Error("A matrix whose eigenvalues are asked for is not finite.");
}

}  // namespace

double symmetrise(std::vector<double>& a, std::size_t n) {
  double asymmetry = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      double &below = a[i * n + j], &above = a[j * n + i];
      asymmetry = std::max(asymmetry, std::abs(below - above));
      below = above = 0.5 * (below + above);
    }
  }
  return asymmetry;
}

Eigensystem symmetric_eigensystem(std::vector<double> a, std::size_t n, bool with_vectors) {
  require_finite(a);
  const int size = static_cast<int>(n), ask = -1;
  const char* job = with_vectors ? "V" : "N";
  Eigensystem found;
  found.values.resize(n);
  double work_size = 0.0;
  int whole_size = 0, info = 0;
  dsyevd_(job, "U", &size, a.data(), &size, found.values.data(), &work_size, &ask, &whole_size, &ask, &info);
  require_success(info, "dsyevd");
  std::vector<double> work(static_cast<std::size_t>(work_size));
  std::vector<int> whole(static_cast<std::size_t>(whole_size));
  const int n_work = static_cast<int>(work.size());
  dsyevd_(job, "U", &size, a.data(), &size, found.values.data(), work.data(), &n_work, whole.data(), &whole_size,
          &info);
  require_success(info, "dsyevd");
  if (with_vectors) found.vectors = std::move(a);
  return found;
}

Eigensystem tridiagonal_eigensystem(std::vector<double> diagonal, std::vector<double> beside) {
  require_finite(diagonal);
  require_finite(beside);
  const int size = static_cast<int>(diagonal.size());
  Eigensystem found;
  found.vectors.resize(diagonal.size() * diagonal.size());
  std::vector<double> work(std::max<std::size_t>(1, 2 * diagonal.size()));
  beside.resize(std::max<std::size_t>(1, beside.size()));
  int info = 0;
  dstev_("V", &size, diagonal.data(), beside.data(), found.vectors.data(), &size, work.data(), &info);
  require_success(info, "dstev");
  found.values = std::move(diagonal);
  return found;
}

}  // namespace landscape
