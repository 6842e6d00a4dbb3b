// Points and weights of every rule, inside and on the boundary.
#include "landscape/quadrature/quadrature.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "landscape/model/error.hpp"

namespace landscape {
namespace {

/// Integral over the unit cube of prod x_i^2, exactly 3^-d.
double square_integral(const PointSet& set) {
  const auto d = static_cast<std::size_t>(set.dimension);
  double sum = 0.0;
  for (std::size_t q = 0; q < set.size(); ++q) {
    double product = 1.0;
    for (std::size_t j = 0; j < d; ++j) product *= set.points[q * d + j] * set.points[q * d + j];
    sum += set.weights[q] * product;
  }
  return sum;
}

TEST(Quadrature, SimpsonIsExactForCubicsAndHasMidpoints) {
  const PointSet set = make_points(parse_quadrature("simpson:100"), 1, 1, 0);
  ASSERT_EQ(set.size(), 201u);
  EXPECT_EQ(set.points.front(), 0.0);
  EXPECT_EQ(set.points.back(), 1.0);
  EXPECT_NEAR(square_integral(set), 1.0 / 3.0, 1e-15);
}

TEST(Quadrature, AsPublishedSimpsonLosesTheLeftEndOnly) {
  const PointSet good = make_points(parse_quadrature("simpson:10"), 1, 1, 0);
  const PointSet slip = make_points(parse_quadrature("simpson-as-published:10"), 1, 1, 0);
  ASSERT_EQ(good.size(), slip.size());
  EXPECT_EQ(slip.weights[0], 0.0);
  EXPECT_EQ(good.weights[0], 1.0 / 60.0);
  for (std::size_t q = 1; q < good.size(); ++q) EXPECT_EQ(good.weights[q], slip.weights[q]);
}

TEST(Quadrature, GaussIsExactForHighDegrees) {
  for (const int n : {1, 2, 3, 16, 101}) {
    const PointSet set = make_points({QuadratureKind::gauss, n}, 1, 1, 0);
    for (int degree = 0; degree < 2 * n; degree += n < 16 ? 1 : 7) {
      double sum = 0.0;
      for (std::size_t q = 0; q < set.size(); ++q) sum += set.weights[q] * std::pow(set.points[q], degree);
      EXPECT_NEAR(sum, 1.0 / (degree + 1), 1e-14) << n << " points, degree " << degree;
    }
  }
  EXPECT_NEAR(square_integral(make_points(parse_quadrature("gauss:3"), 4, 1, 0)), std::pow(3.0, -4), 1e-16);
}

TEST(Quadrature, RandomAndSobolPointsFillTheOpenCube) {
  for (const char* rule : {"monte-carlo:20000", "sobol:20000"}) {
    for (const std::uint64_t stream : {0u, 3u}) {
      const PointSet set = make_points(parse_quadrature(rule), 3, 5, stream);
      for (const double x : set.points) ASSERT_TRUE(x >= 0.0 && x < 1.0);
      EXPECT_NEAR(square_integral(set), 1.0 / 27.0, rule[0] == 's' ? 2e-4 : 5 * 0.0795 / std::sqrt(20000))
          << rule << stream;
    }
  }
  EXPECT_NE(make_points(parse_quadrature("sobol:8"), 2, 1, 1).points,
            make_points(parse_quadrature("sobol:8"), 2, 1, 2).points);
}

TEST(Quadrature, SobolPointsBeginAtTheOriginAndFillEveryCellOnce) {
  // Sobol 1967, in the Gray-code order of Bratley and Fox; 2^-54 more in every coordinate.
  const PointSet set = make_points(parse_quadrature("sobol:16"), 2, 1, 0);
  const double first[] = {0, 0, 0.5, 0.5, 0.75, 0.25, 0.25, 0.75};
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(set.points[i], first[i], 0x1p-53) << i;
  EXPECT_GT(set.points[0], 0.0) << "off the boundary";
  // A (0, 4, 2)-net in base 2: one point in each of the 16 cells of every shape.
  for (const int columns : {1, 2, 4, 8, 16}) {
    std::vector<int> cells(16, 0);
    for (std::size_t q = 0; q < 16; ++q) {
      const int rows = 16 / columns;
      ++cells.at(static_cast<std::size_t>(static_cast<int>(set.points[2 * q] * columns) * rows +
                                          static_cast<int>(set.points[2 * q + 1] * rows)));
    }
    EXPECT_EQ(cells, std::vector<int>(16, 1)) << columns;
  }
}

/// Of x_1^2 over the boundary: 1 on one face, and 1 / 3 on each of the others but that of x_1 = 0.
double boundary_integral(const PointSet& set) {
  const auto d = static_cast<std::size_t>(set.dimension);
  double sum = 0.0;
  for (std::size_t q = set.n_inside(); q < set.size(); ++q)
    sum += set.weights[q] * set.points[q * d] * set.points[q * d];
  return sum;
}

TEST(Quadrature, BoundaryPointsFollowThoseInsideOnEveryFace) {
  struct {
    const char* rule;
    int dimension;
    std::size_t per_face;
    double tolerance;
  } const cases[] = {{"simpson:5", 1, 1, 0.0},       {"gauss:4", 1, 1, 0.0},       {"monte-carlo:7", 1, 1, 0.0},
                     {"gauss:4", 2, 4, 1e-14},       {"gauss:3", 3, 9, 1e-14},     {"monte-carlo:30000", 3, 5000, 0.05},
                     {"monte-carlo:10", 3, 2, 10.0}, {"sobol:2000", 3, 512, 0.05}, {"sobol:1", 10, 1, 10.0}};
  for (const auto& c : cases) {
    const QuadratureRule rule = parse_quadrature(c.rule);
    const auto d = static_cast<std::size_t>(c.dimension);
    const PointSet inside = make_points(rule, c.dimension, 5, 3);
    const PointSet set = make_points_with_boundary(rule, c.dimension, 5, 3);
    SCOPED_TRACE(std::string(c.rule) + ", d = " + std::to_string(d));
    EXPECT_EQ(inside.n_boundary, 0u);
    ASSERT_EQ(set.n_inside(), inside.size());
    EXPECT_TRUE(std::equal(inside.points.begin(), inside.points.end(), set.points.begin()));
    EXPECT_TRUE(std::equal(inside.weights.begin(), inside.weights.end(), set.weights.begin()));
    ASSERT_EQ(set.n_boundary, 2 * d * c.per_face);
    std::vector<double> area(2 * d, 0.0);
    for (std::size_t q = set.n_inside(); q < set.size(); ++q) {
      int n_faces = 0;
      for (std::size_t j = 0; j < d; ++j) {
        const double x = set.points[q * d + j];
        ASSERT_TRUE(x >= 0.0 && x <= 1.0);
        if (x != 0.0 && x != 1.0) continue;
        ++n_faces;
        area[2 * j + (x == 1.0 ? 1 : 0)] += set.weights[q];
      }
      EXPECT_EQ(n_faces, 1) << "of one face, and of no edge";
    }
    for (const double a : area) EXPECT_NEAR(a, 1.0, 1e-12);
    EXPECT_NEAR(boundary_integral(set), 1.0 + 2.0 * static_cast<double>(d - 1) / 3.0, c.tolerance);
  }
}

TEST(Quadrature, RandomBoundaryPointsAreOthersOnEveryFaceAndInEveryStream) {
  for (const char* rule : {"monte-carlo:60", "sobol:60"}) {
    std::set<double> seen;
    std::size_t n = 0;
    for (const std::uint64_t stream : {1u, 2u}) {
      const PointSet set = make_points_with_boundary(parse_quadrature(rule), 3, 5, stream);
      for (std::size_t i = 3 * set.n_inside(); i < set.points.size(); ++i) {
        if (set.points[i] == 0.0 || set.points[i] == 1.0) continue;
        seen.insert(set.points[i]);
        ++n;
      }
      const PointSet again = make_points_with_boundary(parse_quadrature(rule), 3, 5, stream);
      EXPECT_EQ(set.points, again.points);
    }
    EXPECT_EQ(seen.size(), n) << rule;
  }
}

double radius(const PointSet& set, std::size_t q) {
  double square = 0.0;
  for (int j = 0; j < set.dimension; ++j) {
    const double x = set.points[q * static_cast<std::size_t>(set.dimension) + static_cast<std::size_t>(j)];
    square += x * x;
  }
  return std::sqrt(square);
}

// int x_1^2p over the ball of d dimensions is (2 p - 1)!! |B| / ((d + 2)(d + 4) ... (d + 2 p)).
TEST(Quadrature, GaussInTheBallIsExactForPolynomials) {
  for (const int d : {1, 2, 3}) {
    const PointSet set = make_points({QuadratureKind::gauss, 8}, Domain::ball, d, 1, 0);
    EXPECT_EQ(set.size(), d == 1 ? 8u : d == 2 ? 128u : 1024u);
    for (int axis = 0; axis < d; ++axis) {
      double want = volume(Domain::ball, d);
      for (int p = 0; p <= 6; ++p) {
        if (p > 0) want *= (2.0 * p - 1.0) / (d + 2.0 * p);
        double even = 0.0, odd = 0.0;
        for (std::size_t q = 0; q < set.size(); ++q) {
          const double x = set.points[q * static_cast<std::size_t>(d) + static_cast<std::size_t>(axis)];
          even += set.weights[q] * std::pow(x, 2 * p);
          odd += set.weights[q] * std::pow(x, 2 * p + 1);
          EXPECT_LT(radius(set, q), 1.0);
        }
        EXPECT_NEAR(even, want, 1e-13) << "d = " << d << ", x_" << axis << "^" << 2 * p;
        EXPECT_NEAR(odd, 0.0, 1e-14);
      }
    }
  }
}

TEST(Quadrature, RandomPointsOfTheBallAreTheFirstOfTheCubesThatLieInIt) {
  for (const QuadratureKind kind : {QuadratureKind::monte_carlo, QuadratureKind::sobol}) {
    for (const int d : {2, 3, 6}) {
      const PointSet few = make_points({kind, 50}, Domain::ball, d, 3, 1);
      const PointSet set = make_points({kind, 4000}, Domain::ball, d, 3, 1);
      EXPECT_TRUE(std::equal(few.points.begin(), few.points.end(), set.points.begin()));
      double sum = 0.0, square = 0.0;
      for (std::size_t q = 0; q < set.size(); ++q) {
        EXPECT_LT(radius(set, q), 1.0);
        sum += set.weights[q];
        square += radius(set, q) * radius(set, q) / static_cast<double>(set.size());
      }
      EXPECT_NEAR(sum, volume(Domain::ball, d), 1e-12);
      // r^2 has the mean d / (d + 2) and the variance 4 d / ((d + 2)^2 (d + 4)).
      EXPECT_NEAR(square, d / (d + 2.0), 4.0 * std::sqrt(4.0 * d / (d + 4.0) / 4000.0) / (d + 2.0));
    }
  }
  const PointSet cube = make_points({QuadratureKind::monte_carlo, 1000}, 3, 3, 1);
  const PointSet ball = make_points({QuadratureKind::monte_carlo, 100}, Domain::ball, 3, 3, 1);
  std::size_t taken = 0;
  for (std::size_t q = 0; taken < 300; ++q) {
    double square = 0.0;
    for (std::size_t j = 0; j < 3; ++j) square += std::pow(2.0 * cube.points[3 * q + j] - 1.0, 2);
    if (square >= 1.0) continue;
    for (std::size_t j = 0; j < 3; ++j) EXPECT_EQ(ball.points[taken++], 2.0 * cube.points[3 * q + j] - 1.0);
  }
}

TEST(Quadrature, RulesOfTheIntervalAreStretchedToTheBallOfOneDimension) {
  const PointSet set = make_points({QuadratureKind::simpson, 2}, Domain::ball, 1, 1, 0);
  EXPECT_EQ(set.points, (std::vector{-1.0, -0.5, 0.0, 0.5, 1.0}));
  EXPECT_NEAR(set.weights[0] + set.weights[1] + set.weights[2] + set.weights[3] + set.weights[4], 2.0, 1e-15);
}

TEST(Quadrature, RulesThatDoNotFillABallAreRefused) {
  EXPECT_THROW(make_points({QuadratureKind::simpson, 4}, Domain::ball, 2, 1, 0), UsageError);
  EXPECT_THROW(make_points({QuadratureKind::gauss, 4}, Domain::ball, 4, 1, 0), UsageError);
  EXPECT_THROW(make_points({QuadratureKind::monte_carlo, 100}, Domain::ball, 40, 1, 0), UsageError);
}

TEST(Quadrature, BoundaryPointsThatDoNotFitAreRefused) {
  make_points(parse_quadrature("gauss:2"), 2, 1, 0);
  EXPECT_THROW(make_points_with_boundary(parse_quadrature("gauss:1"), 40000, 1, 0), UsageError);
}

TEST(Quadrature, BadRulesAreRefused) {
  for (const char* bad : {"", "simpson", "simpson:", "simpson:0", "simpson:-3", "simpson:1.5e0", "simpson:10x",
                          "romberg:4", "gauss:99999999999999999999"}) {
    EXPECT_THROW(parse_quadrature(bad), UsageError) << bad;
  }
  EXPECT_THROW(make_points(parse_quadrature("simpson:10"), 2, 1, 0), UsageError);
  EXPECT_THROW(make_points(parse_quadrature("gauss:100"), 10, 1, 0), UsageError);
  EXPECT_THROW(make_points(parse_quadrature("monte-carlo:1000000000"), 10, 1, 0), UsageError);
}

}  // namespace
}  // namespace landscape
