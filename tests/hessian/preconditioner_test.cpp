// Eigenvalues against a matrix of known range, and what L-BFGS makes of a Hessian.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "landscape/hessian/generalised_eigen.hpp"
#include "landscape/hessian/lbfgs_matrix.hpp"
#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

/// (n, n): Q diag(values) Q' with the reflection Q = I - 2 v v' / v' v, v random.
std::vector<double> turned(const std::vector<double>& values, std::uint64_t seed) {
  const std::size_t n = values.size();
  const std::vector<double> v = random_probe(seed, 0, n, true);
  const double square = dot(v, v);
  const auto q = [&](std::size_t i, std::size_t j) { return (i == j ? 1.0 : 0.0) - 2.0 * v[i] * v[j] / square; };
  std::vector<double> a(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k) a[i * n + j] += q(i, k) * values[k] * q(j, k);
    }
  }
  symmetrise(a, n);
  return a;
}

SymmetricOperator product_with(const std::vector<double>& a) {
  return [&a](std::span<const double> v, std::span<double> out) {
    for (std::size_t i = 0; i < v.size(); ++i) out[i] = dot(std::span(a).subspan(i * v.size(), v.size()), v);
  };
}

TEST(GeneralisedEigenvalues, OfAMatrixAgainstItselfAreOneOnItsRange) {
  const std::vector<double> values{1e-12, 0.0, 1e-3, 2.0, 40.0};
  const std::vector<double> a = turned(values, 1);
  const GeneralisedEigenvalues found = generalised_eigenvalues(a, a, 5, 1e-6);
  ASSERT_EQ(found.values.size(), 3);
  for (const double nu : found.values) EXPECT_NEAR(nu, 1.0, 1e-10);
  EXPECT_NEAR(found.least_of_p, 1e-3, 1e-13);
  EXPECT_NEAR(found.largest_of_p, 40.0, 1e-12);
}

TEST(GeneralisedEigenvalues, AreQuotientsOfThoseOfMatricesWithCommonVectors) {
  const std::vector<double> h{-6.0, 5.0, 8.0, 3.0}, p{2.0, 0.5, 16.0, 0.0};
  const GeneralisedEigenvalues found = generalised_eigenvalues(turned(h, 2), turned(p, 2), 4, 1e-6);
  ASSERT_EQ(found.values.size(), 3) << "3 against 0 is outside the range";
  EXPECT_NEAR(found.values[0], -3.0, 1e-12);
  EXPECT_NEAR(found.values[1], 0.5, 1e-12);
  EXPECT_NEAR(found.values[2], 10.0, 1e-12);
}

TEST(GeneralisedEigenvalues, ThereAreNoneAgainstZero) {
  EXPECT_TRUE(generalised_eigenvalues({1.0, 0.0, 0.0, 1.0}, {0.0, 0.0, 0.0, 0.0}, 2, 1e-6).values.empty());
}

class Pairs : public testing::Test {
 protected:
  void make(const std::vector<double>& values, std::size_t m) {
    n = values.size();
    a = turned(values, 3);
    steps.resize(m * n);
    changes.resize(m * n);
    lbfgs_pairs(product_with(a), random_probe(4, 0, n, false), steps, changes);
    count = n_lbfgs_pairs(steps, n);
    b = lbfgs_matrix(steps, changes, n);
  }
  std::span<const double> step(std::size_t k) const { return std::span(steps).subspan(k * n, n); }
  std::span<const double> change(std::size_t k) const { return std::span(changes).subspan(k * n, n); }

  std::size_t n = 0, count = 0;
  std::vector<double> a, b, steps, changes;
};

TEST_F(Pairs, SolveTheSecantEquations) {
  make({1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0}, 5);
  ASSERT_EQ(count, 5);
  std::vector<double> product(n);
  for (std::size_t k = 0; k < count; ++k) {
    product_with(a)(step(k), product);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(product[i], change(k)[i], 1e-12) << "y = A s";
    product_with(b)(step(k), product);  // of all, as these steps are conjugate
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(product[i], change(k)[i], 1e-11) << "B s = y";
  }
  EXPECT_GT(symmetric_eigensystem(b, n, false).values.front(), 0.0);
}

TEST_F(Pairs, OfAsManyStepsAsParametersMakeTheHessian) {
  make({1.0, 2.0, 3.0, 5.0, 8.0}, 5);
  ASSERT_EQ(count, 5);
  for (std::size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(b[i], a[i], 1e-9);
}

TEST_F(Pairs, EndWhereNothingIsLeftToLearn) {
  make({2.0, 2.0, 2.0, 7.0, 7.0, 7.0}, 6);
  EXPECT_EQ(count, 2) << "two distinct eigenvalues";
  EXPECT_TRUE(std::ranges::all_of(std::span(steps).subspan(2 * n), [](double x) { return x == 0.0; }));
  make({0.0, 0.0, 0.0}, 3);
  EXPECT_EQ(count, 0);
  EXPECT_EQ(b, (std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1}));
}

TEST_F(Pairs, LeaveOutDirectionsThatFall) {
  make({-3.0, 1.0, 4.0, 9.0, 16.0}, 5);
  EXPECT_GT(count, 0);
  for (std::size_t k = 0; k < count; ++k) EXPECT_GT(dot(step(k), change(k)), 0.0);
  EXPECT_GT(symmetric_eigensystem(b, n, false).values.front(), 0.0);
}

}  // namespace
}  // namespace landscape
