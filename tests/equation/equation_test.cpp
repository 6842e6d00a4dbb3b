// Every equation of the table: its right-hand side is that of its exact solution, its least energy is that of its exact
// solution, and the numbers per point give the residual and the energy density of u = B N.
#include "landscape/equation/equation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "landscape/model/error.hpp"
#include "landscape/quadrature/quadrature.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

std::vector<int> dimensions(const Equation& equation) {
  return equation.is_one_dimensional ? std::vector{1} : std::vector{1, 2, 3, 7};
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
  std::vector<double> grad_a;
};

/// The coefficients at x, which keep their own gradient.
std::unique_ptr<Coefficients> coefficients(const Equation& equation, const std::vector<double>& x) {
  auto result = std::make_unique<Coefficients>();
  result->grad_a.assign(x.size(), 0.0);
  result->at.grad_a = result->grad_a;
  equation.coefficients(static_cast<int>(x.size()), x.data(), result->at);
  return result;
}

/// Fourth-order difference of f along axis j.
template <class F>
double slope(const F& f, std::vector<double> x, std::size_t j) {
  constexpr double h = 1e-3;
  const auto at = [&](double step) {
    std::vector<double> moved(x);
    moved[j] += step;
    return f(moved);
  };
  return (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
}

TEST(Equation, RightHandSidesAreThoseOfTheExactSolutions) {
  for (const Equation& equation : equations()) {
    for (const int d : dimensions(equation)) {
      for (std::uint64_t k = 0; k < 5; ++k) {
        const std::vector<double> x = random_point(equation.domain, d, k);
        std::vector<double> gradient(x.size());
        const double u = equation.solution(d, x.data(), gradient.data());
        double divergence = 0.0;
        for (std::size_t j = 0; j < x.size(); ++j) {
          const auto value = [&](const std::vector<double>& p) { return equation.solution(d, p.data(), nullptr); };
          EXPECT_NEAR(gradient[j], slope(value, x, j), 1e-9) << equation.name << ", d = " << d;
          const auto conductivity = [&](const std::vector<double>& p) { return coefficients(equation, p)->at.a; };
          EXPECT_NEAR(coefficients(equation, x)->grad_a[j], slope(conductivity, x, j), 1e-9) << equation.name;
          divergence += slope(
              [&](const std::vector<double>& p) {
                std::vector<double> g(p.size());
                equation.solution(d, p.data(), g.data());
                return coefficients(equation, p)->at.a * g[j];
              },
              x, j);
        }
        const auto c = coefficients(equation, x);
        EXPECT_NEAR(-divergence + c->at.c * u + c->at.s * u * u * u, c->at.f, 1e-8 * (1.0 + std::fabs(c->at.f)))
            << equation.name << ", d = " << d;
        EXPECT_EQ(equation.is_linear, c->at.s == 0.0) << equation.name;
      }
    }
  }
}

TEST(Equation, LeastEnergiesAreThoseOfTheExactSolutions) {
  for (const Equation& equation : equations()) {
    for (const int d : dimensions(equation)) {
      if (d > 3) continue;
      const PointSet points = make_points({QuadratureKind::gauss, 20}, equation.domain, d, 1, 0);
      double energy = 0.0;
      for (std::size_t q = 0; q < points.size(); ++q) {
        const auto first = points.points.begin() + static_cast<std::ptrdiff_t>(q) * d;
        const std::vector<double> x(first, first + d);
        std::vector<double> gradient(x.size());
        const double u = equation.solution(d, x.data(), gradient.data());
        const auto c = coefficients(equation, x);
        double squares = 0.0;
        for (const double g : gradient) squares += g * g;
        energy += points.weights[q] *
                  (0.5 * c->at.a * squares + 0.5 * c->at.c * u * u + 0.25 * c->at.s * u * u * u * u - c->at.f * u);
      }
      EXPECT_NEAR(energy, equation.least_energy(d), 1e-11 * std::fabs(energy)) << equation.name << ", d = " << d;
    }
  }
}

TEST(Equation, NumbersPerPointGiveResidualAndEnergyOfTheProduct) {
  for (const Equation& equation : equations()) {
    for (const int d : dimensions(equation)) {
      TermsEvaluator strong(Problem(equation.name), LossKind::galerkin, d);
      TermsEvaluator weak(Problem(equation.name), LossKind::ritz, d);
      for (std::uint64_t k = 0; k < 20; ++k) {
        const std::vector<double> x = random_point(equation.domain, d, k);
        std::vector<double> network;  // N, grad N, Lap N
        for (int i = 0; i < d + 2; ++i)
          network.push_back(philox_normal_pair(9, k, static_cast<std::uint64_t>(i)).first);
        const auto n = static_cast<std::size_t>(d);
        double b, lap_b;
        std::vector<double> grad_b(n);
        boundary_factor(equation.domain, d, x.data(), b, grad_b.data(), lap_b);
        const auto c = coefficients(equation, x);
        const double u = b * network[0];
        double laplacian = b * network[n + 1] + network[0] * lap_b, drift = 0.0, squares = 0.0;
        double size = std::fabs(c->at.a * b * network[n + 1]) + std::fabs(c->at.f);
        for (std::size_t j = 0; j < n; ++j) {
          const double slope_u = b * network[1 + j] + network[0] * grad_b[j];
          laplacian += 2.0 * grad_b[j] * network[1 + j];
          drift += c->grad_a[j] * slope_u;
          squares += slope_u * slope_u;
          size += std::fabs(2.0 * c->at.a * grad_b[j] * network[1 + j]);
        }
        const double r = c->at.a * laplacian + drift - c->at.c * u - c->at.s * u * u * u + c->at.f;
        const double e = 0.5 * c->at.a * squares + 0.5 * c->at.c * u * u + 0.25 * c->at.s * u * u * u * u - c->at.f * u;
        strong.evaluate(x.data());
        weak.evaluate(x.data());
        EXPECT_NEAR(math::residual(d, network.data(), 1, strong.terms()), r, 1e-13 * size) << equation.name;
        EXPECT_NEAR(math::loss_integrand<LossKind::ritz>(d, network.data(), 1, weak.terms()), e,
                    1e-13 * (c->at.a * squares + std::fabs(c->at.f * u)))
            << equation.name << ", d = " << d;
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
  for (const Equation& equation : equations()) {
    for (const int d : dimensions(equation)) {
      for (int face = 0; face < 2 * d; ++face) {
        std::vector<double> x = random_point(equation.domain, d, static_cast<std::uint64_t>(face));
        if (equation.domain == Domain::cube) {
          x[static_cast<std::size_t>(face / 2)] = face % 2;
        } else {
          double square = 0.0;
          for (const double xi : x) square += xi * xi;
          for (double& xi : x) xi /= std::sqrt(square);
        }
        double b, lap_b;
        std::vector<double> grad_b(x.size());
        boundary_factor(equation.domain, d, x.data(), b, grad_b.data(), lap_b);
        EXPECT_NEAR(b, 0.0, 1e-15) << equation.name << ", d = " << d;
        const double u = equation.solution(d, x.data(), nullptr);
        if (is_zero_on_boundary(Problem(equation.name), d)) {
          EXPECT_NEAR(u, 0.0, 1e-15) << equation.name << ", d = " << d;
        } else {
          EXPECT_GT(std::fabs(u), 0.1) << equation.name << ", d = " << d;
        }
      }
    }
  }
}

TEST(Boundary, SquaresOfExactSolutionsThereAreTheirIntegrals) {
  for (const Equation& equation : equations()) {
    if (equation.domain != Domain::cube) continue;
    for (const int d : dimensions(equation)) {
      if (d > 3) continue;
      const PointSet points = make_points_with_boundary({QuadratureKind::gauss, 20}, d, 1, 0);
      double square = 0.0;
      for (std::size_t q = points.n_inside(); q < points.size(); ++q) {
        const double u = equation.solution(d, points.points.data() + q * static_cast<std::size_t>(d), nullptr);
        square += points.weights[q] * u * u;
      }
      EXPECT_NEAR(square, equation.norms(d).boundary, 1e-12) << equation.name << ", d = " << d;
    }
  }
}

TEST(Boundary, NumbersPerPointOfAPenaltyAreThoseOfTheNetworkItself) {
  const double beta = 7.0;
  for (const Equation& equation : equations()) {
    for (const int d : dimensions(equation)) {
      TermsEvaluator strong(Problem(equation.name, {beta}), LossKind::galerkin, d);
      TermsEvaluator weak(Problem(equation.name, {beta}), LossKind::ritz, d);
      const std::vector<double> x = random_point(equation.domain, d, 3);
      std::vector<double> network;  // N = u, grad N, Lap N
      for (int i = 0; i < d + 2; ++i) network.push_back(philox_normal_pair(9, 1, static_cast<std::uint64_t>(i)).first);
      const auto c = coefficients(equation, x);
      const double u = network[0];
      double drift = 0.0, squares = 0.0;
      for (std::size_t j = 0; j < x.size(); ++j) {
        drift += c->grad_a[j] * network[1 + j];
        squares += network[1 + j] * network[1 + j];
      }
      const double r = c->at.a * network.back() + drift - c->at.c * u - c->at.s * u * u * u + c->at.f;
      const double e = 0.5 * c->at.a * squares + 0.5 * c->at.c * u * u + 0.25 * c->at.s * u * u * u * u - c->at.f * u;
      strong.evaluate(x.data());
      weak.evaluate(x.data());
      EXPECT_NEAR(math::residual(d, network.data(), 1, strong.terms()), r, 1e-13 * (1.0 + std::fabs(c->at.f)));
      EXPECT_NEAR(math::loss_integrand<LossKind::ritz>(d, network.data(), 1, weak.terms()), e,
                  1e-13 * (squares + 1.0 + std::fabs(c->at.f * u)));
      strong.evaluate(x.data(), true);
      weak.evaluate(x.data(), true);
      const double g = equation.vanishes_on_boundary || d == 1 ? 0.0 : equation.solution(d, x.data(), nullptr);
      const double scale = 1e-14 * (1.0 + beta * g * g);
      EXPECT_NEAR(math::loss_integrand<LossKind::galerkin>(d, network.data(), 1, strong.terms()),
                  beta * (u - g) * (u - g), scale);
      EXPECT_NEAR(math::loss_integrand<LossKind::ritz>(d, network.data(), 1, weak.terms()), beta * u * (u - 2.0 * g),
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
      problem->solution(1, &left, &slope_left);
      problem->solution(1, &right, &slope_right);
      // -(s_0 + e_1 - e_0) + 2 beta e_0 = 0 and s_1 + e_1 - e_0 + 2 beta e_1 = 0
      const double p = 1.0 + 2.0 * beta, determinant = p * p - 1.0;
      const double e0 = (p * slope_left - slope_right) / determinant, e1 = (slope_left - p * slope_right) / determinant;
      double energy = beta * (e0 * e0 + e1 * e1);
      for (std::size_t q = 0; q < points.size(); ++q) {
        const double x = points.points[q];
        double slope_u;
        const double u = problem->solution(1, &x, &slope_u) + e0 + (e1 - e0) * x;
        slope_u += e1 - e0;
        energy += points.weights[q] * (0.5 * slope_u * slope_u - source_at(problem, 1, &x) * u);
      }
      EXPECT_NEAR(least_energy(Problem(name, {beta}), 1).value(), energy, 1e-12 * std::fabs(energy)) << name << beta;
      EXPECT_LT(energy, problem->least_energy(1));
    }
  }
  EXPECT_EQ(least_energy(Problem("sine"), 2), Problem("sine")->least_energy(2));
  for (const char* name : {"diffusion", "reaction"}) EXPECT_FALSE(least_energy(Problem(name, {1.0}), 1)) << name;
  EXPECT_FALSE(least_energy(Problem("sine", {1.0}), 2));
  EXPECT_EQ(least_energy(Problem("sine-sum", {1.0}), 1), least_energy(Problem("sine", {1.0}), 1));
  EXPECT_FALSE(least_energy(Problem("sine-sum", {1.0}), 2));
}

}  // namespace
}  // namespace landscape
