// Composite Simpson with midpoints; Gauss-Legendre from Boost's zeros of P_n, w = 2 / ((1 - x^2) P_n'(x)^2), in tensor
// products; pseudo-random points by Philox; Boost's Sobol points with random shifts (Cranley and Patterson 1976).
#include "landscape/quadrature/quadrature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/math/special_functions/legendre.hpp>
#include <boost/random/sobol.hpp>
#include <cmath>

#include "landscape/math/elementary.hpp"
#include "landscape/model/choices.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

constexpr Choices<QuadratureKind, 5> kKinds{{{QuadratureKind::simpson, "simpson"},
                                             {QuadratureKind::simpson_as_published, "simpson-as-published"},
                                             {QuadratureKind::gauss, "gauss"},
                                             {QuadratureKind::monte_carlo, "monte-carlo"},
                                             {QuadratureKind::sobol, "sobol"}}};

constexpr double kMostCoordinates = 2e9;  // points times dimension: 16 GB
constexpr std::int64_t kMostGaussNodes = 2000;

PointSet simpson(std::int64_t intervals, bool as_published) {
  const std::int64_t last = 2 * intervals;
  PointSet set;
  set.points.resize(static_cast<std::size_t>(last) + 1);
  set.weights.resize(set.points.size());
  const double unit = 1.0 / (6.0 * static_cast<double>(intervals));
  for (std::int64_t i = 0; i <= last; ++i) {
    const auto k = static_cast<std::size_t>(i);
    set.points[k] = static_cast<double>(i) / static_cast<double>(last);
    set.weights[k] = unit * (i == 0 || i == last ? 1.0 : i % 2 == 1 ? 4.0 : 2.0);
  }
  if (as_published) set.weights[0] = 0.0;
  return set;
}

/// Nodes ascending in (0,1) and their weights.
void gauss_legendre(int n, std::vector<double>& nodes, std::vector<double>& weights) {
  const std::vector<long double> half =
      boost::math::legendre_p_zeros<long double>(n);  // the non-negative zeros, ascending
  nodes.clear();
  weights.clear();
  const auto push = [&](long double x) {
    const long double slope = boost::math::legendre_p_prime(n, x);
    nodes.push_back(static_cast<double>(0.5L + 0.5L * x));
    weights.push_back(static_cast<double>(1.0L / ((1.0L - x * x) * slope * slope)));
  };
  for (auto it = half.rbegin(); it != half.rend(); ++it) {
    if (*it > 0.0L) push(-*it);
  }
  for (const long double x : half) push(x);
}

PointSet gauss(std::int64_t n, int dimension) {
  std::vector<double> nodes, weights;
  gauss_legendre(static_cast<int>(n), nodes, weights);
  const auto d = static_cast<std::size_t>(dimension);
  const auto count = static_cast<std::size_t>(std::llround(std::pow(static_cast<double>(n), dimension)));
  PointSet set{dimension, std::vector<double>(count * d), std::vector<double>(count, 1.0)};
  for (std::size_t q = 0; q < count; ++q) {
    std::size_t rest = q;
    for (std::size_t j = d; j-- > 0; rest /= nodes.size()) {
      set.points[q * d + j] = nodes[rest % nodes.size()];
      set.weights[q] *= weights[rest % nodes.size()];
    }
  }
  return set;
}

/// n uniform points; coordinate c of point q is number q * d + c of the subsequence, from block `first` on.
PointSet monte_carlo(std::int64_t n, int dimension, std::uint64_t seed, std::uint64_t sub, std::uint64_t first = 0) {
  const auto count = static_cast<std::size_t>(n), d = static_cast<std::size_t>(dimension);
  PointSet set{dimension, std::vector<double>(count * d), std::vector<double>(count, 1.0 / static_cast<double>(n))};
  for (std::size_t i = 0; i < set.points.size(); i += 2) {
    const auto pair = philox_uniform_pair(seed, sub, first + i / 2);
    set.points[i] = pair[0];
    if (i + 1 < set.points.size()) set.points[i + 1] = pair[1];
  }
  return set;
}

/// Points 0 ... n-1 in Gray-code order. The origin belongs to them: only with it are 2^k points a digital net, and
/// without it even a smooth integral's error falls no faster than 1/n (Owen 2020, arXiv 2008.08051). A shift of 2^-54
/// keeps it off the boundary.
PointSet sobol(std::int64_t n, int dimension, const std::vector<double>& shift) {
  const auto count = static_cast<std::size_t>(n), d = static_cast<std::size_t>(dimension);
  PointSet set{dimension, std::vector<double>(count * d), std::vector<double>(count, 1.0 / static_cast<double>(n))};
  boost::random::sobol engine(d);  // starts after the origin
  for (std::size_t i = 0; i < set.points.size(); ++i) {
    const std::uint64_t word = i < d ? 0 : engine() >> 11;
    double& x = set.points[i];
    x = (static_cast<double>(word) + 0.5) * 0x1p-53 + shift[i % d];
    if (x >= 1.0) x -= 1.0;
  }
  return set;
}

/// Random shifts of d coordinates, numbers first, first + 1, ... of the subsequence; none for stream 0.
std::vector<double> shifts(int dimension, std::uint64_t seed, RandomUse use, std::uint64_t stream,
                           std::uint64_t first) {
  std::vector<double> shift(static_cast<std::size_t>(dimension), 0.0);
  if (stream == 0) return shift;
  for (std::size_t j = 0; j < shift.size(); ++j)
    shift[j] = philox_uniform_pair(seed, subsequence(use, stream), first + j)[0];
  return shift;
}

/// (-1,1) by a rule of (0,1).
PointSet stretched(PointSet set) {
  for (double& x : set.points) x = 2.0 * x - 1.0;
  for (double& w : set.weights) w *= 2.0;
  return set;
}

/// Radii times directions: of the circle 2 n equal angles, of the sphere n heights by Gauss's rule times these. Exact
/// for polynomials of degree 2 n - d.
PointSet gauss_in_ball(std::int64_t n, int dimension) {
  std::vector<double> nodes, weights;
  gauss_legendre(static_cast<int>(n), nodes, weights);
  const std::int64_t n_angles = 2 * n;
  const double angle_weight = 2.0 * math::kPi / static_cast<double>(n_angles);
  PointSet set{dimension, {}, {}};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const double r = nodes[i];
    for (std::size_t k = 0; k < (dimension == 2 ? 1 : nodes.size()); ++k) {
      const double height = dimension == 2 ? 0.0 : 2.0 * nodes[k] - 1.0;
      const double across = r * std::sqrt(1.0 - height * height);
      const double weight = weights[i] * angle_weight * (dimension == 2 ? r : r * r * 2.0 * weights[k]);
      for (std::int64_t a = 0; a < n_angles; ++a) {
        double sine, cosine;
        math::sincospi((2.0 * static_cast<double>(a) + 1.0) / static_cast<double>(n_angles), sine, cosine);
        set.points.insert(set.points.end(), {across * cosine, across * sine});
        if (dimension == 3) set.points.push_back(r * height);
        set.weights.push_back(weight);
      }
    }
  }
  return set;
}

/// The share of (-1,1)^d that lies in the ball.
double share_of_ball(int dimension) { return volume(Domain::ball, dimension) * std::pow(0.5, dimension); }

/// The first points of the cube's sequence that lie in the ball, however many of it are looked at.
PointSet random_in_ball(const QuadratureRule& rule, int dimension, std::uint64_t seed, std::uint64_t stream) {
  const auto d = static_cast<std::size_t>(dimension), n = static_cast<std::size_t>(rule.n);
  double candidates = 1.1 * static_cast<double>(n) / share_of_ball(dimension) + 100.0;
  for (;; candidates *= 1.5) {
    const PointSet cube = make_points({rule.kind, static_cast<std::int64_t>(candidates)}, dimension, seed, stream);
    PointSet set{dimension, {}, {}};
    for (std::size_t q = 0; q < cube.size() && set.points.size() < n * d; ++q) {
      double square = 0.0;
      for (std::size_t j = 0; j < d; ++j) {
        const double x = 2.0 * cube.points[q * d + j] - 1.0;
        set.points.push_back(x);
        square += x * x;
      }
      if (square >= 1.0) set.points.resize(set.points.size() - d);
    }
    if (set.points.size() < n * d) continue;
    set.weights.assign(n, volume(Domain::ball, dimension) / static_cast<double>(n));
    return set;
  }
}

/// The k-th face's points in d - 1 dimensions.
PointSet face_points(const QuadratureRule& rule, int dimension, int k, std::uint64_t seed, std::uint64_t stream) {
  const auto n = static_cast<std::int64_t>(points_per_face(rule, dimension));
  const int d = dimension - 1;
  const auto face = static_cast<std::uint64_t>(k), numbers = static_cast<std::uint64_t>(d);
  if (rule.kind == QuadratureKind::monte_carlo) {
    return monte_carlo(n, d, seed, subsequence(RandomUse::boundary_points, stream),
                       face * ((static_cast<std::uint64_t>(n) * numbers + 1) / 2));
  }
  if (rule.kind == QuadratureKind::sobol)
    return sobol(n, d, shifts(d, seed, RandomUse::boundary_points, stream, face * numbers));
  return gauss(rule.n, d);
}

/// Puts points of d - 1 dimensions on the face x_axis = end, behind those of `to`.
void add_face(const PointSet& face, std::size_t axis, double end, PointSet& to) {
  const auto d = static_cast<std::size_t>(to.dimension);
  for (std::size_t q = 0; q < face.size(); ++q) {
    const double* from = face.points.data() + q * (d - 1);
    for (std::size_t j = 0; j < d; ++j) to.points.push_back(j == axis ? end : from[j < axis ? j : j - 1]);
  }
  to.weights.insert(to.weights.end(), face.weights.begin(), face.weights.end());
  to.n_boundary += face.size();
}

}  // namespace

QuadratureRule parse_quadrature(std::string_view text, std::string_view option) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    throw UsageError(fmt::format("{} '{}' lacks its size: write for example simpson:100, gauss:64 or monte-carlo:1000.",
                                 option, text));
  }
  QuadratureRule rule;
  rule.kind = parse_choice(kKinds, text.substr(0, colon), option);
  rule.n = parse_whole<std::int64_t>(text.substr(colon + 1), fmt::format("{} '{}': the size", option, text), 1,
                                     1'000'000'000);
  return rule;
}

std::string to_string(const QuadratureRule& rule) {
  return fmt::format("{}:{}", choice_name(kKinds, rule.kind), rule.n);
}

void validate_rule(const QuadratureRule& rule, Domain domain, int dimension, std::string_view option) {
  const std::string name = fmt::format("{} {}", option, to_string(rule));
  const bool is_simpson = rule.kind == QuadratureKind::simpson || rule.kind == QuadratureKind::simpson_as_published;
  if (is_simpson && dimension != 1) {
    throw UsageError(
        fmt::format("{} is for one dimension, not {}: use gauss:N, sobol:N or monte-carlo:N.", name, dimension));
  }
  const bool is_gauss = rule.kind == QuadratureKind::gauss;
  if (is_gauss && rule.n > kMostGaussNodes) {
    throw UsageError(fmt::format("{} is too fine: at most {} Gauss points per dimension.", name, kMostGaussNodes));
  }
  const bool is_round = domain == Domain::ball && dimension > 1;
  if (is_round && is_gauss && dimension > 3)
    throw UsageError(
        fmt::format("{} fills balls of up to 3 dimensions, not {}: use monte-carlo:N or sobol:N.", name, dimension));
  double total = is_gauss ? std::pow(static_cast<double>(rule.n), dimension) : static_cast<double>(rule.n);
  if (is_round) total *= is_gauss ? 2.0 : 1.0 / share_of_ball(dimension);  // points of the cube that are looked at
  if (total * dimension > kMostCoordinates) {
    throw UsageError(fmt::format("{} takes {:.3g} points in {} dimension{}, which do not fit in memory: {}.", name,
                                 total, dimension, dimension == 1 ? "" : "s",
                                 is_gauss ? "use sobol:N or monte-carlo:N" : "choose fewer"));
  }
}

PointSet make_points(const QuadratureRule& rule, int dimension, std::uint64_t seed, std::uint64_t stream) {
  validate_rule(rule, Domain::cube, dimension, "The quadrature");
  switch (rule.kind) {
    case QuadratureKind::simpson:
    case QuadratureKind::simpson_as_published:
      return simpson(rule.n, rule.kind == QuadratureKind::simpson_as_published);
    case QuadratureKind::gauss:
      return gauss(rule.n, dimension);
    case QuadratureKind::monte_carlo:
      return monte_carlo(rule.n, dimension, seed, subsequence(RandomUse::points, stream));
    case QuadratureKind::sobol:
      return sobol(rule.n, dimension, shifts(dimension, seed, RandomUse::scramble, stream, 0));
  }
  throw Error("Unknown quadrature.");
}

PointSet make_points(const QuadratureRule& rule, Domain domain, int dimension, std::uint64_t seed,
                     std::uint64_t stream) {
  if (domain == Domain::cube) return make_points(rule, dimension, seed, stream);
  validate_rule(rule, domain, dimension, "The quadrature");
  if (dimension == 1) return stretched(make_points(rule, 1, seed, stream));
  return is_random(rule) ? random_in_ball(rule, dimension, seed, stream) : gauss_in_ball(rule.n, dimension);
}

double points_per_face(const QuadratureRule& rule, int dimension) {
  if (dimension == 1) return 1.0;
  if (!is_random(rule)) return std::pow(static_cast<double>(rule.n), dimension - 1);
  const std::int64_t share = (rule.n + 2 * dimension - 1) / (2 * dimension);
  return static_cast<double>(rule.kind == QuadratureKind::sobol ? std::bit_ceil(static_cast<std::uint64_t>(share))
                                                                : share);
}

PointSet make_points_with_boundary(const QuadratureRule& rule, int dimension, std::uint64_t seed,
                                   std::uint64_t stream) {
  PointSet set = make_points(rule, dimension, seed, stream);
  if (dimension == 1) {
    set.points.insert(set.points.end(), {0.0, 1.0});
    set.weights.insert(set.weights.end(), 2, 1.0);
    set.n_boundary = 2;
    return set;
  }
  const double per_face = points_per_face(rule, dimension), n_faces = 2.0 * dimension;
  if (per_face * n_faces * dimension > kMostCoordinates) {
    throw UsageError(
        fmt::format("The quadrature {} has {:.3g} points on the boundary in {} dimensions, which do not "
                    "fit in memory: choose another.",
                    to_string(rule), per_face * n_faces, dimension));
  }
  for (int k = 0; k < 2 * dimension; ++k) {
    add_face(face_points(rule, dimension, k, seed, stream), static_cast<std::size_t>(k / 2), k % 2 == 0 ? 0.0 : 1.0,
             set);
  }
  return set;
}

}  // namespace landscape
