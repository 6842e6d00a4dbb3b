// Quadrature on the unit cube or ball: points and weights whose weighted sum stands for the integral in a loss; where a
// loss has an integral over the cube's boundary too, so do further points and weights on its faces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/model/domain.hpp"

namespace landscape {

enum class QuadratureKind {
  simpson,               // composite Simpson on N intervals with midpoints: 2N + 1 points, d = 1
  simpson_as_published,  // the same with the left end point's weight lost, as in the released Ritz code of arXiv
                         // 2103.11069
  gauss,                 // Gauss-Legendre, N points per dimension, tensor product
  monte_carlo,           // N uniform points, equal weights
  sobol                  // N points of the Sobol sequence (randomly shifted for streams other than 0), equal weights
};

struct QuadratureRule {
  QuadratureKind kind = QuadratureKind::simpson;
  std::int64_t n = 100;
  friend bool operator==(const QuadratureRule&, const QuadratureRule&) = default;
};

/// "simpson:100" and back. Throws UsageError that names `option`.
QuadratureRule parse_quadrature(std::string_view text, std::string_view option = "--quadrature");
/// Points drawn at random: other seeds and streams give other sets.
constexpr bool is_random(const QuadratureRule& rule) {
  return rule.kind == QuadratureKind::monte_carlo || rule.kind == QuadratureKind::sobol;
}
std::string to_string(const QuadratureRule& rule);

/// Q points in d dimensions.
struct PointSet {
  int dimension = 1;
  std::vector<double> points;   // (Q, d), row-major
  std::vector<double> weights;  // (Q), sum |Omega| inside up to the rule's own slips, and 2 d on the cube's boundary
  std::size_t n_boundary = 0;   // the last ones, on the boundary
  std::size_t size() const { return weights.size(); }
  std::size_t n_inside() const { return size() - n_boundary; }
  bool is_boundary(std::size_t q) const { return q >= n_inside(); }
};

/// Throws UsageError, headed by `option`, where rule, domain and dimension do not fit or the points would not fit in
/// memory.
void validate_rule(const QuadratureRule& rule, Domain domain, int dimension, std::string_view option);

/// Points of a rule. Monte-Carlo points are a pure function of (seed, stream, index); Sobol points of stream 0 are the
/// plain sequence from its origin on (direction numbers of Joe and Kuo, SIAM J. Sci. Comput. 30 (2008) 2635-2654), of
/// other streams its random shift modulo 1. Throws UsageError like validate_rule.
PointSet make_points(const QuadratureRule& rule, int dimension, std::uint64_t seed, std::uint64_t stream);
/// The same in a domain. In the ball random points are the first of those in (-1,1)^d that lie in it, with equal
/// weights |Omega| / N; gauss:N has N radii, and in two dimensions 2 N angles, in three N heights by 2 N angles on each
/// sphere. In one dimension every rule is that of (0,1), stretched.
PointSet make_points(const QuadratureRule& rule, Domain domain, int dimension, std::uint64_t seed,
                     std::uint64_t stream);

/// The same points, then those of the boundary. In one dimension these are the two ends with weight 1. Else each of the
/// 2 d faces gets the rule in d - 1 dimensions: gauss:N as it is, of monte-carlo:N and sobol:N so many points that all
/// faces together have about as many as there are inside, N / (2 d) rounded up (for Sobol to a power of two), other
/// ones on each face, of stream 0 the plain Sobol sequence on all.
PointSet make_points_with_boundary(const QuadratureRule& rule, int dimension, std::uint64_t seed, std::uint64_t stream);
/// How many points make_points_with_boundary puts on one face.
double points_per_face(const QuadratureRule& rule, int dimension);

}  // namespace landscape
