// Every equation of the table: its right-hand side is that of its exact solution, its least energy is that of its exact
// solution, and the numbers per point give the residual and the energy density of u = B N.
#include "landscape/equation/equation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "landscape/model/error.hpp"
#include "landscape/quadrature/quadrature.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

std::vector<int> dimensions(const Problem& problem) {
  return problem->is_one_dimensional ? std::vector{1} : std::vector{1, 2, 3, 7};
}

/// Every equation, and those that have parameters with others than the default ones.
std::vector<Problem> problems(const Boundary& boundary = {}) {
  std::vector<Problem> all;
  for (const Equation& equation : equations()) all.emplace_back(equation.name, boundary);
  all.emplace_back("sine", boundary, Parameters{.frequency = 3.0});
  all.emplace_back("helmholtz", boundary, Parameters{.frequency = 2.0, .wavenumber = 10.0});
  all.emplace_back("convection", boundary, Parameters{.diffusivity = 0.7});
  return all;
}

/// Inside, with room around it for differences.
std::vector<double> random_point(Domain domain, int dimension, std::uint64_t k) {
  std::vector<double> x;
  for (int j = 0; j < dimension; ++j)
    x.push_back(0.1 + 0.8 * philox_uniform_pair(5, k, static_cast<std::uint64_t>(j))[0]);
  if (domain == Domain::ball) {
    for (double& xi : x) xi = (2.0 * xi - 1.0) / std::sqrt(static_cast<double>(dimension));
  }
  return x;
}

struct Coefficients {
  OperatorAt at;
  std::vector<double> grad_a, convection;
};

/// The coefficients at x, which keep their own gradient.
std::unique_ptr<Coefficients> coefficients(const Problem& problem, const std::vector<double>& x) {
  auto result = std::make_unique<Coefficients>();
  result->grad_a.assign(x.size(), 0.0);
  result->convection = result->grad_a;
  result->at.grad_a = result->grad_a;
  result->at.convection = result->convection;
  problem.coefficients(static_cast<int>(x.size()), x.data(), result->at);
  return result;
}

/// Nothing where the problem has no energy.
std::optional<TermsEvaluator> energy_terms(const Problem& problem, int dimension) {
  if (!problem->has_energy()) return std::nullopt;
  return TermsEvaluator(problem, LossKind::ritz, dimension);
}

/// Fourth-order difference of f along axis j.
template <class F>
double slope(const F& f, std::vector<double> x, std::size_t j) {
  constexpr double h = 5e-4;
  const auto at = [&](double step) {
    std::vector<double> moved(x);
    moved[j] += step;
    return f(moved);
  };
  return (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
}

TEST(Equation, RightHandSidesAreThoseOfTheExactSolutions) {
  for (const Problem& problem : problems()) {
    for (const int d : dimensions(problem)) {
      for (std::uint64_t k = 0; k < 5; ++k) {
        const std::vector<double> x = random_point(problem->domain, d, k);
        std::vector<double> gradient(x.size());
        const double u = problem.solution(d, x.data(), gradient.data());
        double divergence = 0.0;
        for (std::size_t j = 0; j < x.size(); ++j) {
          const auto value = [&](const std::vector<double>& p) { return problem.solution(d, p.data(), nullptr); };
          EXPECT_NEAR(gradient[j], slope(value, x, j), 1e-9) << full_name(problem) << ", d = " << d;
          const auto conductivity = [&](const std::vector<double>& p) { return coefficients(problem, p)->at.a; };
          EXPECT_NEAR(coefficients(problem, x)->grad_a[j], slope(conductivity, x, j), 1e-9) << full_name(problem);
          divergence += slope(
              [&](const std::vector<double>& p) {
                std::vector<double> g(p.size());
                problem.solution(d, p.data(), g.data());
                return coefficients(problem, p)->at.a * g[j];
              },
              x, j);
        }
        const auto c = coefficients(problem, x);
        double along = 0.0;
        for (std::size_t j = 0; j < x.size(); ++j) along += c->convection[j] * gradient[j];
        EXPECT_EQ(problem->has_energy(), std::ranges::count(c->convection, 0.0) == d) << full_name(problem);
        EXPECT_NEAR(-divergence + along + c->at.c * u + c->at.s * u * u * u, c->at.f, 1e-8 * (1.0 + std::fabs(c->at.f)))
            << full_name(problem) << ", d = " << d;
        EXPECT_EQ(problem->is_linear, c->at.s == 0.0) << full_name(problem);
      }
    }
  }
}

TEST(Equation, EnergiesAreThoseOfTheExactSolutions) {
  for (const Problem& problem : problems()) {
    if (!problem->has_energy()) continue;
    for (const int d : dimensions(problem)) {
      if (d > 3) continue;
      const PointSet points = make_points({QuadratureKind::gauss, 20}, problem->domain, d, 1, 0);
      double energy = 0.0;
      for (std::size_t q = 0; q < points.size(); ++q) {
        const auto first = points.points.begin() + static_cast<std::ptrdiff_t>(q) * d;
        const std::vector<double> x(first, first + d);
        std::vector<double> gradient(x.size());
        const double u = problem.solution(d, x.data(), gradient.data());
        const auto c = coefficients(problem, x);
        double squares = 0.0;
        for (const double g : gradient) squares += g * g;
        energy += points.weights[q] *
                  (0.5 * c->at.a * squares + 0.5 * c->at.c * u * u + 0.25 * c->at.s * u * u * u * u - c->at.f * u);
      }
      EXPECT_NEAR(energy, problem->energy(problem.parameters(), d), 1e-11 * std::fabs(energy))
          << full_name(problem) << ", d = " << d;
    }
  }
}

TEST(Equation, NumbersPerPointGiveResidualAndEnergyOfTheProduct) {
  for (const Problem& problem : problems()) {
    for (const int d : dimensions(problem)) {
      TermsEvaluator strong(problem, LossKind::galerkin, d);
      std::optional<TermsEvaluator> weak = energy_terms(problem, d);
      for (std::uint64_t k = 0; k < 20; ++k) {
        const std::vector<double> x = random_point(problem->domain, d, k);
        std::vector<double> network;  // N, grad N, Lap N
        for (int i = 0; i < d + 2; ++i)
          network.push_back(philox_normal_pair(9, k, static_cast<std::uint64_t>(i)).first);
        const auto n = static_cast<std::size_t>(d);
        double b, lap_b;
        std::vector<double> grad_b(n);
        boundary_factor(problem->domain, d, x.data(), b, grad_b.data(), lap_b);
        const auto c = coefficients(problem, x);
        const double u = b * network[0];
        double laplacian = b * network[n + 1] + network[0] * lap_b, drift = 0.0, squares = 0.0;
        double size = std::fabs(c->at.a * b * network[n + 1]) + std::fabs(c->at.f);
        for (std::size_t j = 0; j < n; ++j) {
          const double slope_u = b * network[1 + j] + network[0] * grad_b[j];
          laplacian += 2.0 * grad_b[j] * network[1 + j];
          drift += (c->grad_a[j] - c->convection[j]) * slope_u;
          size += std::fabs(c->convection[j] * slope_u);
          squares += slope_u * slope_u;
          size += std::fabs(2.0 * c->at.a * grad_b[j] * network[1 + j]);
        }
        const double r = c->at.a * laplacian + drift - c->at.c * u - c->at.s * u * u * u + c->at.f;
        const double e = 0.5 * c->at.a * squares + 0.5 * c->at.c * u * u + 0.25 * c->at.s * u * u * u * u - c->at.f * u;
        strong.evaluate(x.data());
        EXPECT_NEAR(math::residual(d, network.data(), 1, strong.terms()), r, 1e-13 * size) << full_name(problem);
        if (!weak) continue;
        weak->evaluate(x.data());
        EXPECT_NEAR(math::loss_integrand<LossKind::ritz>(d, network.data(), 1, weak->terms()), e,
                    1e-13 * (c->at.a * squares + std::fabs(c->at.c * u * u) + std::fabs(c->at.f * u)))
            << full_name(problem) << ", d = " << d;
      }
    }
  }
}

// Fourth-order differences of B itself.
TEST(Equation, DerivativesOfTheBoundaryFactorAreItsOwn) {
  for (const Domain domain : {Domain::cube, Domain::ball}) {
    for (const int d : {1, 2, 3, 7}) {
      const std::vector<double> x = random_point(domain, d, 2);
      std::vector<double> gradient(x.size()), other(x.size());
      double b, laplacian, ignored, divergence = 0.0;
      boundary_factor(domain, d, x.data(), b, gradient.data(), laplacian);
      for (std::size_t j = 0; j < x.size(); ++j) {
        const auto value = [&](const std::vector<double>& p) {
          double factor;
          boundary_factor(domain, d, p.data(), factor, other.data(), ignored);
          return factor;
        };
        const auto along = [&](const std::vector<double>& p) {
          double factor;
          boundary_factor(domain, d, p.data(), factor, other.data(), ignored);
          return other[j];
        };
        EXPECT_NEAR(gradient[j], slope(value, x, j), 1e-10);
        divergence += slope(along, x, j);
      }
      EXPECT_NEAR(laplacian, divergence, 1e-9);
    }
  }
}

TEST(Equation, NamesAreDistinctAndUnknownOnesAreRefused) {
  for (const Equation& equation : equations()) {
    EXPECT_EQ(to_string(Problem(equation.name)), equation.name);
    EXPECT_EQ(Problem(equation.name) == Problem(), &equation == equations().data());
    EXPECT_FALSE(Problem(equation.name) == Problem(equation.name, Boundary{1.0}));
  }
  EXPECT_THROW(Problem("heat"), std::invalid_argument);
}

TEST(Equation, FullNamesAreReadBack) {
  for (const Boundary& boundary : {Boundary{}, Boundary{0.1}}) {
    for (const Problem& problem : problems(boundary)) EXPECT_EQ(problem_of_full_name(full_name(problem)), problem);
  }
  EXPECT_EQ(full_name(Problem("helmholtz", {}, {.frequency = 2.0, .wavenumber = 10.5})),
            "helmholtz, frequency=2, wavenumber=10.5");
  for (const char* bad : {"", "heat", "sine, hard:1", "sine, frequency", "sine, frequency=x", "sine, amplitude=2"})
    EXPECT_THROW(problem_of_full_name(bad), std::invalid_argument) << bad;
}

TEST(Equation, WithoutAnEnergyThereIsNoRitzLoss) {
  const Problem convection("convection"), sine("sine");
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) EXPECT_TRUE(has_loss(sine, loss));
  EXPECT_TRUE(has_loss(convection, LossKind::galerkin));
  EXPECT_FALSE(has_loss(convection, LossKind::ritz));
  EXPECT_FALSE(least_energy(convection, 1));
  EXPECT_THROW(TermsEvaluator(convection, LossKind::ritz, 1), Error);
  EXPECT_THROW(energy_of_solution(convection, 1), Error);
}

TEST(Equation, HelmholtzHasALeastEnergyBelowTheLeastEigenvalueOnly) {
  for (const int d : {1, 2, 3}) {
    const double eigenvalue = d * math::kPi * math::kPi;
    for (const double factor : {0.01, 0.999, 1.001, 50.0}) {
      const Problem problem("helmholtz", {}, {.frequency = 2.0, .wavenumber = std::sqrt(factor * eigenvalue)});
      const auto least = least_energy(problem, d);
      EXPECT_EQ(unbounded_text(problem, d).empty(), factor < 1.0);
      ASSERT_EQ(least.has_value(), factor < 1.0);
      if (!least) continue;
      EXPECT_EQ(*least, energy_of_solution(problem, d));
    }
  }
}

TEST(Boundary, TextsAreReadBackAndOthersRefused) {
  for (const char* word : {"hard", "penalty:100", "penalty:0.5", "penalty:1e-300"})
    EXPECT_EQ(to_string(parse_boundary(word)), word);
  EXPECT_EQ(parse_boundary("penalty:1e2"), Boundary{100.0});
  for (const char* bad : {"", "soft", "hard:1", "penalty", "penalty:", "penalty:0", "penalty:-1", "penalty:nan",
                          "penalty:inf", "penalty:1e999", "penalty:1x", "penalty:1 "}) {
    try {
      parse_boundary(bad);
      ADD_FAILURE() << bad << " was accepted";
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.find("--boundary "), 0u) << message;
      EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 0) << message;
    }
  }
}

TEST(Boundary, ExactSolutionsVanishThereWhereTheySaySo) {
  for (const Problem& problem : problems()) {
    for (const int d : dimensions(problem)) {
      for (int face = 0; face < 2 * d; ++face) {
        std::vector<double> x = random_point(problem->domain, d, static_cast<std::uint64_t>(face));
        if (problem->domain == Domain::cube) {
          x[static_cast<std::size_t>(face / 2)] = face % 2;
        } else {
          double square = 0.0;
          for (const double xi : x) square += xi * xi;
          for (double& xi : x) xi /= std::sqrt(square);
        }
        double b, lap_b;
        std::vector<double> grad_b(x.size());
        boundary_factor(problem->domain, d, x.data(), b, grad_b.data(), lap_b);
        EXPECT_NEAR(b, 0.0, 1e-15) << full_name(problem) << ", d = " << d;
        const double u = problem.solution(d, x.data(), nullptr);
        if (is_zero_on_boundary(problem, d)) {
          EXPECT_NEAR(u, 0.0, 1e-15) << full_name(problem) << ", d = " << d;
        } else {
          EXPECT_GT(std::fabs(u), 0.1) << full_name(problem) << ", d = " << d;
        }
      }
    }
  }
}

TEST(Boundary, SquaresOfExactSolutionsThereAreTheirIntegrals) {
  for (const Problem& problem : problems()) {
    if (problem->domain != Domain::cube) continue;
    for (const int d : dimensions(problem)) {
      if (d > 3) continue;
      const PointSet points = make_points_with_boundary({QuadratureKind::gauss, 20}, d, 1, 0);
      double square = 0.0;
      for (std::size_t q = points.n_inside(); q < points.size(); ++q) {
        const double u = problem.solution(d, points.points.data() + q * static_cast<std::size_t>(d), nullptr);
        square += points.weights[q] * u * u;
      }
      EXPECT_NEAR(square, problem.norms(d).boundary, 1e-12) << full_name(problem) << ", d = " << d;
    }
  }
}

TEST(Boundary, NumbersPerPointOfAPenaltyAreThoseOfTheNetworkItself) {
  const double beta = 7.0;
  for (const Problem& problem : problems({beta})) {
    for (const int d : dimensions(problem)) {
      TermsEvaluator strong(problem, LossKind::galerkin, d);
      std::optional<TermsEvaluator> weak = energy_terms(problem, d);
      const std::vector<double> x = random_point(problem->domain, d, 3);
      std::vector<double> network;  // N = u, grad N, Lap N
      for (int i = 0; i < d + 2; ++i) network.push_back(philox_normal_pair(9, 1, static_cast<std::uint64_t>(i)).first);
      const auto c = coefficients(problem, x);
      const double u = network[0];
      double drift = 0.0, squares = 0.0;
      for (std::size_t j = 0; j < x.size(); ++j) {
        drift += (c->grad_a[j] - c->convection[j]) * network[1 + j];
        squares += network[1 + j] * network[1 + j];
      }
      const double r = c->at.a * network.back() + drift - c->at.c * u - c->at.s * u * u * u + c->at.f;
      const double e = 0.5 * c->at.a * squares + 0.5 * c->at.c * u * u + 0.25 * c->at.s * u * u * u * u - c->at.f * u;
      strong.evaluate(x.data());
      EXPECT_NEAR(math::residual(d, network.data(), 1, strong.terms()), r,
                  1e-13 * (1.0 + std::fabs(c->at.f) + std::fabs(c->at.c * u)));
      strong.evaluate(x.data(), true);
      const double g = problem->vanishes_on_boundary || d == 1 ? 0.0 : problem.solution(d, x.data(), nullptr);
      const double scale = 1e-14 * (1.0 + beta * g * g);
      EXPECT_NEAR(math::loss_integrand<LossKind::galerkin>(d, network.data(), 1, strong.terms()),
                  beta * (u - g) * (u - g), scale);
      if (!weak) continue;
      weak->evaluate(x.data());
      EXPECT_NEAR(math::loss_integrand<LossKind::ritz>(d, network.data(), 1, weak->terms()), e,
                  1e-13 * (squares + 1.0 + std::fabs(c->at.c * u * u) + std::fabs(c->at.f * u)));
      weak->evaluate(x.data(), true);
      EXPECT_NEAR(math::loss_integrand<LossKind::ritz>(d, network.data(), 1, weak->terms()), beta * u * (u - 2.0 * g),
                  scale);
    }
  }
}

// The minimizer u* + e with e = e_0 + (e_1 - e_0) x solves du/dn + 2 beta u = 0 at both ends.
TEST(Boundary, LeastEnergyWithAPenaltyIsThatOfTheRobinProblem) {
  const double pi = math::kPi;
  EXPECT_NEAR(least_energy(Problem("sine", {100.0}), 1).value(), -pi * pi / 4.0 - pi * pi / 200.0, 1e-15);
  EXPECT_NEAR(least_energy(Problem("cubic", {2.0}), 1).value(), -23.0 / 30.0 - 1.0 - 1.0 / 6.0, 1e-15);
  const PointSet points = make_points({QuadratureKind::gauss, 20}, 1, 1, 0);
  for (const char* name : {"sine", "cubic"}) {
    const Problem problem(name);
    for (const double beta : {0.3, 10.0, 1000.0}) {
      const double left = 0.0, right = 1.0;
      double slope_left, slope_right;
      problem.solution(1, &left, &slope_left);
      problem.solution(1, &right, &slope_right);
      // -(s_0 + e_1 - e_0) + 2 beta e_0 = 0 and s_1 + e_1 - e_0 + 2 beta e_1 = 0
      const double p = 1.0 + 2.0 * beta, determinant = p * p - 1.0;
      const double e0 = (p * slope_left - slope_right) / determinant, e1 = (slope_left - p * slope_right) / determinant;
      double energy = beta * (e0 * e0 + e1 * e1);
      for (std::size_t q = 0; q < points.size(); ++q) {
        const double x = points.points[q];
        double slope_u;
        const double u = problem.solution(1, &x, &slope_u) + e0 + (e1 - e0) * x;
        slope_u += e1 - e0;
        energy += points.weights[q] * (0.5 * slope_u * slope_u - source_at(problem, 1, &x) * u);
      }
      EXPECT_NEAR(least_energy(Problem(name, {beta}), 1).value(), energy, 1e-12 * std::fabs(energy)) << name << beta;
      EXPECT_LT(energy, problem->energy({}, 1));
    }
  }
  const Problem faster("sine", {10.0}, {.frequency = 3.0});
  EXPECT_NEAR(least_energy(faster, 1).value(), -9.0 * pi * pi / 4.0 - 9.0 * pi * pi / 20.0, 1e-13);
  EXPECT_EQ(least_energy(Problem("sine"), 2), Problem("sine")->energy({}, 2));
  for (const char* name : {"diffusion", "reaction"}) EXPECT_FALSE(least_energy(Problem(name, {1.0}), 1)) << name;
  EXPECT_FALSE(least_energy(Problem("sine", {1.0}), 2));
  EXPECT_EQ(least_energy(Problem("sine-sum", {1.0}), 1), least_energy(Problem("sine", {1.0}), 1));
  EXPECT_FALSE(least_energy(Problem("sine-sum", {1.0}), 2));
}

// The least quotient (int u'^2 + 2 beta (u(0)^2 + u(1)^2)) / int u^2 is that of a cos(mu (x - 1/2)); of a product of
// them it is d times that.
TEST(Boundary, WithAPenaltyHelmholtzLosesItsLeastEnergyEarlier) {
  for (const double beta : {0.5, 3.0, 1000.0}) {
    double least = std::numeric_limits<double>::infinity();
    for (double mu = 1e-3; mu < math::kPi; mu += 1e-4) {
      const double sine = std::sin(mu) / mu, end = std::cos(0.5 * mu);
      least = std::min(least, (0.5 * mu * mu * (1.0 - sine) + 4.0 * beta * end * end) / (0.5 * (1.0 + sine)));
    }
    for (const int d : {1, 3}) {
      for (const double factor : {0.9999, 1.0001}) {
        const Problem problem("helmholtz", {beta}, {.wavenumber = std::sqrt(factor * d * least)});
        EXPECT_EQ(unbounded_text(problem, d).empty(), factor < 1.0) << beta;
        EXPECT_FALSE(least_energy(problem, d)) << "with a penalty it is not known";
      }
    }
    EXPECT_LT(least, math::kPi * math::kPi);
  }
}

}  // namespace
}  // namespace landscape
