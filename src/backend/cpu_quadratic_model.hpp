// The CPU's quadratic models: Gauss-Newton from rows that are made chunk by chunk, and Newton from a whole matrix.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "cpu_kernels.hpp"
#include "landscape/backend/quadratic_model.hpp"

namespace landscape::cpu {

/// Where rows of J come from.
struct RowSource {
  std::size_t n;            // parameters
  std::size_t n_evaluated;  // entries that a row is made with before its first n are gathered, >= n
  std::int64_t n_rows;      // R, of the points alone
  std::int64_t n_blocks;    // of points, the last one padded with rows of zeros
  std::int64_t block_rows;  // rows of a block
  /// Writes the rows of blocks [first, first + count), (count block_rows, ld); at most n_threads threads.
  std::function<void(std::int64_t first, std::int64_t count, double* rows, std::size_t ld)> write;
};

/// Reads all rows at once. `space` is not automatic.
std::unique_ptr<QuadraticModel> make_gauss_newton_model(const Kernels& kernels, const RowSource& rows, StepSpace space,
                                                        int n_threads);

/// `matrix` (n, n), symmetric.
std::unique_ptr<QuadraticModel> make_quadratic_model(const Kernels& kernels, std::span<const double> matrix,
                                                     std::size_t n, int n_threads);

/// Rows of M = J' J from `first` on into `out`, (K, n). A row has the same bits whichever others are asked for.
void write_gauss_newton_matrix(const Kernels& kernels, const RowSource& rows, std::size_t first, std::span<double> out,
                               int n_threads);

}  // namespace landscape::cpu
