// The bound on a computed loss's rounding error against the long-double reference: it holds, it is not far too large,
// and profiles that a converged least-squares minimizer gives at rounding level never count with a T that is not
// theirs.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "landscape/backend/loss_rounding.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/random/philox.hpp"
#include "landscape/roughness/diagnostics.hpp"
#include "landscape/train/training.hpp"
#include "losses.hpp"

namespace landscape {
namespace {

struct Case {
  NetworkSpec spec;
  PointSet points;
  std::vector<double> theta;
  Problem problem{"sine"};
};

long double exact_loss(const Case& c, LossKind loss, std::vector<double> theta) {
  return test::reference_loss(c.spec, c.problem, loss, c.points, std::move(theta));
}

/// theta + step * direction as the backends round it.
std::vector<double> moved(const std::vector<double>& theta, const std::vector<double>& direction, double step) {
  std::vector<double> result(theta);
  for (std::size_t i = 0; i < theta.size(); ++i) result[i] = std::fma(step, direction[i], theta[i]);
  return result;
}

QuadratureRule rule_for(int dimension) {
  return dimension == 1 ? QuadratureRule{QuadratureKind::simpson, 100} : QuadratureRule{QuadratureKind::sobol, 128};
}

PointSet points_for(int dimension, const Problem& problem = {}) {
  return loss_points(problem, rule_for(dimension), dimension, 1, 0);
}

/// Trained so far that the residual is small beside its terms.
Case trained(const NetworkSpec& spec, LossKind loss, const Problem& problem = Problem{"sine"}) {
  Case result{spec, points_for(spec.dimension, problem), {}, problem};
  TrainingSpec training;
  training.epochs = spec.dimension == 1 ? 4000 : 500;
  training.lbfgs_iterations = spec.dimension == 1 ? 3000 : 300;
  training.quadrature = rule_for(spec.dimension);
  const auto backend = make_cpu_backend(spec, problem, result.points, 1);
  result.theta = train(spec, problem, loss, training, *backend).theta;
  return result;
}

Case random_case(const NetworkSpec& spec, double scale) {
  Case result{spec, points_for(spec.dimension), std::vector<double>(ParameterLayout(spec).size())};
  for (std::size_t i = 0; i < result.theta.size(); ++i) result.theta[i] = scale * philox_normal_pair(7, 1, i).first;
  return result;
}

/// Two neurons that all but cancel: the last layer's weights are +-1000 on nearly equal activations.
Case cancelling() {
  Case result = random_case({NetworkKind::fcnet, Activation::tanh, 1, 2, 1}, 0.5);
  const ParameterLayout layout(result.spec);
  for (const TensorInfo& tensor : layout.tensors()) {
    const bool is_last = tensor.name.starts_with("layer_out.weight");
    for (int row = 1; row < tensor.rows && !is_last; ++row) {
      for (int column = 0; column < tensor.columns; ++column) {
        const auto at = tensor.offset + static_cast<std::size_t>(row * tensor.columns + column);
        result.theta[at] = result.theta[at - static_cast<std::size_t>(tensor.columns)] * (1.0 + 1e-9);
      }
    }
    if (is_last) {
      result.theta[tensor.offset] = 1000.0;
      result.theta[tensor.offset + 1] = -1000.0;
    }
  }
  return result;
}

std::vector<Case> many_cases() {
  std::vector<Case> cases;
  for (const Activation activation : {Activation::swish, Activation::tanh, Activation::sin, Activation::softplus}) {
    cases.push_back(trained({NetworkKind::resnet, activation, 1, 4, 1}, LossKind::galerkin));
    cases.push_back(random_case({NetworkKind::fcnet, activation, 3, 5, 2}, 1.0));
  }
  cases.push_back(trained({NetworkKind::resnet, Activation::swish, 3, 8, 1}, LossKind::galerkin));
  cases.push_back(trained({NetworkKind::resnet, Activation::swish, 1, 4, 1}, LossKind::ritz));
  cases.push_back(random_case({NetworkKind::resnet, Activation::swish, 10, 12, 2}, 0.4));
  cases.push_back(random_case({NetworkKind::resnet, Activation::swish, 1, 4, 1}, 40.0));  // exponentials overflow
  cases.push_back(cancelling());
  const Problem penalised("sine", Boundary{1000.0});  // whose boundary makes most of the rounding
  for (const int d : {1, 3}) {
    Case random = random_case({NetworkKind::resnet, Activation::swish, d, 8, 1}, 1.0);
    random.problem = penalised;
    random.points = points_for(d, penalised);
    cases.push_back(random);
  }
  cases.push_back(trained({NetworkKind::resnet, Activation::swish, 1, 4, 1}, LossKind::galerkin, penalised));
  const Problem helmholtz("helmholtz", {}, {.wavenumber = 10.0});
  cases.push_back(trained({NetworkKind::resnet, Activation::swish, 1, 4, 1}, LossKind::galerkin, helmholtz));
  cases.push_back(
      trained({NetworkKind::resnet, Activation::swish, 1, 4, 1}, LossKind::galerkin, Problem("convection")));
  return cases;
}

struct Measured {
  double worst_error = 0.0, largest_loss = 0.0;
};

/// Over networks within 1e-12 and 1e-4 of theta.
Measured measure(const Case& c, LossKind loss) {
  const auto backend = make_cpu_backend(c.spec, c.problem, c.points, 1);
  const math::LossError<double> bound = loss_rounding(c.spec, c.problem, loss, c.theta, c.points);
  Measured measured;
  for (std::uint64_t k = 0; k < 12; ++k) {
    std::vector<double> direction(c.theta.size());
    for (std::size_t i = 0; i < direction.size(); ++i) direction[i] = philox_normal_pair(5, k, i).first;
    const std::vector<double> steps{1e-12, 1e-4};
    std::vector<double> losses(2);
    const LineSet set(DirectionSet(c.spec, c.theta, direction));
    backend->evaluate({loss, &set, steps, 0, 2}, losses);
    for (std::size_t j = 0; j < 2; ++j) {
      const long double exact = exact_loss(c, loss, moved(c.theta, direction, steps[j]));
      const double error = std::fabs(static_cast<double>(losses[j] - exact));
      EXPECT_LE(error, bound.of(losses[j])) << c.spec.describe() << ", " << to_string(loss) << ", loss " << losses[j];
      if (j > 0) continue;
      measured.worst_error = std::max(measured.worst_error, error);
      measured.largest_loss = std::max(measured.largest_loss, std::fabs(losses[j]));
    }
  }
  return measured;
}

TEST(LossRounding, ErrorsOfComputedLossesStayBelowTheirBound) {
  for (const Case& c : many_cases()) {
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      if (has_loss(c.problem, loss)) measure(c, loss);
    }
  }
}

TEST(LossRounding, BoundIsWithinTwoDecadesOfTheErrorAtAConvergedGalerkinMinimizer) {
  const Case c = trained({NetworkKind::resnet, Activation::swish, 1, 4, 1}, LossKind::galerkin);
  const Measured measured = measure(c, LossKind::galerkin);
  ASSERT_LT(measured.largest_loss, 1e-8);
  // A relative bound of 32 eps, which forgets the cancellation, is far too small here.
  EXPECT_GT(measured.worst_error, 100.0 * math::kDefaultLossError<double> * measured.largest_loss);
  EXPECT_LT(loss_rounding(c.spec, Problem{"sine"}, LossKind::galerkin, c.theta, c.points).of(measured.largest_loss),
            100.0 * measured.worst_error);
}

/// A quantity in long double: the gradient by differences of fourth order, each good to about 1e-15 of its size.
long double exact_quantity(const Case& c, LossKind loss, Quantity quantity, const std::vector<double>& theta) {
  if (quantity == Quantity::gradient_norm) {
    long double square = 0.0L;
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const auto at = [&](double shift) {
        std::vector<double> shifted = theta;
        shifted[i] += shift;
        return exact_loss(c, loss, shifted);
      };
      // As it is rounded; the four steps are multiples of it as long as theta's exponent stays.
      const double h = std::ldexp(1.0, -14);
      const long double slope = (8.0L * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12.0L * h);
      square += slope * slope;
    }
    return std::sqrt(square);
  }
  const NetworkSpec& spec = c.spec;
  const reference::Network network = test::reference_network(spec, theta);
  const auto d = static_cast<std::size_t>(spec.dimension);
  const reference::Problem problem(full_name(c.problem));
  long double sum = 0.0L;
  for (std::size_t q = 0; q < c.points.n_inside(); ++q) {
    const std::vector<double> x(c.points.points.begin() + static_cast<std::ptrdiff_t>(q * d),
                                c.points.points.begin() + static_cast<std::ptrdiff_t>((q + 1) * d));
    const reference::Jet jet = c.problem.boundary().is_hard() ? reference::evaluate(network, x)
                                                              : reference::evaluate_without_factor(network, x);
    long double square = 0.0L;
    if (quantity == Quantity::l2_error) {
      square = std::pow(jet.u - reference::solution(problem, x), 2.0L);
    } else {
      for (std::size_t j = 0; j < d; ++j)
        square += std::pow(jet.gradient[j] - reference::solution(problem, x, static_cast<int>(j)), 2.0L);
    }
    sum += c.points.weights[q] * square;
  }
  const reference::Norms norms = reference::norms(problem, spec.dimension);
  return std::sqrt(sum / (quantity == Quantity::l2_error ? norms.solution : norms.gradient));
}

TEST(LossRounding, ErrorsOfComputedQuantitiesStayBelowTheirBound) {
  for (const Case& c : many_cases()) {
    const auto backend = make_cpu_backend(c.spec, c.problem, c.points, 1);
    for (const Quantity quantity : {Quantity::l2_error, Quantity::h1_error, Quantity::gradient_norm}) {
      // Differences of the reference cost two losses a parameter, and huge parameters want other steps.
      if (quantity == Quantity::gradient_norm && (c.theta.size() > 60 || norm_of(c.theta) > 50.0)) continue;
      for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
        if (!has_loss(c.problem, loss) || (loss == LossKind::ritz && quantity != Quantity::gradient_norm)) continue;
        const auto bound = quantity_rounding(c.spec, c.problem, loss, quantity, c.theta, c.points);
        for (std::uint64_t k = 0; k < 2; ++k) {
          std::vector<double> direction(c.theta.size());
          for (std::size_t i = 0; i < direction.size(); ++i) direction[i] = philox_normal_pair(5, k, i).first;
          const std::vector<double> steps{1e-12, 1e-4};
          std::vector<double> values(2);
          const LineSet set(DirectionSet(c.spec, c.theta, direction));
          backend->evaluate({loss, &set, steps, 0, 2, quantity}, values);
          for (std::size_t j = 0; j < 2; ++j) {
            const long double exact = exact_quantity(c, loss, quantity, moved(c.theta, direction, steps[j]));
            const auto error = static_cast<double>(std::fabs(values[j] - exact));
            EXPECT_LE(error, bound.of(values[j])) << full_name(c.problem) << ", " << c.spec.describe() << ", quantity "
                                                  << static_cast<int>(quantity) << ", value " << values[j];
          }
        }
      }
    }
  }
}

TEST(LossRounding, ManyPointsAreRepresentedByAFew) {
  Case c = random_case({NetworkKind::resnet, Activation::swish, 3, 8, 1}, 0.5);
  const auto few = loss_rounding(c.spec, Problem{"sine"}, LossKind::galerkin, c.theta,
                                 make_points({QuadratureKind::sobol, 1024}, 3, 1, 0));
  const auto many = loss_rounding(c.spec, Problem{"sine"}, LossKind::galerkin, c.theta,
                                  make_points({QuadratureKind::sobol, 65536}, 3, 1, 0));
  EXPECT_LT(many.root, 2.0 * few.root);
  EXPECT_GT(many.root, 0.5 * few.root);
}

// Two ends among many points inside: a sample of all of them would miss what rounds most.
TEST(LossRounding, TheBoundaryIsRepresentedByItsOwnPoints) {
  Case c = random_case({NetworkKind::resnet, Activation::swish, 1, 4, 1}, 0.5);
  const Problem problem("sine", Boundary{1e6});
  const auto bound = [&](std::int64_t n) {
    return loss_rounding(c.spec, problem, LossKind::ritz, c.theta,
                         loss_points(problem, {QuadratureKind::monte_carlo, n}, 1, 1, 0));
  };
  EXPECT_NEAR(bound(100'000).absolute / bound(100).absolute, 1.0, 0.01);
}

TEST(LossRounding, GalerkinProfilesAtRoundingLevelAreMarkedOrLeftOut) {
  const Case c = trained({NetworkKind::resnet, Activation::swish, 1, 4, 1}, LossKind::galerkin);
  const auto backend = make_cpu_backend(c.spec, c.problem, c.points, 1);
  const LineSet directions(DirectionSet(c.spec, c.theta, 3, DirectionNorm::filter, BiasMode::zero));
  constexpr int kDirections = 10, kSteps = 11;
  std::map<double, int> n_used;
  for (const double radius : {1e-12, 1e-11, 1e-10, 1e-9, 1e-7}) {
    std::vector<double> steps;
    for (int j = 0; j < kSteps; ++j) steps.push_back(radius * (2.0 * j / (kSteps - 1) - 1.0));
    std::vector<double> computed(kDirections * kSteps), exact(kSteps), direction(c.theta.size());
    backend->evaluate({LossKind::galerkin, &directions, steps, 0, kDirections * kSteps}, computed);
    DiagnosticsOptions options;
    options.loss_error = loss_rounding(c.spec, Problem{"sine"}, LossKind::galerkin, c.theta, c.points);
    const auto profiles = diagnose_profiles(computed, steps, {}, options);
    for (std::size_t k = 0; k < kDirections; ++k) {
      if (profiles[k].status != DirectionStatus::usable) continue;
      directions.direction(static_cast<std::int64_t>(k), direction);
      for (std::size_t j = 0; j < kSteps; ++j)
        exact[j] = static_cast<double>(exact_loss(c, LossKind::galerkin, moved(c.theta, direction, steps[j])));
      const auto truth = diagnose_profile(exact, steps);
      EXPECT_LE(std::fabs(profiles[k].total_variation - truth.total_variation), profiles[k].rounding)
          << "l = " << radius << ", direction " << k;
      EXPECT_LE(profiles[k].n_slope_changes, truth.n_slope_changes) << "l = " << radius << ", direction " << k;
      ++n_used[radius];
    }
  }
  EXPECT_EQ(n_used[1e-12], 0);
  EXPECT_EQ(n_used[1e-7], kDirections);  // nothing is thrown away where the losses carry it
}

}  // namespace
}  // namespace landscape
