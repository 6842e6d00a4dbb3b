// Network specifications, parameter layouts, quadrature, grids, partitions and directions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/profile/direction_set.hpp"
#include "landscape/profile/profile_grid.hpp"
#include "landscape/profile/work_partition.hpp"
#include "landscape/quadrature/quadrature.hpp"
#include "published.hpp"

namespace landscape {
namespace {

TEST(ParameterLayout, NamesAndShapesAreThoseOfThePublishedStateDicts) {
  const ParameterLayout layout(NetworkSpec{NetworkKind::resnet, Activation::swish, 3, 8, 2});
  const auto& t = layout.tensors();
  ASSERT_EQ(t.size(), 12u);
  EXPECT_EQ(t[0].name, "layer_in.weight");
  EXPECT_EQ(t[0].rows, 8);
  EXPECT_EQ(t[0].columns, 3);
  EXPECT_EQ(t[9].name, "layer4.bias");
  EXPECT_EQ(t[10].name, "layer_out.weight");
  EXPECT_EQ(t[11].offset + 1, layout.size());
  EXPECT_EQ(layout.size(), static_cast<std::size_t>(math::parameter_count(math::DynamicShape{3, 8, 2, true})));
  EXPECT_EQ(ParameterLayout(NetworkSpec{NetworkKind::linear, Activation::swish, 1, 0, 0}).size(), 2u);
}

TEST(ParameterLayout, AnMlpsTensorsHaveTheWidthsOfItsLayers) {
  const NetworkSpec spec{NetworkKind::mlp, Activation::tanh, 3, 0, 0, {5, 2, 7}};
  const auto tensors = ParameterLayout(spec).tensors();
  std::vector<std::string> names;
  for (const TensorInfo& t : tensors) names.push_back(t.name);
  EXPECT_EQ(names, (std::vector<std::string>{"layer_in.weight", "layer_in.bias", "layer1.weight", "layer1.bias",
                                             "layer2.weight", "layer2.bias", "layer_out.weight", "layer_out.bias"}));
  EXPECT_EQ(tensors[0].shape(), (std::vector<std::int64_t>{5, 3}));
  EXPECT_EQ(tensors[2].shape(), (std::vector<std::int64_t>{2, 5}));
  EXPECT_EQ(tensors[4].shape(), (std::vector<std::int64_t>{7, 2}));
  EXPECT_EQ(tensors[6].shape(), (std::vector<std::int64_t>{1, 7}));
  EXPECT_EQ(ParameterLayout(spec).size(), 20u + 12 + 21 + 8);
}

TEST(ParameterEmbedding, UnequalLayersAreSpreadAmongZerosAndGatheredAgain) {
  const NetworkSpec spec{NetworkKind::mlp, Activation::tanh, 1, 0, 0, {1, 2}};
  const ParameterEmbedding embedding(spec);
  EXPECT_EQ(embedding.size(), static_cast<std::size_t>(math::parameter_count(spec.shape())));
  const std::vector<double> theta{1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<double> row = embedding.spread_copy(std::span<const double>(theta));
  // layer_in (2, 1) and bias, layer1 (2, 2) and bias, layer_out (1, 2) and bias
  EXPECT_EQ(row, (std::vector<double>{1, 0, 2, 0, 3, 0, 4, 0, 5, 6, 7, 8, 9}));
  embedding.gather(std::span(row));
  row.resize(theta.size());
  EXPECT_EQ(row, theta);
  for (const NetworkSpec& even : {NetworkSpec{}, NetworkSpec{NetworkKind::mlp, Activation::tanh, 2, 0, 0, {3, 3, 3}}}) {
    EXPECT_TRUE(ParameterEmbedding(even).is_identity()) << even.describe();
    EXPECT_EQ(ParameterEmbedding(even).size(), static_cast<std::size_t>(math::parameter_count(even.shape())));
  }
}

TEST(Numbers, WholeNumbersHoweverTheyAreWritten) {
  const std::vector<std::pair<const char*, std::int64_t>> whole{
      {"0", 0},      {"+7", 7},       {"007", 7},    {"-3", -3},
      {"1e3", 1000}, {"1E+3", 1000},  {"2.5e1", 25}, {"2.50e1", 25},
      {"100e-2", 1}, {"-1.2e1", -12}, {"0e9", 0},    {"9e18", 9'000'000'000'000'000'000}};
  for (const auto& [text, value] : whole)
    EXPECT_EQ((parse_whole<std::int64_t>(text, "--n", -100, std::numeric_limits<std::int64_t>::max())), value) << text;
  EXPECT_EQ(
      (parse_whole<std::uint64_t>("18446744073709551615", "--seed", 0, std::numeric_limits<std::uint64_t>::max())),
      std::numeric_limits<std::uint64_t>::max());
  const auto refusal = [](const char* text) -> std::string {
    try {
      parse_whole<int>(text, "--n", 1, 500);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  for (const char* text :
       {"", "x", "1.5e0", "1e-1", "1e", "e3", "1..0", "--1", "+-1", "1 ", " 1", "0x10", "nan", "1e1x", "1."})
    EXPECT_EQ(refusal(text), std::string("--n '") + text + "' is not a whole number: give one from 1 to 500.");
  for (const char* text : {"501", "1e3", "1e30", "1e999999999", "99999999999999999999999"})
    EXPECT_EQ(refusal(text), std::string("--n '") + text + "' is too large: give a whole number from 1 to 500.");
  for (const char* text : {"0", "-1", "-1e30"})
    EXPECT_EQ(refusal(text), std::string("--n '") + text + "' is too small: give a whole number from 1 to 500.");
}

TEST(Numbers, RealNumbersHaveSignsAndRanges) {
  EXPECT_EQ(parse_real("+0.9", "--x"), 0.9);
  EXPECT_EQ(parse_real("-.5", "--x"), -0.5);
  for (const char* text : {"", "+", "+-1", "inf", "nan", "1,5", "0.9x"})
    EXPECT_THROW(parse_real(text, "--x"), UsageError);
  EXPECT_EQ(parse_grid("+0.5:+1e0:1e1").num, 10);
  EXPECT_EQ(parse_quadrature("gauss:1e2").n, 100);
  EXPECT_EQ(real_text(-std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(NetworkSpec, ImpossibleSizesAreRefusedByOption) {
  for (const NetworkSpec& bad :
       {NetworkSpec{NetworkKind::resnet, Activation::swish, 0, 4, 1},
        NetworkSpec{NetworkKind::resnet, Activation::swish, 1, -1, 1},
        NetworkSpec{NetworkKind::fcnet, Activation::swish, 1, 4, 0},
        NetworkSpec{NetworkKind::fcnet, Activation::swish, 1, 4096, 100},
        NetworkSpec{NetworkKind::fcnet, Activation::swish, 1, 4, 1, {4, 4}},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 0, 0, {}},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 4, 0, {4}},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 0, 0, {4, -1}},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 0, 0, std::vector<int>(201, 1)},
        NetworkSpec{NetworkKind::mlp, Activation::swish, 1, 0, 0, {4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096}}}) {
    EXPECT_THROW(bad.validate(), UsageError) << bad.describe();
  }
  EXPECT_THROW(parse_network_kind("transformer"), UsageError);
}

TEST(NetworkSpec, AKindWithoutKernelsIsRefusedWhereItsShapeIsAskedFor) {
  const NetworkSpec unknown{static_cast<NetworkKind>(7), Activation::swish, 2, 4, 1};
  EXPECT_THROW(unknown.shape(), Error);
  EXPECT_TRUE(NetworkSpec{}.shape().skip());
  EXPECT_FALSE((NetworkSpec{NetworkKind::fcnet, Activation::swish, 2, 4, 1}.shape().skip()));
  EXPECT_TRUE((NetworkSpec{NetworkKind::mlp, Activation::swish, 2, 0, 0, {4}}.shape().ends_half()));
}

TEST(Activation, WordsReadBackAndAreListed) {
  for (const auto& [activation, word] : kActivations) {
    EXPECT_EQ(to_string(activation), word);
    EXPECT_EQ(parse_activation(word), activation);
    EXPECT_NE(activation_names().find(word), std::string::npos);
    math::with_activation(activation, [&](auto known) { EXPECT_EQ(decltype(known)::value, activation); });
  }
  EXPECT_EQ(activation_names(), "swish, tanh, sin or softplus");
  EXPECT_THROW(parse_activation("relu"), UsageError);
}

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

TEST(ProfileGrid, EvenGridHasBothEndsAndZero) {
  const auto s = parse_grid("-0.3:0.3:21").steps();
  ASSERT_EQ(s.size(), 21u);
  EXPECT_EQ(s.front(), -0.3);
  EXPECT_EQ(s[10], 0.0);
  EXPECT_EQ(s.back(), 0.3);
  for (std::size_t j = 0; j < s.size(); ++j) EXPECT_EQ(s[j], -s[20 - j]);
}

TEST(ProfileGrid, ArangeGainsAPointWhereThePublishedCodeDid) {
  ProfileGrid grid = parse_grid("-0.02:0.02:101");
  grid.rule = GridRule::arange;
  const auto s = grid.steps();
  EXPECT_EQ(s.size(), 102u);
  EXPECT_NEAR(s.back(), 0.0204, 1e-15);
}

TEST(ProfileGrid, LengthIsThatOfItsSteps) {
  for (const double l : {0.00025, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0}) {
    for (const int m : {5, 10, 20, 100}) {
      for (const GridRule rule : {GridRule::even, GridRule::arange}) {
        const ProfileGrid grid{-l, l, m + 1, rule};
        const std::vector<double> s = grid.steps();
        EXPECT_EQ(grid.length(), s.back() - s.front()) << l << " " << m;
        EXPECT_NEAR(grid.length(), 2 * l * static_cast<double>(s.size() - 1) / m, 1e-13 * l) << l << " " << m;
      }
    }
  }
}

TEST(ProfileGrid, MonotoneProfilesHaveThePublishedT) {
  LANDSCAPE_NEEDS_PUBLISHED("published_roughness_more.json");
  // |I| T >= 1: no printed T lies below 1/|I|, and where several are equal and smallest, those are monotone profiles.
  int n_gained = 0, n_monotone = 0;
  for (const char* file : {"published_roughness.json", "published_roughness_more.json"}) {
    for (const auto& run : reference::read_published(file)) {
      const double l = run["radius"].get<double>();
      const int m = run["intervals"].get<int>();
      const ProfileGrid grid{-l, l, m + 1, GridRule::arange};
      const auto t = run["normalized_total_variation"].get<std::vector<double>>();
      const double least = *std::min_element(t.begin(), t.end()), bound = 1.0 / grid.length();
      const bool gained = grid.steps().size() == static_cast<std::size_t>(m) + 2;
      n_gained += gained ? 1 : 0;
      EXPECT_GE(least, bound * (1.0 - 1e-12)) << l << " " << m;
      // The Ritz runs hold monotone profiles, except at l = 0.05 and 0.3.
      if (run["loss"] != "ritz" || !(gained || l == 0.001)) continue;
      EXPECT_NEAR(least, bound, 1e-12 * bound) << l << " " << m;
      ++n_monotone;
    }
  }
  EXPECT_EQ(n_gained, 6);
  EXPECT_EQ(n_monotone, 4);
}

TEST(ProfileGrid, ImpossibleGridsAreRefused) {
  for (const char* bad :
       {"", "1", "-1:1", "1:-1:0", "1:-1:5", "0:0:5", "-1:1:1", "-1:1:-5", "-1:1:2.5", "a:b:c", "-1:1:5:7", "nan:1:5",
        "-inf:inf:5", "-1:1:99999999", "1:1.0000000000000004:100", "-1e308:1e308:5"}) {
    EXPECT_THROW(parse_grid(bad), UsageError) << bad;
  }
  EXPECT_EQ(parse_grid(to_string(parse_grid("-0.00025:0.00025:101"))), parse_grid("-0.00025:0.00025:101"));
}

TEST(WorkPartition, RangesAreContiguousCompleteAndEven) {
  for (const std::int64_t n : {0, 1, 5, 100, 101, 2100}) {
    for (const int ranks : {1, 2, 3, 7, 16, 200}) {
      const WorkPartition partition(n, ranks);
      std::int64_t at = 0;
      for (int r = 0; r < ranks; ++r) {
        const WorkRange range = partition.of(r);
        EXPECT_EQ(range.begin, at);
        EXPECT_TRUE(range.size() == n / ranks || range.size() == n / ranks + 1);
        at = range.end;
      }
      EXPECT_EQ(at, n);
    }
  }
}

class Directions : public ::testing::Test {
 protected:
  Directions() {
    for (std::size_t i = 0; i < theta_.size(); ++i) theta_[i] = philox(i);
  }
  static double philox(std::size_t i) { return std::sin(1.0 + 3.7 * static_cast<double>(i)); }
  std::vector<double> direction(DirectionNorm norm, BiasMode bias, std::int64_t k = 2, std::uint64_t seed = 9) const {
    std::vector<double> d(theta_.size());
    DirectionSet(spec_, theta_, seed, norm, bias).generate(k, d);
    return d;
  }
  static double norm_of(const std::vector<double>& v, std::size_t begin, std::size_t n) {
    double sum = 0.0;
    for (std::size_t i = begin; i < begin + n; ++i) sum += v[i] * v[i];
    return std::sqrt(sum);
  }
  NetworkSpec spec_{NetworkKind::resnet, Activation::swish, 3, 5, 1};
  ParameterLayout layout_{spec_};
  std::vector<double> theta_ = std::vector<double>(layout_.size());
};

TEST_F(Directions, EveryNormScalesAsDefined) {
  const auto filter = direction(DirectionNorm::filter, BiasMode::random);
  const auto layer = direction(DirectionNorm::layer, BiasMode::random);
  const auto dfilter = direction(DirectionNorm::dfilter, BiasMode::random);
  const auto dlayer = direction(DirectionNorm::dlayer, BiasMode::random);
  const auto weight = direction(DirectionNorm::weight, BiasMode::random);
  const auto none = direction(DirectionNorm::none, BiasMode::random);
  for (const TensorInfo& t : layout_.tensors()) {
    if (t.is_bias) {
      for (const auto* d : {&filter, &layer, &dfilter, &dlayer, &weight, &none}) {
        EXPECT_NEAR(norm_of(*d, t.offset, t.size()), norm_of(theta_, t.offset, t.size()), 1e-8);
      }
      continue;
    }
    EXPECT_NEAR(norm_of(layer, t.offset, t.size()), norm_of(theta_, t.offset, t.size()), 1e-8);
    EXPECT_NEAR(norm_of(dlayer, t.offset, t.size()), 1.0, 1e-8);
    const auto columns = static_cast<std::size_t>(t.columns);
    for (std::size_t row = t.offset; row < t.offset + t.size(); row += columns) {
      EXPECT_NEAR(norm_of(filter, row, columns), norm_of(theta_, row, columns), 1e-8);
      EXPECT_NEAR(norm_of(dfilter, row, columns), 1.0, 1e-8);
    }
    for (std::size_t i = t.offset; i < t.offset + t.size(); ++i) EXPECT_EQ(weight[i], none[i] * theta_[i]);
  }
}

TEST_F(Directions, RowsHaveTheWeightsLengthHoweverShortTheyWereDrawn) {
  // One weight: the direction is +w or -w, whatever number was drawn.
  const NetworkSpec linear{NetworkKind::linear, Activation::swish, 1, 0, 0};
  const std::vector<double> theta{-2.0, -1.0};
  std::vector<double> d(2);
  for (const DirectionNorm norm : {DirectionNorm::filter, DirectionNorm::layer}) {
    const DirectionSet set(linear, theta, 1, norm, BiasMode::random);
    for (std::int64_t k = 0; k < 1000; ++k) {
      set.generate(k, d);
      EXPECT_NEAR(std::fabs(d[0]), 2.0, 1e-15) << k;
      EXPECT_NEAR(std::fabs(d[1]), 1.0, 1e-15) << k;
    }
  }
}

TEST_F(Directions, RowsOfNoLengthStayFinite) {
  theta_.assign(theta_.size(), 0.0);
  for (const double x : direction(DirectionNorm::filter, BiasMode::random)) EXPECT_EQ(x, 0.0);
  for (const double x : direction(DirectionNorm::dfilter, BiasMode::random)) EXPECT_TRUE(std::isfinite(x));
}

TEST_F(Directions, BiasModesDoWhatTheySay) {
  const auto zero = direction(DirectionNorm::filter, BiasMode::zero);
  const auto copy = direction(DirectionNorm::filter, BiasMode::copy);
  for (const TensorInfo& t : layout_.tensors()) {
    for (std::size_t i = t.offset; i < t.offset + t.size(); ++i) {
      if (t.is_bias) {
        EXPECT_EQ(zero[i], 0.0);
        EXPECT_EQ(copy[i], theta_[i]);
      } else {
        EXPECT_EQ(zero[i], copy[i]);
      }
    }
  }
}

TEST_F(Directions, AreNormalInAllParametersWhereNothingIsScaled) {
  std::vector<double> normal(theta_.size());
  DirectionSet(spec_, theta_, 9, DirectionNorm::none, BiasMode::gaussian).draw(2, normal);
  EXPECT_EQ(direction(DirectionNorm::none, BiasMode::gaussian), normal);
  const auto filter = direction(DirectionNorm::filter, BiasMode::gaussian);
  for (const TensorInfo& t : layout_.tensors()) {
    for (std::size_t i = t.offset; t.is_bias && i < t.offset + t.size(); ++i) EXPECT_EQ(filter[i], normal[i]);
  }
}

TEST_F(Directions, ArePureFunctionsOfSeedAndIndex) {
  const DirectionSet set(spec_, theta_, 9, DirectionNorm::filter, BiasMode::random);
  std::vector<double> a(theta_.size()), b(theta_.size());
  set.generate(1'000'000, a);
  set.generate(0, b);
  set.generate(1'000'000, b);
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(double)), 0);
  EXPECT_NE(direction(DirectionNorm::none, BiasMode::random, 1), direction(DirectionNorm::none, BiasMode::random, 2));
  EXPECT_NE(direction(DirectionNorm::none, BiasMode::random, 1, 1),
            direction(DirectionNorm::none, BiasMode::random, 1, 2));
}

TEST_F(Directions, GivenRowsAreUsedAsTheyAre) {
  std::vector<double> rows(2 * theta_.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<double>(i);
  const DirectionSet set(spec_, theta_, rows);
  std::vector<double> d(theta_.size());
  set.generate(1, d);
  EXPECT_EQ(d[0], static_cast<double>(theta_.size()));
  EXPECT_THROW(set.generate(2, d), Error);
  rows.pop_back();
  EXPECT_THROW(DirectionSet(spec_, theta_, rows), UsageError);
}

}  // namespace
}  // namespace landscape
