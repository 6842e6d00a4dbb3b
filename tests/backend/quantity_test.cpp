// Quantities beside the loss along lines: those of their networks alone, the same bits however they are computed.
#include "landscape/backend/quantity.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "cases.hpp"
#include "landscape/backend/solution_measure.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

using namespace test;

constexpr std::array kBesideTheLoss{Quantity::l2_error, Quantity::h1_error, Quantity::gradient_norm};

std::string name_of(Quantity quantity) {
  constexpr const char* kNames[] = {"loss", "L2 error", "H1 error", "norm of the gradient"};
  return kNames[static_cast<std::size_t>(quantity)];
}

/// What a quantity is at one network, by functions that know no lines.
double quantity_alone(LossBackend& backend, const NetworkSpec& spec, const Problem& problem, LossKind loss,
                      Quantity quantity, const PointSet& points, std::span<const double> theta) {
  if (quantity == Quantity::gradient_norm) {
    std::vector<double> gradient(theta.size());
    backend.loss_and_gradient(loss, theta, gradient);
    return norm_of(gradient);
  }
  const SolutionError error = solution_error(spec, problem, theta, points);
  return quantity == Quantity::l2_error ? error.relative_l2 : error.relative_h1;
}

TEST(CpuBackend, QuantitiesAlongLinesAreThoseOfTheirNetworksAlone) {
  const std::vector<double> steps{-1.0, 0.0, 0.3};
  for (const NetworkSpec& spec : many_specs()) {
    const auto theta = random_vector(ParameterLayout(spec).size(), 0.5, 6);
    const LineSet lines(DirectionSet(spec, theta, 4, DirectionNorm::filter, BiasMode::random));
    std::vector<double> direction(theta.size()), moved(theta.size()), values(6);
    std::vector<Problem> all = problems(spec.dimension);
    all.push_back(Problem("ball"));
    for (const Problem& problem : all) {
      const PointSet points = odd_points(spec.dimension, problem);
      const auto backend = make_cpu_backend(spec, problem, points, 1);
      for (const LossKind loss : losses_of(problem)) {
        for (const Quantity quantity : kBesideTheLoss) {
          backend->evaluate({loss, &lines, steps, 0, 6, quantity}, values);
          for (std::size_t i = 0; i < values.size(); ++i) {
            lines.direction(static_cast<std::int64_t>(i / 3), direction);
            for (std::size_t p = 0; p < theta.size(); ++p) moved[p] = std::fma(steps[i % 3], direction[p], theta[p]);
            const double alone = quantity_alone(*backend, spec, problem, loss, quantity, points, moved);
            const std::string where = full_name(problem) + " " + spec.describe() + " " + name_of(quantity);
            if (quantity == Quantity::gradient_norm) {
              EXPECT_EQ(values[i], alone) << where;
            } else {
              EXPECT_NEAR(values[i], alone, 1e-12 * (1.0 + alone)) << where;
            }
          }
        }
      }
    }
  }
}

TEST(CpuBackend, BitsOfQuantitiesDoNotDependOnThreadsSlicesOrInstructionSet) {
  const std::vector<double> steps{-1.0, -0.3, 0.0, 0.5, 1.0};
  constexpr std::size_t kItems = 35;
  const std::vector<NetworkSpec> specs = many_specs();
  for (std::size_t s = 0; s < specs.size(); s += 5) {
    const NetworkSpec& spec = specs[s];
    const auto theta = random_vector(ParameterLayout(spec).size(), 0.5, 1);
    const PointSet points = make_points({QuadratureKind::monte_carlo, 150}, spec.dimension, 3, 1);
    const LineSet lines(DirectionSet(spec, theta, 4, DirectionNorm::filter, BiasMode::random));
    for (const Quantity quantity : kBesideTheLoss) {
      std::vector<double> first;
      for (const char* isa : {"portable", "avx2", "avx512"}) {
        setenv("LANDSCAPE_CPU_ISA", isa, 1);
        for (const std::size_t threads : {1, 3}) {
          const auto backend = make_cpu_backend(spec, Problem{"sine"}, points, static_cast<int>(threads));
          std::vector<double> values(kItems);
          for (std::size_t begin = 0; begin < kItems; begin += 9 * threads) {
            const std::size_t count = std::min(9 * threads, kItems - begin);
            backend->evaluate({LossKind::ritz, &lines, steps, static_cast<std::int64_t>(begin),
                               static_cast<std::int64_t>(count), quantity},
                              std::span(values).subspan(begin, count));
          }
          if (first.empty()) first = values;
          EXPECT_EQ(std::memcmp(values.data(), first.data(), kItems * sizeof(double)), 0)
              << spec.describe() << " " << name_of(quantity) << " " << backend->describe();
        }
      }
    }
  }
  unsetenv("LANDSCAPE_CPU_ISA");
}

}  // namespace
}  // namespace landscape
