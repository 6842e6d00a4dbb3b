// Loss and relative errors of a network whose parameters come on standard input, by the long-double reference and by
// points of its own: Gauss-Legendre nodes from Newton's method up to three dimensions, above them the mean over 16
// random shifts of a rank-1 lattice (x_q = frac(q z / n), z = powers of a Korobov generator) and its standard error.
// With a BETA the boundary condition is a penalty, its integral over every face by the same rules.
//   reference_loss KIND ACTIVATION DIMENSION WIDTH BLOCKS PROBLEM LOSS N [BETA] < theta
//   reference_loss mlp ACTIVATION DIMENSION 16,8 - PROBLEM LOSS N [BETA] < theta
// PROBLEM may have parameters: "helmholtz, frequency=2, wavenumber=10".
//   prints: loss, relative L2 error, relative H1 semi-norm error, and the standard error of each
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "reference.hpp"

namespace {

using reference::Real;

const Real kPi = 3.14159265358979323846264338327950288L;

struct Points {
  std::vector<double> x, weights;
  std::size_t n_boundary = 0;  // the last ones
};

/// Nodes in (0,1) and weights of n points in one dimension, then their tensor product.
Points gauss(int n, int d) {
  std::vector<Real> nodes, weights;
  for (int i = 1; i <= n; ++i) {
    Real z = std::cos(kPi * (i - 0.25L) / (n + 0.5L)), slope = 0.0L;
    for (int step = 0; step < 50; ++step) {
      Real before = 1.0L, p = z;
      for (int k = 2; k <= n; ++k) {
        const Real next = ((2 * k - 1) * z * p - (k - 1) * before) / k;
        before = p;
        p = next;
      }
      slope = n * (z * p - before) / (z * z - 1.0L);
      z -= p / slope;
    }
    nodes.push_back(0.5L + 0.5L * z);
    weights.push_back(1.0L / ((1.0L - z * z) * slope * slope));
  }
  Points points;
  const auto count = static_cast<std::size_t>(std::llround(std::pow(n, d)));
  for (std::size_t q = 0; q < count; ++q) {
    std::size_t rest = q;
    Real weight = 1.0L;
    for (int j = 0; j < d; ++j, rest /= nodes.size()) {
      points.x.push_back(static_cast<double>(nodes[rest % nodes.size()]));
      weight *= weights[rest % nodes.size()];
    }
    points.weights.push_back(static_cast<double>(weight));
  }
  return points;
}

Points shifted_lattice(int n, int d, std::mt19937_64& random) {
  Points points;
  std::vector<double> shift;
  for (int j = 0; j < d; ++j) shift.push_back(std::uniform_real_distribution<double>()(random));
  for (long long q = 0; q < n; ++q) {
    long long z = 1;
    for (int j = 0; j < d; ++j, z = z * 1571 % n) {
      const double x = static_cast<double>(q * z % n) / n + shift[static_cast<std::size_t>(j)];
      points.x.push_back(x - std::floor(x));
    }
    points.weights.push_back(1.0 / n);
  }
  return points;
}

/// Puts points of d - 1 dimensions on two opposite faces, behind those of `to`.
void add_faces(const Points& flat, int d, int axis, Points& to) {
  for (const double end : {0.0, 1.0}) {
    for (std::size_t q = 0; q < flat.weights.size(); ++q) {
      auto at = flat.x.begin() + static_cast<std::ptrdiff_t>(q) * (d - 1);
      for (int j = 0; j < d; ++j) to.x.push_back(j == axis ? end : *at++);
      to.weights.push_back(flat.weights[q]);
    }
    to.n_boundary += flat.weights.size();
  }
}

struct Sums {
  Real loss = 0.0L, l2 = 0.0L, h1 = 0.0L;
};

Sums integrate(const reference::Network& network, const reference::Problem& problem, const std::string& loss,
               const Points& points, double beta) {
  Sums sums;
  sums.loss = reference::loss(network, problem, loss, points.x, points.weights, {beta, points.n_boundary});
  const auto d = static_cast<std::size_t>(network.dimension);
  for (std::size_t q = 0; q < points.weights.size() - points.n_boundary; ++q) {
    const std::vector<double> x(points.x.begin() + static_cast<std::ptrdiff_t>(q * d),
                                points.x.begin() + static_cast<std::ptrdiff_t>((q + 1) * d));
    const reference::Jet jet =
        beta > 0.0 ? reference::evaluate_without_factor(network, x) : reference::evaluate(network, x);
    const Real error = jet.u - reference::solution(problem, x);
    sums.l2 += points.weights[q] * error * error;
    for (std::size_t j = 0; j < d; ++j) {
      const Real slope = jet.gradient[j] - reference::solution(problem, x, static_cast<int>(j));
      sums.h1 += points.weights[q] * slope * slope;
    }
  }
  const reference::Norms norms = reference::norms(problem, network.dimension);
  return {sums.loss, std::sqrt(sums.l2 / norms.solution), std::sqrt(sums.h1 / norms.gradient)};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9 && argc != 10) return 2;
  const double beta = argc == 10 ? std::atof(argv[9]) : 0.0;
  reference::Network network{argv[1], argv[2], std::atoi(argv[3]), std::atoi(argv[4]), std::atoi(argv[5]), {}};
  if (network.kind == "mlp") {
    std::istringstream widths(argv[4]);
    for (std::string width; std::getline(widths, width, ',');) network.layers.push_back(std::stoi(width));
  }
  const reference::Problem problem(argv[6]);
  const std::string loss = argv[7];
  const int n = std::atoi(argv[8]), d = network.dimension;
  for (double x; std::cin >> x;) network.theta.push_back(x);
  std::mt19937_64 random(7);
  const int n_sets = d <= 3 ? 1 : 16;
  std::vector<Sums> sets;
  const auto rule = [&](int dimension) { return d <= 3 ? gauss(n, dimension) : shifted_lattice(n, dimension, random); };
  for (int k = 0; k < n_sets; ++k) {
    Points points = rule(d);
    for (int axis = 0; axis < d && beta > 0.0; ++axis)
      add_faces(d > 1 ? rule(d - 1) : Points{{}, {1.0}}, d, axis, points);
    sets.push_back(integrate(network, problem, loss, points, beta));
  }
  for (const auto member : {&Sums::loss, &Sums::l2, &Sums::h1}) {
    Real mean = 0.0L, square = 0.0L;
    for (const Sums& s : sets) mean += s.*member / n_sets;
    for (const Sums& s : sets) square += (s.*member - mean) * (s.*member - mean);
    const Real error = n_sets > 1 ? std::sqrt(square / (n_sets * (n_sets - 1.0L))) : 0.0L;
    std::printf("%.20Lg %.3Lg\n", mean, error);
  }
  return 0;
}
