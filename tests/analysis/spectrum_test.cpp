// Eigenvalues, Lanczos runs and what is counted in them, on matrices whose spectrum is known.
#include "landscape/analysis/spectrum.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "landscape/hessian/lanczos.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

/// H = Q diag(values) Q' with Q a product of two reflections.
std::vector<double> matrix_of(const std::vector<double>& values) {
  const std::size_t n = values.size();
  std::vector<double> a(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) a[i * n + i] = values[i];
  for (const std::uint64_t seed : {1, 2}) {
    std::vector<double> v = random_probe(seed, 0, n, true);
    double square = 0.0;
    for (const double x : v) square += x * x;
    const auto reflect = [&](std::size_t offset, std::size_t stride) {  // one row or column
      double part = 0.0;
      for (std::size_t i = 0; i < n; ++i) part += v[i] * a[offset + i * stride];
      for (std::size_t i = 0; i < n; ++i) a[offset + i * stride] -= 2.0 * part / square * v[i];
    };
    for (std::size_t i = 0; i < n; ++i) reflect(i * n, 1);
    for (std::size_t i = 0; i < n; ++i) reflect(i, n);
  }
  return a;
}

/// As at a minimizer: decades of positive ones, some negative, zeros.
std::vector<double> known_values() {
  std::vector<double> values;
  for (int k = 0; k < 40; ++k) values.push_back(300.0 * std::pow(0.7, k));
  for (int k = 0; k < 6; ++k) values.push_back(-0.5 * std::pow(0.3, k));
  for (int k = 0; k < 4; ++k) values.push_back(0.0);
  return values;
}

std::vector<double> times(const std::vector<double>& a, std::span<const double> v) {
  const std::size_t n = v.size();
  std::vector<double> out(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) out[i] += a[i * n + j] * v[j];
  }
  return out;
}

std::vector<double> lanczos_row(const std::vector<double>& a, std::span<const double> start, std::size_t m) {
  std::vector<double> row(2 * m);
  lanczos(
      [&](std::span<const double> v, std::span<double> out) {
        const auto product = times(a, v);
        std::copy(product.begin(), product.end(), out.begin());
      },
      start, std::span(row).first(m), std::span(row).last(m));
  return row;
}

TEST(DenseSpectrum, FindsAndCountsWhatTheMatrixWasMadeOf) {
  const std::vector<double> values = known_values();
  const std::vector<double> gradient(values.size(), 1.0);
  const SpectrumReport report = dense_spectrum(matrix_of(values), gradient, 2);
  for (std::size_t k = 0; k < 5; ++k) EXPECT_NEAR(report.largest[k], values[k], 1e-12 * 300.0);
  for (std::size_t k = 0; k < 5; ++k) EXPECT_NEAR(report.smallest[k], values[40 + k], 1e-12 * 300.0);
  EXPECT_EQ(report.n_positive, 40);
  EXPECT_EQ(report.n_negative, 6);
  EXPECT_EQ(report.n_zero, 4);
  double trace = 0.0, logarithm = 0.0, sum = 0.0, counted = 0.0;
  for (const double x : values) trace += x;
  for (int k = 0; k < 40; ++k) logarithm += std::log(values[static_cast<std::size_t>(k)]);
  for (const double x : report.eigenvalues) sum += x;
  for (std::size_t bin = 0; bin < kDecades; ++bin) counted += report.positive.count[bin] + report.negative.count[bin];
  EXPECT_NEAR(report.trace, trace, 1e-12 * trace);
  EXPECT_NEAR(sum, trace, 1e-12 * trace);
  EXPECT_NEAR(report.log_determinant, logarithm, 1e-9);
  EXPECT_EQ(counted, 50);
  EXPECT_EQ(report.positive.count[static_cast<std::size_t>(2 - kFirstDecade)], 4) << "300, 210, 147, 102.9";
  EXPECT_GE(report.n_defined, 40);
  EXPECT_LE(report.n_defined, 44);
  EXPECT_TRUE(std::isnan(report.log_volume.back()));
  EXPECT_NEAR(report.log_volume[39], logarithm / std::log(10.0), 1e-9);
}

TEST(DenseSpectrum, ItsVectorsAndTheNewtonStepSolveTheirEquations) {
  const std::vector<double> values{5.0, 2.0, 1.0, -1.0};
  const std::vector<double> a = matrix_of(values), gradient{1.0, -2.0, 0.5, 3.0};
  const SpectrumReport report = dense_spectrum(a, gradient, 1);
  ASSERT_EQ(report.vectors.size(), 8);
  const auto largest = std::span(report.vectors).first(4), smallest = std::span(report.vectors).last(4);
  const auto up = times(a, largest), down = times(a, smallest);
  double square = 0.0;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(up[i], 5.0 * largest[i], 1e-13);
    EXPECT_NEAR(down[i], -smallest[i], 1e-13);
    square += largest[i] * largest[i];
  }
  EXPECT_NEAR(square, 1.0, 1e-13);
  // x = H^-1 g: the decrease is g' x / 2, and H x = g.
  const std::vector<double> inverse = matrix_of({1.0 / 5.0, 1.0 / 2.0, 1.0, -1.0});
  const auto x = times(inverse, gradient);
  double norm = 0.0, decrease = 0.0;
  for (std::size_t i = 0; i < 4; ++i) {
    norm += x[i] * x[i];
    decrease += 0.5 * x[i] * gradient[i];
  }
  EXPECT_NEAR(report.newton_step, std::sqrt(norm), 1e-13);
  EXPECT_NEAR(report.predicted_decrease, decrease, 1e-13);
}

// H and P with the eigenvectors in common: nu is 300, 2, -1 and, where P is below its tolerance, not there.
TEST(PreconditionedSpectrum, CountsOnTheRangeOfThePreconditioner) {
  const std::vector<double> h{600.0, 6.0, 1e-3, -4.0}, p{2.0, 3.0, 1e-7, 4.0};
  const PreconditionedReport report =
      preconditioned_spectrum(matrix_of(h), {-4.0, 1e-3, 6.0, 600.0}, matrix_of(p), 1e-6);
  EXPECT_EQ(report.rank, 3);
  EXPECT_EQ(report.n_positive, 2);
  EXPECT_EQ(report.n_negative, 1);
  EXPECT_NEAR(report.eigenvalues[0], -1.0, 1e-11);
  EXPECT_NEAR(report.eigenvalues[2], 300.0, 1e-9);
  EXPECT_TRUE(std::isnan(report.eigenvalues[3]));
  EXPECT_NEAR(report.negative_weight, 1.0 / 303.0, 1e-12);
  EXPECT_NEAR(report.condition, 150.0, 1e-8);
  EXPECT_EQ(report.n_curved, 3);
  EXPECT_EQ(report.n_leading, 2);
  EXPECT_NEAR(report.leading_condition, 150.0, 1e-8);
  EXPECT_NEAR(report.hessian_condition, 100.0, 1e-8);
  EXPECT_NEAR(report.least_of_p, 2.0, 1e-11);
}

TEST(PreconditionedSpectrum, AgainstNothingIsUndefined) {
  const PreconditionedReport report = preconditioned_spectrum({1.0}, {1.0}, {0.0}, 1e-6);
  EXPECT_EQ(report.rank, 0);
  EXPECT_TRUE(std::isnan(report.eigenvalues[0]));
  EXPECT_TRUE(std::isnan(report.condition));
  EXPECT_TRUE(std::isnan(report.leading_condition));
  EXPECT_EQ(report.difference, 1.0);
}

TEST(DenseSpectrum, AsymmetryIsReported) {
  std::vector<double> a{1.0, 0.5, 0.25, 2.0};
  EXPECT_EQ(dense_spectrum(a, {0.0, 0.0}, 0).asymmetry, 0.25);
}

TEST(Lanczos, ExtremesAreThoseOfTheWholeMatrixAndWithinTheirBounds) {
  const std::vector<double> values = known_values();
  const auto row = lanczos_row(matrix_of(values), random_probe(3, 0, values.size(), false), 45);
  const auto ritz = ritz_values(std::span(row).first(45), std::span(row).last(45));
  for (std::size_t k = 0; k < 5; ++k) {
    EXPECT_NEAR(ritz[ritz.size() - 1 - k].node, values[k], 1e-8 * 300.0);
    EXPECT_LE(std::abs(ritz[ritz.size() - 1 - k].node - values[k]), ritz[ritz.size() - 1 - k].residual + 1e-11);
  }
  EXPECT_NEAR(ritz.front().node, -0.5, 1e-8);
}

TEST(Lanczos, MomentsOfItsDensityAreThoseOfTheMatrix) {
  const std::vector<double> values{3.0, 2.5, 1.0, 0.5, 0.1, -0.3, -1.0, 2.0, 0.7, 1.4, -2.0, 0.05};
  const std::vector<double> a = matrix_of(values);
  for (const bool gaussian : {false, true}) {
    const auto z = random_probe(4, 1, values.size(), gaussian);
    const auto row = lanczos_row(a, z, 6);
    const auto ritz = ritz_values(std::span(row).first(6), std::span(row).last(6));
    std::vector<double> power(z);
    double square = 0.0;
    for (const double x : z) square += x * x;
    for (int degree = 0; degree < 12; ++degree) {  // exact below 2 m
      double want = 0.0, got = 0.0;
      for (std::size_t i = 0; i < z.size(); ++i) want += z[i] * power[i] / square;
      for (const RitzValue& one : ritz) got += one.weight * std::pow(one.node, degree);
      EXPECT_NEAR(got, want, 1e-12 * std::pow(3.0, degree)) << degree;
      power = times(a, power);
    }
  }
}

TEST(Lanczos, AnExhaustedSpaceEndsTheRun) {
  const std::vector<double> values{2.0, 2.0, 2.0, 1.0, 1.0, 1.0};
  const auto row = lanczos_row(matrix_of(values), random_probe(5, 0, 6, true), 5);
  const auto ritz = ritz_values(std::span(row).first(5), std::span(row).last(5));
  ASSERT_EQ(ritz.size(), 2);
  EXPECT_NEAR(ritz[0].node, 1.0, 1e-13);
  EXPECT_NEAR(ritz[1].node, 2.0, 1e-13);
}

TEST(LanczosSpectrum, TraceAndCountsLieWithinTheirErrors) {
  const std::vector<double> values = known_values();
  const std::vector<double> a = matrix_of(values), gradient(values.size(), 0.0);
  std::vector<double> rows;
  for (std::uint64_t probe = 0; probe < 40; ++probe) {
    const auto row = lanczos_row(a, random_probe(6, probe, values.size(), false), 30);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  const SpectrumReport report = lanczos_spectrum(rows, 40, gradient);
  double trace = 0.0;
  for (const double x : values) trace += x;
  EXPECT_GT(report.trace_error, 0.0);
  EXPECT_LE(std::abs(report.trace - trace), 4.0 * report.trace_error);
  const auto bin = static_cast<std::size_t>(2 - kFirstDecade);
  EXPECT_LE(std::abs(report.positive.count[bin] - 4.0), 4.0 * report.positive.error[bin]);
  double counted = 0.0;
  for (std::size_t k = 0; k < kDecades; ++k) counted += report.positive.count[k] + report.negative.count[k];
  EXPECT_NEAR(counted, 50.0, 1e-10);
  EXPECT_NEAR(report.largest[0], 300.0, 1e-8);
}

TEST(RandomProbe, EntriesAreSignsOrNormalAndDifferBetweenProbes) {
  const auto signs = random_probe(1, 0, 1000, false), normal = random_probe(1, 0, 1001, true);
  double sum = 0.0, square = 0.0;
  for (const double x : signs) {
    EXPECT_EQ(std::abs(x), 1.0);
    sum += x;
  }
  for (const double x : normal) square += x * x;
  EXPECT_LE(std::abs(sum), 130.0);
  EXPECT_NEAR(square / 1001.0, 1.0, 0.2);
  EXPECT_NE(signs, random_probe(1, 1, 1000, false));
}

}  // namespace
}  // namespace landscape
