// Curves through landscapes of two basins whose valleys are known.
#include "landscape/train/bezier_curve.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "landscape/train/training.hpp"

namespace landscape {
namespace {

using Vector = std::vector<double>;

// Largest loss on a path above the straight line between its ends, of ends with one loss.
double rise(const LossAndGradient& loss, const std::function<Vector(double)>& path) {
  Vector gradient(2);
  double highest = loss(path(0.0), gradient);
  const double ends = highest;
  for (int j = 1; j <= 1000; ++j) highest = std::max(highest, loss(path(1e-3 * j), gradient));
  return highest - ends;
}

double rise_on_curve(const LossAndGradient& loss, const Vector& a, const Vector& control, const Vector& b) {
  return rise(loss, [&](double t) {
    Vector point(2);
    bezier_point(a, control, b, t, point);
    return point;
  });
}

double rise_on_line(const LossAndGradient& loss, const Vector& a, const Vector& b) {
  return rise(loss, [&](double t) {
    Vector point(2);
    straight_point(a, b, t, point);
    return point;
  });
}

// Basins at (-1, 0) and (1, 0), low along y = 1 - x^2, where a wall of height `wall` is between them:
// L = (y - 1 + x^2)^2 + wall (x^2 - 1)^2. The parabola is the Bezier curve with the control point (0, 2).
LossAndGradient two_basins(double wall) {
  return [wall](std::span<const double> p, std::span<double> g) {
    const double x = p[0], off = p[1] - 1.0 + x * x, well = x * x - 1.0;
    g[0] = 4.0 * x * off + 4.0 * wall * x * well;
    g[1] = 2.0 * off;
    return off * off + wall * well * well;
  };
}

TEST(BezierCurve, OfATwoBasinProblemFindsTheKnownPath) {
  const Vector a{-1.0, 0.0}, b{1.0, 0.0};
  for (const double wall : {0.0, 0.05}) {
    const LossAndGradient loss = two_basins(wall);
    const BezierCurve curve = fit_bezier_curve(a, b, loss, {});
    EXPECT_NEAR(curve.control[0], 0.0, 1e-6) << wall;
    EXPECT_NEAR(curve.control[1], 2.0, 1e-6) << wall;
    EXPECT_FALSE(curve.at_limit);
    EXPECT_LT(curve.gradient_norm, 1e-6);
    EXPECT_NEAR(rise_on_line(loss, a, b), 1.0 + wall, 1e-12) << "over the hill at the origin";
    EXPECT_NEAR(rise_on_curve(loss, a, curve.control, b), wall, 1e-6) << "of the wall no path is free";
  }
}

// L = (|p|^2 - 1)^2: the minima are a ring, of which a and b are 120 degrees apart.
double ring(std::span<const double> p, std::span<double> g) {
  const double off = p[0] * p[0] + p[1] * p[1] - 1.0;
  g[0] = 4.0 * off * p[0];
  g[1] = 4.0 * off * p[1];
  return off * off;
}

TEST(BezierCurve, OnARingIsTheBestOfAllCurvesTried) {
  const double half = std::sqrt(0.75);
  const Vector a{0.5, -half}, b{0.5, half};
  const auto mean_with = [&](double r) {  // of the control point (r, 0), by the midpoint rule
    Vector point(2), gradient(2);
    double sum = 0.0;
    for (int j = 0; j < 2000; ++j) {
      bezier_point(a, Vector{r, 0.0}, b, (j + 0.5) / 2000.0, point);
      sum += ring(point, gradient);
    }
    return sum / 2000.0;
  };
  double best = 0.0;
  for (double r = 0.0; r <= 3.0; r += 1e-3) best = mean_with(r) < mean_with(best) ? r : best;
  const BezierCurve curve = fit_bezier_curve(a, b, ring, {});
  EXPECT_NEAR(curve.control[0], best, 1e-3);
  EXPECT_NEAR(curve.control[1], 0.0, 1e-9);
  EXPECT_NEAR(curve.mean_loss, mean_with(curve.control[0]), 1e-6);
  const double straight = rise_on_line(ring, a, b);
  EXPECT_NEAR(straight, 0.5625, 1e-12);
  EXPECT_LT(rise_on_curve(ring, a, curve.control, b), 0.01 * straight);
}

TEST(BezierCurve, BeginsAtTheStraightPathAndEndsWhereItIsTold) {
  const Vector a{-1.0, 0.25}, b{1.0, 3.0};
  Vector point(2);
  for (const double t : {0.0, 1.0}) {
    straight_point(a, b, t, point);
    EXPECT_EQ(point, t == 0.0 ? a : b);
    bezier_point(a, Vector{7.0, -7.0}, b, t, point);
    EXPECT_EQ(point, t == 0.0 ? a : b);
  }
  const BezierCurve curve = fit_bezier_curve({a.data(), 2}, b, two_basins(0.05), {16, 1});
  EXPECT_EQ(curve.iterations, 1);
  EXPECT_TRUE(curve.at_limit);

  struct Enough {};
  CurveFit fit;
  fit.between = [](std::int64_t) { throw Enough(); };
  EXPECT_THROW(fit_bezier_curve(a, b, ring, fit), Enough);
  const auto nowhere = [](std::span<const double>, std::span<double>) { return std::nan(""); };
  EXPECT_THROW(fit_bezier_curve(a, b, nowhere, {}), TrainingDiverged);
}

}  // namespace
}  // namespace landscape
