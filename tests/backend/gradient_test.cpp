// The adjoint's forms against each other: several points in one sweep, and deep Ritz by one derivative.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "cases.hpp"
#include "landscape/math/gradient.hpp"
#include "landscape/model/network_spec.hpp"

namespace landscape::test {
namespace {

constexpr int kPoints = 8;

struct Result {
  double loss = 0.0;
  std::vector<double> gradient;
};

/// Loss and folded gradient over kPoints points, kTile at a time.
template <LossKind kLoss, int kTile, math::Derivatives kDerivatives>
Result gradient_of(const NetworkSpec& spec, const Problem& problem) {
  const math::DynamicShape s = spec.shape();
  const math::FoldedLayout<math::DynamicShape> layout{s};
  const auto theta = ParameterEmbedding(spec).spread_copy(
      std::span<const double>(random_vector(ParameterLayout(spec).size(), 0.5, 5)));
  std::vector<double> buffer(static_cast<std::size_t>(layout.buffer_size()));
  const auto net = math::fold(s, theta.data(), buffer.data());
  // Lane p of a tile is point first + p; coefficients as [d][kPoints].
  const auto d = static_cast<std::size_t>(spec.dimension);
  const PointSet points = odd_points(spec.dimension, problem);
  std::vector<double> top, value, source, cubic, weight, slope(d * kPoints), all_x(d * kPoints);
  TermsEvaluator terms(problem, kLoss, spec.dimension);
  for (std::size_t q = 0; q < kPoints; ++q) {
    const double* xq = points.points.data() + q * d;
    terms.evaluate(xq, points.is_boundary(q));
    top.push_back(terms.top);
    value.push_back(terms.value);
    source.push_back(terms.source);
    cubic.push_back(terms.cubic);
    weight.push_back(points.weights[q]);
    for (std::size_t j = 0; j < d; ++j) {
      slope[j * kPoints + q] = terms.slope[j];
      all_x[j * kPoints + q] = xq[j];
    }
  }
  const math::IntegrandTerms<double> first{top.data(),   slope.data(),  kPoints,
                                           value.data(), source.data(), problem->is_linear ? nullptr : cubic.data()};
  std::vector<double> x(d * kTile);
  std::vector<double> work(static_cast<std::size_t>(math::gradient_work<kLoss, double, kTile, kDerivatives>(s)));
  Result result{0.0, std::vector<double>(static_cast<std::size_t>(layout.size()))};
  for (int q = 0; q < kPoints; q += kTile) {
    for (std::size_t j = 0; j < d; ++j) {
      for (int p = 0; p < kTile; ++p) {
        x[j * kTile + static_cast<std::size_t>(p)] = all_x[j * kPoints + static_cast<std::size_t>(q + p)];
      }
    }
    math::with_activation(spec.activation, [&](auto activation) {
      math::loss_gradient<decltype(activation)::value, kLoss, kTile, kDerivatives>(
          s, net, x.data(), first.at(q), weight.data() + q, 1, result.gradient.data(), result.loss, work.data());
    });
  }
  return result;
}

using math::Derivatives;

TEST(Gradient, BitsDoNotDependOnHowManyPointsShareASweep) {
  for (const NetworkSpec& spec : many_specs()) {
    for (const Problem& problem : {Problem("sine"), Problem("diffusion"), Problem("reaction")}) {
      const Result all = gradient_of<LossKind::galerkin, 1, Derivatives::all>(spec, problem);
      const Result tiled = gradient_of<LossKind::galerkin, 4, Derivatives::all>(spec, problem);
      EXPECT_EQ(all.gradient, tiled.gradient) << spec.describe();
      EXPECT_EQ(all.loss, tiled.loss) << spec.describe();
      const Result along = gradient_of<LossKind::ritz, 1, Derivatives::along>(spec, problem);
      const Result along_tiled = gradient_of<LossKind::ritz, 4, Derivatives::along>(spec, problem);
      EXPECT_EQ(along.gradient, along_tiled.gradient) << spec.describe();
      EXPECT_EQ(along.loss, along_tiled.loss) << spec.describe();
    }
  }
}

TEST(Gradient, OneDerivativeGivesWhatAllGive) {
  for (const NetworkSpec& spec : many_specs()) {
    for (const Problem& problem : {Problem("sine"), Problem("diffusion"), Problem("reaction", {50.0})}) {
      const Result all = gradient_of<LossKind::ritz, 1, Derivatives::all>(spec, problem);
      const Result along = gradient_of<LossKind::ritz, 4, Derivatives::along>(spec, problem);
      if (spec.dimension == 1) {
        EXPECT_EQ(all.gradient, along.gradient) << spec.describe();
        continue;
      }
      double largest = 0.0;
      for (const double g : all.gradient) largest = std::max(largest, std::abs(g));
      EXPECT_TRUE(std::abs(all.loss - along.loss) <= 1e-13 * std::max(1.0, std::abs(all.loss))) << spec.describe();
      for (std::size_t i = 0; i < all.gradient.size(); ++i) {
        EXPECT_TRUE(std::abs(all.gradient[i] - along.gradient[i]) <= 1e-13 * largest)
            << spec.describe() << " folded parameter " << i << ": " << along.gradient[i] << " not " << all.gradient[i];
      }
    }
  }
}

}  // namespace
}  // namespace landscape::test
