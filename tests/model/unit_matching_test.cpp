// Assignments against all permutations; networks whose units are shuffled are found to be the same one.
#include "landscape/model/unit_matching.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>

#include "landscape/model/assignment.hpp"
#include "landscape/quadrature/quadrature.hpp"
#include "reference.hpp"

namespace landscape {
namespace {

double cost_of(const std::vector<double>& cost, const std::vector<std::size_t>& column_of) {
  double sum = 0.0;
  for (std::size_t i = 0; i < column_of.size(); ++i) sum += cost[i * column_of.size() + column_of[i]];
  return sum;
}

TEST(Assignment, IsTheCheapestOfAllPermutations) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::uniform_int_distribution<int> whole(0, 3);  // many ties
  for (std::size_t n = 1; n <= 7; ++n) {
    for (int trial = 0; trial < 20; ++trial) {
      std::vector<double> cost(n * n);
      for (double& c : cost) c = trial % 2 == 0 ? normal(random) : whole(random);
      std::vector<std::size_t> order(n), found = least_cost_assignment(cost, n);
      std::iota(order.begin(), order.end(), std::size_t{0});
      double least = cost_of(cost, order);
      while (std::next_permutation(order.begin(), order.end())) least = std::min(least, cost_of(cost, order));
      EXPECT_NEAR(cost_of(cost, found), least, 1e-13);
      std::sort(found.begin(), found.end());
      EXPECT_TRUE(std::is_permutation(found.begin(), found.end(), order.begin())) << "every column once";
    }
  }
}

std::vector<double> random_parameters(const NetworkSpec& spec, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> theta(ParameterLayout(spec).size());
  for (double& x : theta) x = normal(random);
  return theta;
}

std::vector<double> shuffled(const NetworkSpec& spec, std::vector<double> theta, std::mt19937& random) {
  for (const UnitGroup& group : unit_groups(spec)) {
    std::vector<std::size_t> from(group.n_units);
    std::vector<double> sign(group.n_units, 1.0);
    std::iota(from.begin(), from.end(), std::size_t{0});
    std::shuffle(from.begin(), from.end(), random);
    if (group.takes_sign) {
      for (double& s : sign) s = random() % 2 == 0 ? 1.0 : -1.0;
    }
    permute_units(ParameterLayout(spec), group, from, sign, theta);
  }
  return theta;
}

double squared_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

std::vector<NetworkSpec> networks() {
  std::vector<NetworkSpec> all;
  for (const NetworkKind kind : {NetworkKind::fcnet, NetworkKind::resnet}) {
    for (const auto& [activation, word] : kActivations) {
      for (const auto& [dimension, width, blocks] : {std::array{1, 4, 1}, {3, 5, 2}, {2, 12, 3}})
        all.push_back({kind, activation, dimension, width, blocks});
    }
  }
  for (const auto& [activation, word] : kActivations) {
    all.push_back({NetworkKind::mlp, activation, 2, 0, 0, {5}});
    all.push_back({NetworkKind::mlp, activation, 1, 0, 0, {3, 7, 4}});
  }
  return all;
}

TEST(UnitMatching, AShuffledNetworkIsTheSameFunction) {
  std::mt19937 random(2);
  for (const NetworkSpec& spec : networks()) {
    const std::vector<double> a = random_parameters(spec, 3), b = shuffled(spec, a, random);
    EXPECT_GT(squared_distance(a, b), 1.0) << spec.describe();
    const PointSet points = make_points({QuadratureKind::sobol, 64}, spec.dimension, 1, 0);
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      const auto value = [&](const std::vector<double>& theta) {
        const reference::Network network{
            to_string(spec.kind), to_string(spec.activation), spec.dimension, spec.width, spec.blocks, theta,
            spec.layers};
        return reference::loss(network, "sine", to_string(loss), points.points, points.weights);
      };
      const reference::Real of_a = value(a), of_b = value(b);
      EXPECT_LT(std::abs(of_a - of_b), 1e-15L * (1.0L + std::abs(of_a))) << spec.describe();
    }
  }
}

TEST(UnitMatching, FindsAShuffledNetworkAgainToTheLastBit) {
  std::mt19937 random(4);
  for (const NetworkSpec& spec : networks()) {
    const std::vector<double> a = random_parameters(spec, 5);
    for (int trial = 0; trial < 3; ++trial)
      EXPECT_EQ(match_units(spec, a, shuffled(spec, a, random)), a) << spec.describe();
  }
}

/// Visits theta with the units of groups [first, ...) in every order and with every sign that they may have.
template <class Visit>
void for_all_symmetries(const NetworkSpec& spec, std::size_t first, const std::vector<double>& theta,
                        const Visit& visit) {
  const std::vector<UnitGroup> groups = unit_groups(spec);
  if (first == groups.size()) return visit(theta);
  const UnitGroup& group = groups[first];
  std::vector<std::size_t> from(group.n_units);
  std::iota(from.begin(), from.end(), std::size_t{0});
  do {
    for (unsigned signs = 0; signs < (group.takes_sign ? 1u << group.n_units : 1u); ++signs) {
      std::vector<double> sign(group.n_units), changed = theta;
      for (std::size_t i = 0; i < sign.size(); ++i) sign[i] = (signs >> i & 1u) != 0 ? -1.0 : 1.0;
      permute_units(ParameterLayout(spec), group, from, sign, changed);
      for_all_symmetries(spec, first + 1, changed, visit);
    }
  } while (std::next_permutation(from.begin(), from.end()));
}

TEST(UnitMatching, IsTheNearestOfAllOrdersAndSigns) {
  const NetworkSpec cases[] = {{NetworkKind::fcnet, Activation::swish, 1, 3, 1},
                               {NetworkKind::resnet, Activation::tanh, 2, 3, 1},
                               {NetworkKind::mlp, Activation::sin, 1, 0, 0, {2, 4}},
                               {NetworkKind::resnet, Activation::softplus, 1, 4, 1}};
  for (const NetworkSpec& spec : cases) {
    for (unsigned seed = 10; seed < 14; ++seed) {
      const std::vector<double> a = random_parameters(spec, seed), b = random_parameters(spec, seed + 100);
      double least = squared_distance(a, b);
      for_all_symmetries(
          spec, 0, b, [&](const std::vector<double>& other) { least = std::min(least, squared_distance(a, other)); });
      EXPECT_NEAR(squared_distance(a, match_units(spec, a, b)), least, 1e-12) << spec.describe();
    }
  }
}

TEST(UnitMatching, ALinearNetworkHasNoUnits) {
  NetworkSpec spec;
  spec.kind = NetworkKind::linear;
  spec.width = spec.blocks = 0;
  EXPECT_TRUE(unit_groups(spec).empty());
  EXPECT_EQ(match_units(spec, std::vector{1.0, 2.0}, std::vector{-1.0, 5.0}), (std::vector{-1.0, 5.0}));
}

}  // namespace
}  // namespace landscape
