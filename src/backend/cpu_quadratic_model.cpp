// Symmetric matrices are kept by rows in an upper triangle, padded with zeros to whole pieces of the product's kernel.
// Every entry is one sum in a fixed order, whichever thread makes it.
#include "cpu_quadratic_model.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "aligned.hpp"

namespace landscape::cpu {
namespace {

constexpr std::int64_t kGramDepth = 256;   // rows of a product's piece: a tile of them stays in the second-level cache
constexpr std::size_t kFactorRows = 64;    // rows that are factored at a time
constexpr std::int64_t kChunk = 1 << 22;   // most numbers in the rows that are made at a time
constexpr std::int64_t kChunkBlocks = 64;  // and most blocks of points
constexpr double kParallelCost = 1e6;      // multiplications below which a second thread is not worth waking

/// Whole pieces of a product, an odd number of them: rows a power of two apart would share few lines of the cache.
std::size_t padded(std::size_t n) {
  const std::size_t pieces = std::max<std::size_t>(1, (n + kGramRows - 1) / kGramRows);
  return (pieces + 1 - pieces % 2) * kGramRows;
}

/// (rows, ld), zeros at first.
struct Matrix {
  Matrix(std::size_t n_rows, std::size_t n_columns) : rows(n_rows), ld(padded(n_columns)), data(rows * ld) {
    std::fill_n(data.data(), rows * ld, 0.0);
  }
  double* row(std::size_t i) { return data.data() + i * ld; }
  const double* row(std::size_t i) const { return data.data() + i * ld; }
  std::size_t rows, ld;
  Aligned<double> data;
};

/// Symmetric (n, n).
Matrix square_matrix(std::size_t n) { return {padded(n), n}; }

struct Piece {
  std::size_t i0, j0;
};
/// Of an upper triangle below and right of `first`.
std::vector<Piece> upper_pieces(std::size_t first, std::size_t size) {
  std::vector<Piece> pieces;
  for (std::size_t j0 = first / kGramColumns * kGramColumns; j0 < size; j0 += kGramColumns) {
    for (std::size_t i0 = first; i0 < std::min(size, j0 + kGramColumns); i0 += kGramRows) pieces.push_back({i0, j0});
  }
  return pieces;
}
/// Of whole rows [first, first + count), and of those around them that share their pieces.
std::vector<Piece> row_pieces(std::size_t first, std::size_t count, std::size_t size) {
  std::vector<Piece> pieces;
  for (std::size_t i0 = first / kGramRows * kGramRows; i0 < first + count; i0 += kGramRows) {
    for (std::size_t j0 = 0; j0 < size; j0 += kGramColumns) pieces.push_back({i0, j0});
  }
  return pieces;
}

class Algebra {
 public:
  Algebra(const Kernels& kernels, int n_threads) : kernels_(kernels), n_threads_(n_threads) {}

  /// to += sign a' a over `n_rows` rows from a on, in these pieces.
  void add_gram(const double* a, std::int64_t n_rows, double sign, const std::vector<Piece>& pieces, Matrix& to) const {
    const auto n_pieces = static_cast<std::int64_t>(pieces.size());
    const double cost = static_cast<double>(n_rows) * static_cast<double>(n_pieces) * kGramRows * kGramColumns;
#pragma omp parallel num_threads(threads_for(cost, n_pieces))
    {
      Aligned<double> work(kGramRows * kGramColumns);
#pragma omp for schedule(dynamic, 4)
      for (std::int64_t k = 0; k < n_pieces; ++k) {
        const Piece& piece = pieces[static_cast<std::size_t>(k)];
        for (std::int64_t q = 0; q < n_rows; q += kGramDepth) {
          kernels_.add_gram(a + static_cast<std::size_t>(q) * to.ld, std::min(kGramDepth, n_rows - q), to.ld, piece.i0,
                            piece.j0, sign, to.row(0), work.data());
        }
      }
    }
  }

  /// a = R' R, R upper triangular in a's place (Golub and Van Loan, section 4.2, by blocks); false where a pivot is not
  /// positive.
  bool factor(Matrix& a) const {
    for (std::size_t k0 = 0; k0 < a.ld; k0 += kFactorRows) {
      const std::size_t k1 = std::min(a.ld, k0 + kFactorRows);
      for (std::size_t i = k0; i < k1; ++i) {
        const double pivot = a.row(i)[i];
        if (!(pivot > 0.0) || !std::isfinite(pivot)) return false;
        eliminate(a, i, k0, k1, k0, k1);
      }
      const auto n_pieces = static_cast<std::int64_t>((a.ld - k1 + kGramColumns - 1) / kGramColumns);
      const double cost = 0.5 * static_cast<double>((a.ld - k1) * kFactorRows * kFactorRows);
#pragma omp parallel for schedule(static) num_threads(threads_for(cost, n_pieces))
      for (std::int64_t piece = 0; piece < n_pieces; ++piece) {
        const std::size_t j0 = k1 + static_cast<std::size_t>(piece) * kGramColumns;
        for (std::size_t i = k0; i < k1; ++i) eliminate(a, i, k0, k1, j0, std::min(a.ld, j0 + kGramColumns));
      }
      add_gram(a.row(k0), static_cast<std::int64_t>(k1 - k0), -1.0, upper_pieces(k1, a.ld), a);
    }
    return true;
  }

  /// x <- (R' R)^-1 x, (ld).
  static void solve(const Matrix& r, std::vector<double>& x) {
    x.resize(r.ld, 0.0);
    for (std::size_t i = 0; i < r.ld; ++i) {
      const double* row = r.row(i);
      x[i] /= row[i];
      for (std::size_t j = i + 1; j < r.ld; ++j) x[j] -= row[j] * x[i];
    }
    for (std::size_t i = r.ld; i-- > 0;) {
      const double* row = r.row(i);
      double sum = x[i];
      for (std::size_t j = i + 1; j < r.ld; ++j) sum -= row[j] * x[j];
      x[i] = sum / row[i];
    }
  }

 private:
  int threads_for(double cost, std::int64_t parts) const {
    return std::max(1, static_cast<int>(std::min<double>(
                           {static_cast<double>(n_threads_), static_cast<double>(parts), 1.0 + cost / kParallelCost})));
  }

  /// Of pivot row i, which is finished up to its scaling, in columns [j0, j1) of rows i ... k1 - 1. The diagonal block
  /// comes first (k0 == j0) and then lends its factors.
  static void eliminate(Matrix& a, std::size_t i, std::size_t k0, std::size_t k1, std::size_t j0, std::size_t j1) {
    double* pivot_row = a.row(i);
    const bool is_diagonal = k0 == j0;
    const double root = is_diagonal ? std::sqrt(pivot_row[i]) : pivot_row[i];
    for (std::size_t j = is_diagonal ? i : j0; j < j1; ++j) pivot_row[j] /= root;
    if (is_diagonal) pivot_row[i] = root;
    for (std::size_t m = i + 1; m < k1; ++m) {
      double* row = a.row(m);
      const double factor = pivot_row[m];
      for (std::size_t j = is_diagonal ? m : j0; j < j1; ++j) row[j] -= factor * pivot_row[j];
    }
  }

  const Kernels& kernels_;
  int n_threads_;
};

/// Factors of a + damping I, kept for the next step with the same damping.
class Factors {
 public:
  explicit Factors(std::size_t n) : matrix_(square_matrix(n)) {}

  bool of(const Matrix& a, std::size_t n, double damping, const Algebra& algebra) {
    if (damping == damping_) return is_definite_;
    damping_ = damping;
    std::copy_n(a.row(0), a.rows * a.ld, matrix_.row(0));
    for (std::size_t i = 0; i < matrix_.ld; ++i) matrix_.row(i)[i] = i < n ? a.row(i)[i] + damping : 1.0;
    is_definite_ = algebra.factor(matrix_);
    return is_definite_;
  }
  const Matrix& get() const { return matrix_; }

 private:
  Matrix matrix_;
  double damping_ = 0.0;
  bool is_definite_ = false;
};

/// to += J' J in these pieces: every entry is the same sum whichever pieces are asked for.
void add_whole_gram(const RowSource& rows, const Algebra& algebra, const std::vector<Piece>& pieces, Matrix& to) {
  const std::size_t row_ld = padded(rows.n_evaluated);
  const std::int64_t per_chunk =
      std::clamp<std::int64_t>(kChunk / (rows.block_rows * static_cast<std::int64_t>(row_ld)), 1, kChunkBlocks);
  Matrix chunk(static_cast<std::size_t>(per_chunk * rows.block_rows), rows.n_evaluated);
  for (std::int64_t first = 0; first < rows.n_blocks; first += per_chunk) {
    const std::int64_t count = std::min(per_chunk, rows.n_blocks - first);
    rows.write(first, count, chunk.row(0), chunk.ld);
    // A network that is evaluated as a wider one has shorter rows: they move together.
    if (chunk.ld != to.ld) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(count * rows.block_rows); ++i)
        std::copy_n(chunk.row(i), to.ld, chunk.row(0) + i * to.ld);
    }
    algebra.add_gram(chunk.row(0), count * rows.block_rows, 1.0, pieces, to);
  }
}

class InParameters final : public QuadraticModel {
 public:
  InParameters(const Kernels& kernels, const RowSource& rows, int n_threads)
      : n_(rows.n), algebra_(kernels, n_threads), matrix_(square_matrix(n_)), factors_(n_) {
    add_whole_gram(rows, algebra_, upper_pieces(0, matrix_.ld), matrix_);
    set_scale();
  }
  InParameters(const Kernels& kernels, std::span<const double> matrix, std::size_t n, int n_threads)
      : n_(n), algebra_(kernels, n_threads), matrix_(square_matrix(n_)), factors_(n_) {
    for (std::size_t i = 0; i < n_; ++i) std::ranges::copy(matrix.subspan(i * n_, n_), matrix_.row(i));
    set_scale();
  }

  double scale() const override { return scale_; }

  bool step(std::span<const double> gradient, double damping, std::span<double> out) override {
    if (!factors_.of(matrix_, n_, damping, algebra_)) return false;
    std::vector<double> x(gradient.begin(), gradient.end());
    Algebra::solve(factors_.get(), x);
    for (std::size_t i = 0; i < n_; ++i) out[i] = -x[i];
    return std::ranges::all_of(out, [](double v) { return std::isfinite(v); });
  }

 private:
  void set_scale() {
    for (std::size_t i = 0; i < n_; ++i) scale_ = std::max(scale_, std::abs(matrix_.row(i)[i]));
  }

  std::size_t n_;
  Algebra algebra_;
  Matrix matrix_;
  Factors factors_;
  double scale_ = 0.0;
};

class InPoints final : public QuadraticModel {
 public:
  InPoints(const Kernels& kernels, const RowSource& rows, int n_threads)
      : n_(rows.n),
        n_rows_(static_cast<std::size_t>(rows.n_rows)),
        algebra_(kernels, n_threads),
        jacobian_(static_cast<std::size_t>(rows.n_blocks * rows.block_rows), rows.n_evaluated),
        matrix_(square_matrix(n_rows_)),
        factors_(n_rows_) {
    rows.write(0, rows.n_blocks, jacobian_.row(0), jacobian_.ld);
    Matrix transposed(n_, n_rows_);
    for (std::size_t r = 0; r < n_rows_; ++r) {
      for (std::size_t i = 0; i < n_; ++i) transposed.row(i)[r] = jacobian_.row(r)[i];
    }
    algebra_.add_gram(transposed.row(0), static_cast<std::int64_t>(n_), 1.0, upper_pieces(0, matrix_.ld), matrix_);
    for (std::size_t i = 0; i < n_; ++i) {
      double sum = 0.0;
      for (std::size_t r = 0; r < n_rows_; ++r) sum += transposed.row(i)[r] * transposed.row(i)[r];
      scale_ = std::max(scale_, sum);
    }
  }

  double scale() const override { return scale_; }

  bool step(std::span<const double> gradient, double damping, std::span<double> out) override {
    if (!factors_.of(matrix_, n_rows_, damping, algebra_)) return false;
    std::ranges::fill(out, 0.0);
    // The difference in Woodbury's identity cancels where damping is small; its equations' own residual mends that.
    for (int pass = 0; pass < kPasses; ++pass) {
      const std::vector<double> moved = times(out);
      std::vector<double> rest(n_);
      add_transposed(moved, 1.0, rest);
      for (std::size_t i = 0; i < n_; ++i) rest[i] = -gradient[i] - rest[i] - damping * out[i];
      std::vector<double> x = times(rest);
      Algebra::solve(factors_.get(), x);
      add_transposed(x, -1.0, rest);
      for (std::size_t i = 0; i < n_; ++i) out[i] += rest[i] / damping;
    }
    return std::ranges::all_of(out, [](double v) { return std::isfinite(v); });
  }

 private:
  static constexpr int kPasses = 3;

  /// J v, (R).
  std::vector<double> times(std::span<const double> v) const {
    std::vector<double> out(n_rows_, 0.0);
    for (std::size_t r = 0; r < n_rows_; ++r) {
      for (std::size_t i = 0; i < n_; ++i) out[r] += jacobian_.row(r)[i] * v[i];
    }
    return out;
  }
  /// to += sign J' v.
  void add_transposed(std::span<const double> v, double sign, std::vector<double>& to) const {
    for (std::size_t r = 0; r < n_rows_; ++r) {
      for (std::size_t i = 0; i < n_; ++i) to[i] += sign * v[r] * jacobian_.row(r)[i];
    }
  }

  std::size_t n_, n_rows_;
  Algebra algebra_;
  Matrix jacobian_, matrix_;
  Factors factors_;
  double scale_ = 0.0;
};

}  // namespace

std::unique_ptr<QuadraticModel> make_gauss_newton_model(const Kernels& kernels, const RowSource& rows, StepSpace space,
                                                        int n_threads) {
  if (space == StepSpace::points) return std::make_unique<InPoints>(kernels, rows, n_threads);
  return std::make_unique<InParameters>(kernels, rows, n_threads);
}

std::unique_ptr<QuadraticModel> make_quadratic_model(const Kernels& kernels, std::span<const double> matrix,
                                                     std::size_t n, int n_threads) {
  return std::make_unique<InParameters>(kernels, matrix, n, n_threads);
}

void write_gauss_newton_matrix(const Kernels& kernels, const RowSource& rows, std::size_t first, std::span<double> out,
                               int n_threads) {
  const std::size_t count = out.size() / rows.n;
  Matrix matrix = square_matrix(rows.n);
  add_whole_gram(rows, Algebra(kernels, n_threads), row_pieces(first, count, matrix.ld), matrix);
  for (std::size_t k = 0; k < count; ++k) std::copy_n(matrix.row(first + k), rows.n, out.subspan(k * rows.n).data());
}

}  // namespace landscape::cpu
