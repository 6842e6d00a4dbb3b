// What a network is worth as a solution: its loss and its errors against the exact solution, by one quadrature that is
// the same whatever rule trained or measures the network, and with the error of these numbers.
//
//   d <= 3   tensor Gauss-Legendre rules of rising order, until two successive ones agree in the loss to 1e-11 of its
//            size or to rounding, and in both errors of u to 1e-6 of theirs; the finer one's value counts, and their
//            difference plus rounding is its error;
//   d > 3    the mean over 8 independent random shifts of 8192 Sobol points (Cranley and Patterson 1976) and its
//            standard error. For the Ritz loss and e = u - u*
//              R(u) = R(u*) + int a |grad e|^2 / 2 + c e^2 / 2 + s e^2 (6 u*^2 + 4 u* e + e^2) / 4
//            holds exactly, with a penalty plus the boundary's int a du*/dn e (else e vanishes there), whose integrand
//            varies little near a solution: of the two forms the one with the smaller standard error counts.
//
// The penalty's integral over the boundary, by the same rule on the faces, belongs to the loss; the errors of u are
// integrals over the inside.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "landscape/equation/equation.hpp"
#include "landscape/model/network_spec.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

struct Estimate {
  double value = 0.0;
  double error = 0.0;
};

struct SolutionMeasure {
  std::string quadrature;  // "gauss:64" or "8 x sobol:8192"
  Estimate loss;
  Estimate relative_l2;        // |u - u*|_L2 / |u*|_L2
  Estimate relative_h1;        // |grad(u - u*)|_L2 / |grad u*|_L2: of the H1 semi-norms
  double gradient_norm = 0.0;  // |grad L(theta)|_2
};

/// A pure function of what is measured: the same bits for any number of threads. Numbers of a network whose values are
/// not finite are not finite either.
SolutionMeasure measure_solution(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                 std::span<const double> theta, int n_threads = 1);

/// The relative errors alone, by the given quadrature, which needs no points on the boundary.
struct SolutionError {
  double relative_l2 = 0.0;
  double relative_h1 = 0.0;
};
SolutionError solution_error(const NetworkSpec& spec, const Problem& problem, std::span<const double> theta,
                             const PointSet& points, int n_threads = 1);

/// The least value of a loss over all functions u, exactly; nothing where it is not known (least_energy).
std::optional<double> exact_minimum(LossKind loss, const Problem& problem, int dimension);
/// Between the losses of u = 0 and of the exact solution: the natural size of a loss.
double loss_scale(LossKind loss, const Problem& problem, int dimension);

}  // namespace landscape
