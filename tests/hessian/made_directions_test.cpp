// What every kind of direction is, from its definition.
#include "landscape/hessian/made_directions.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "landscape/hessian/whole_hessian.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

constexpr double kAdam = 1e-8;

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

struct Case {
  NetworkSpec spec{NetworkKind::resnet, Activation::swish, 1, 3, 1};
  std::size_t n = ParameterLayout(spec).size();
  std::vector<double> theta = std::vector<double>(n), other = std::vector<double>(n);
  std::unique_ptr<LossBackend> backend =
      make_cpu_backend(spec, Problem("sine"), make_points({QuadratureKind::gauss, 12}, 1, 1, 0), 1);
  LossKind loss = LossKind::galerkin;
  DirectionNorm norm = DirectionNorm::filter;
  BiasMode bias = BiasMode::random;

  Case() {
    for (std::size_t i = 0; i < n; ++i) {
      theta[i] = std::sin(1.0 + 3.7 * static_cast<double>(i));
      other[i] = std::cos(2.0 + 1.3 * static_cast<double>(i));
    }
  }
  DirectionSet drawn() const { return {spec, theta, 5, norm, bias}; }
  std::vector<double> make(const std::string& kind, std::int64_t n_directions = 1, double end = 0.5) const {
    return MadeDirections({*backend, loss, drawn(), end, kAdam, other}).rows(parse_direction_kind(kind), n_directions);
  }
  std::vector<double> gradient() const {
    std::vector<double> g(n);
    backend->loss_and_gradient(loss, theta, g);
    return g;
  }
  double loss_at(std::span<const double> d, double s) const {
    std::vector<double> place(theta), unused(n);
    for (std::size_t i = 0; i < n; ++i) place[i] += s * d[i];
    return backend->loss_and_gradient(loss, place, unused);
  }
};

TEST(MadeDirections, TopLieInTheSpanOfTheLeadingEigenvectorsAndBulkOrthogonalToIt) {
  const Case at;
  constexpr std::size_t k = 4;
  const Eigensystem system = symmetric_eigensystem(whole_hessian(*at.backend, at.loss, at.theta), at.n, true);
  for (const std::string kind : {"top:4", "bulk:4"}) {
    const std::vector<double> rows = at.make(kind, 20);
    ASSERT_EQ(rows.size(), 20 * at.n);
    for (std::size_t row = 0; row < 20; ++row) {
      const auto d = std::span(rows).subspan(row * at.n, at.n);
      const double length = std::sqrt(dot(d, d));
      EXPECT_NEAR(length, at.drawn().typical_length(), 1e-12 * length);
      double inside = 0.0, outside = 0.0;
      for (std::size_t i = 0; i < at.n; ++i) {
        const double part = dot(d, std::span(system.vectors).subspan(i * at.n, at.n)) / length;
        (i >= at.n - k ? inside : outside) += part * part;
      }
      EXPECT_LT(std::sqrt(kind == "top:4" ? outside : inside), 1e-10) << kind << " " << row;
    }
  }
}

// Isotropic there: E d'Hd = |d|^2 times the mean eigenvalue of the span.
TEST(MadeDirections, TopAndBulkFavourNoDirectionOfTheirSpace) {
  const Case at;
  const std::size_t k = 4;
  const std::vector<double> hessian = whole_hessian(*at.backend, at.loss, at.theta);
  const std::vector<double> values = symmetric_eigensystem(hessian, at.n, false).values;
  double leading = 0.0, all = 0.0;
  for (std::size_t i = 0; i < at.n; ++i) {
    all += values[i];
    if (i >= at.n - k) leading += values[i];
  }
  constexpr std::int64_t kMany = 20000;
  for (const bool top : {true, false}) {
    const std::vector<double> rows = at.make(top ? "top:4" : "bulk:4", kMany);
    double mean = 0.0;
    for (std::size_t row = 0; row < kMany; ++row) {
      const auto d = std::span(rows).subspan(row * at.n, at.n);
      for (std::size_t i = 0; i < at.n; ++i) mean += d[i] * dot(std::span(hessian).subspan(i * at.n, at.n), d) / kMany;
    }
    const double length = at.drawn().typical_length();
    const auto dimension = static_cast<double>(top ? k : at.n - k);
    const double expected = length * length * (top ? leading : all - leading) / dimension;
    EXPECT_NEAR(mean / expected, 1.0, 0.05) << (top ? "top" : "bulk");
  }
}

TEST(MadeDirections, TheProfileAlongTheGradientRisesAsTheGradientSays) {
  const Case at;
  const std::vector<double> g = at.gradient(), d = at.make("gradient");
  const double slope = std::sqrt(dot(g, g)) * at.drawn().typical_length();
  EXPECT_NEAR(dot(g, d), slope, 1e-12 * slope);
  const double f0 = at.loss_at(d, 0.0);
  const std::vector<double> hessian = whole_hessian(*at.backend, at.loss, at.theta);
  double curvature = 0.0;
  for (std::size_t i = 0; i < at.n; ++i) curvature += d[i] * dot(std::span(hessian).subspan(i * at.n, at.n), d);
  // The remainder beyond the slope is of second order, s^2 d'Hd / 2, and beyond that one of third.
  for (const double s : {1e-3, -1e-3}) {
    const double rest = at.loss_at(d, s) - f0 - s * slope;
    EXPECT_NEAR(rest / (0.5 * s * s * curvature), 1.0, 0.02);
  }
  const double coarse = at.loss_at(d, 1e-3) - f0 - 1e-3 * slope, fine = at.loss_at(d, 5e-4) - f0 - 5e-4 * slope;
  EXPECT_NEAR(coarse / fine, 4.0, 0.1);
}

TEST(MadeDirections, AdamAndTowardsAreTheStepsTheyAreNamedAfter) {
  const Case at;
  const std::vector<double> g = at.gradient(), adam = at.make("adam"), towards = at.make("towards");
  std::vector<double> step(at.n), away(at.n);
  for (std::size_t i = 0; i < at.n; ++i) {
    step[i] = -g[i] / (std::abs(g[i]) + kAdam);
    away[i] = at.other[i] - at.theta[i];
  }
  const double length = at.drawn().typical_length();
  for (std::size_t i = 0; i < at.n; ++i) {
    EXPECT_NEAR(adam[i], step[i] * length / std::sqrt(dot(step, step)), 1e-13 * length);
    EXPECT_NEAR(towards[i], away[i] * length / std::sqrt(dot(away, away)), 1e-13 * length);
  }
  const Case alone;
  MadeDirections without({*alone.backend, alone.loss, alone.drawn(), 0.5, kAdam});
  EXPECT_THROW(without.rows({DirectionFamily::towards}, 1), Error);
  EXPECT_THROW(without.rows({DirectionFamily::random}, 1), Error);
}

TEST(MadeDirections, NoDrawnDirectionRisesHigherThanTheWorst) {
  Case at;
  for (const DirectionNorm norm : {DirectionNorm::filter, DirectionNorm::layer, DirectionNorm::weight,
                                   DirectionNorm::dfilter, DirectionNorm::dlayer, DirectionNorm::none}) {
    for (const BiasMode bias : {BiasMode::zero, BiasMode::copy, BiasMode::random, BiasMode::gaussian}) {
      for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
        at.norm = norm;
        at.bias = bias;
        at.loss = loss;
        constexpr double kEnd = 0.5;
        const std::vector<double> worst = at.make("worst", 1, kEnd);
        const double highest = at.loss_at(worst, kEnd);
        std::vector<double> d(at.n);
        for (std::int64_t k = 0; k < kAscentDraws; ++k) {
          at.drawn().generate(k, d);
          ASSERT_GE(highest, at.loss_at(d, kEnd)) << to_string(norm) << " " << to_string(bias) << " " << k;
        }
        if (norm == DirectionNorm::weight || norm == DirectionNorm::none || bias == BiasMode::gaussian) continue;
        EXPECT_LE(std::sqrt(dot(worst, worst)), at.drawn().typical_length() * (1.0 + 1e-12));
      }
    }
  }
}

TEST(DirectionSet, TheTypicalLengthIsTheRootOfTheMeanSquareAndReachIsTheFarthestPoint) {
  Case at;
  std::vector<double> v(at.n), d(at.n);
  for (std::size_t i = 0; i < at.n; ++i) v[i] = std::cos(5.0 * static_cast<double>(i));
  for (const DirectionNorm norm : {DirectionNorm::filter, DirectionNorm::layer, DirectionNorm::weight,
                                   DirectionNorm::dfilter, DirectionNorm::dlayer, DirectionNorm::none}) {
    for (const BiasMode bias : {BiasMode::zero, BiasMode::copy, BiasMode::random, BiasMode::gaussian}) {
      at.norm = norm;
      at.bias = bias;
      const DirectionSet drawn = at.drawn();
      std::vector<double> reach = v;
      drawn.reach_along(reach);
      double square = 0.0;
      constexpr int kMany = 4000;
      const bool on_spheres =
          norm != DirectionNorm::weight && norm != DirectionNorm::none && bias != BiasMode::gaussian;
      for (int k = 0; k < kMany; ++k) {
        drawn.generate(k, d);
        square += dot(d, d) / kMany;
        if (on_spheres) {
          ASSERT_LE(dot(v, d), dot(v, reach) * (1.0 + 1e-12));
        }
      }
      EXPECT_NEAR(std::sqrt(square) / drawn.typical_length(), 1.0, 0.02) << to_string(norm) << " " << to_string(bias);
      if (on_spheres) {
        EXPECT_NEAR(std::sqrt(dot(reach, reach)), drawn.typical_length(), 1e-12);
      }
    }
  }
}

TEST(DirectionKind, WordsAreReadAndRefused) {
  for (const std::string word : {"random", "top:5", "bulk:12", "gradient", "adam", "towards", "worst"})
    EXPECT_EQ(to_string(parse_direction_kind(word)), word);
  for (const std::string word : {"", "lbfgs", "top", "bulk:", "top:0", "top:x", "worst:3", "top:5:6"})
    EXPECT_THROW(parse_direction_kind(word), UsageError) << word;
}

}  // namespace
}  // namespace landscape
