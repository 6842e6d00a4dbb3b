// The Lanczos process with full reorthogonalisation for a symmetric operator: from a start z it makes the tridiagonal
// matrix T of the operator on the Krylov space of z. With Ritz values theta_i of T and their eigenvectors s_i
//   an eigenvalue lies within beta_m |s_i,m| of theta_i   (the residual's norm; Parlett 1980, chapter 13), and
//   z' f(A) z / z' z = sum_i s_i,1^2 f(theta_i)           (Gauss quadrature, exact for polynomials of degree < 2 m;
// Golub and Welsch 1969). Averaged over random probes z that is the trace of f(A) over n: stochastic Lanczos quadrature
// (Ubaru, Chen and Saad 2017; for Hessians of networks Ghorbani, Krishnan and Xiao 2019).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace landscape {

/// out = A v.
using SymmetricOperator = std::function<void(std::span<const double> v, std::span<double> out)>;

/// Writes alpha (m) and beta (m) of m steps from `start`: T has alpha_j on its diagonal, beta_j beside it; the last
/// beta is that of the residual. Where the Krylov space is exhausted, all that would follow is zero.
void lanczos(const SymmetricOperator& a, std::span<const double> start, std::span<double> alpha,
             std::span<double> beta);

struct RitzValue {
  double node = 0.0;      // theta_i
  double weight = 0.0;    // s_i,1^2
  double residual = 0.0;  // beta_m |s_i,m|
};
/// Ascending; as many as there were steps before the space was exhausted.
std::vector<RitzValue> ritz_values(std::span<const double> alpha, std::span<const double> beta);

/// Entry i of probe k for a seed: +-1, or standard normal.
std::vector<double> random_probe(std::uint64_t seed, std::uint64_t probe, std::size_t n, bool gaussian);

}  // namespace landscape
