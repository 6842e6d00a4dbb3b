// The equations -div(a grad u) + b . grad u + c u + s u^3 = f on a domain with u = g on its boundary, g that of the
// exact solution u* and mostly zero, each by u*, and the numbers per point through which they enter a loss
// (math/integrand.hpp). Adding one: a header in src/equation and a line of the table in src/equation/table.cpp.
//
// How difficult a problem is can be chosen where its equation has a parameter. With b the operator is not self-adjoint:
// there is no energy and no Ritz loss. With c < 0 there is one, which may have no minimum.
//
// u = 0 on the boundary is either built in, u = B N with B = prod x_i (1 - x_i) or 1 - |x|^2, or a penalty: u = N, and
// both losses get beta times the integral of (u - g)^2 over the boundary (E and Yu 2018; Sirignano and Spiliopoulos
// 2018), the Ritz loss without its constant, beta times that of g^2. Another g takes a penalty. To a loss the boundary
// is then further points with other numbers.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/math/integrand.hpp"
#include "landscape/model/domain.hpp"

namespace landscape {

/// The operator's coefficients and the right-hand side at one point.
struct OperatorAt {
  double a = 1.0;                // > 0
  std::span<double> grad_a;      // (d), zero at first
  std::span<double> convection;  // (d), b, zero at first
  double c = 0.0;                // of any sign
  double s = 0.0;
  double f = 0.0;
};

/// Integrals over the domain.
struct SquaredNorms {
  double solution;        // |u*|_L2^2
  double gradient;        // |grad u*|_L2^2
  double source;          // |f|_L2^2
  double boundary = 0.0;  // of u*^2 over the boundary
};

/// What makes a problem more or less difficult. An equation has some of them; the others keep these values, which texts
/// leave out.
struct Parameters {
  double frequency = 1.0;    // k of prod sin(k pi x_i), a whole number above 0
  double wavenumber = 1.0;   // kappa of -laplace u - kappa^2 u = f, above 0
  double diffusivity = 0.1;  // epsilon of -epsilon laplace u + b . grad u = f, above 0
  friend bool operator==(const Parameters&, const Parameters&) = default;
};

struct Parameter {
  std::string_view name;  // of its option and in files
  double Parameters::*value;
};
inline constexpr Parameter kFrequency{"frequency", &Parameters::frequency};
inline constexpr Parameter kWavenumber{"wavenumber", &Parameters::wavenumber};
inline constexpr Parameter kDiffusivity{"diffusivity", &Parameters::diffusivity};
inline constexpr std::array kParameters{kFrequency, kWavenumber, kDiffusivity};

/// How u = 0 on the boundary is imposed.
struct Boundary {
  double beta = 0.0;  // of the penalty; 0: none, as u vanishes there by its factor
  bool is_hard() const { return beta == 0.0; }
  friend bool operator==(const Boundary&, const Boundary&) = default;
};
/// "hard", "penalty:100" and back. Throws UsageError that names `option`.
Boundary parse_boundary(std::string_view text, std::string_view option = "--boundary");
std::string to_string(const Boundary& boundary);

struct Equation {
  std::string_view name;     // the word on the command line and in files
  std::string_view summary;  // for --help
  bool is_one_dimensional;   // else any number of dimensions
  bool is_linear;            // s is zero everywhere
  bool is_poisson;           // -laplace u = f: a = 1, b = 0, c = 0 and s = 0 everywhere
  Domain domain;
  bool vanishes_on_boundary;  // u* does, in every dimension
  std::span<const Parameter> parameters;
  /// "-u'' = f", in d dimensions.
  std::string (*operator_text)(const Parameters& parameters, int dimension);
  /// "sin(pi x)"
  std::string (*solution_text)(const Parameters& parameters, int dimension);
  /// u*(x); gradient (d) if not null.
  double (*solution)(const Parameters& parameters, int dimension, const double* x, double* gradient);
  void (*coefficients)(const Parameters& parameters, int dimension, const double* x, OperatorAt& at);
  /// R(u*) without a penalty, the least value of the Ritz loss over all functions with these boundary values where
  /// `unboundedness` has nothing to say. Null: there is no energy.
  double (*energy)(const Parameters& parameters, int dimension);
  SquaredNorms (*norms)(const Parameters& parameters, int dimension);
  /// Why the Ritz loss has no least value, "kappa^2 = 100 is ..."; empty where it has one. Null: it always has.
  std::string (*unboundedness)(const Parameters& parameters, const Boundary& boundary, int dimension);
  bool has_energy() const { return energy != nullptr; }
  bool has(const Parameter& parameter) const;
};

/// All equations, the default first.
std::span<const Equation> equations();

/// An equation with its boundary and parameters, as a value. Two are equal where all of these are.
class Problem {
 public:
  Problem();  // the default
  /// Throws std::invalid_argument where no equation has this name.
  explicit Problem(std::string_view name, const Boundary& boundary = {}, const Parameters& parameters = {});
  const Equation* operator->() const { return equation_; }
  const Boundary& boundary() const { return boundary_; }
  const Parameters& parameters() const { return parameters_; }
  friend bool operator==(const Problem&, const Problem&) = default;

  // The equation's, with these parameters.
  std::string operator_text(int dimension) const { return equation_->operator_text(parameters_, dimension); }
  std::string solution_text(int dimension) const { return equation_->solution_text(parameters_, dimension); }
  double solution(int dimension, const double* x, double* gradient) const {
    return equation_->solution(parameters_, dimension, x, gradient);
  }
  void coefficients(int dimension, const double* x, OperatorAt& at) const {
    equation_->coefficients(parameters_, dimension, x, at);
  }
  SquaredNorms norms(int dimension) const { return equation_->norms(parameters_, dimension); }

 private:
  const Equation* equation_;
  Boundary boundary_;
  Parameters parameters_;
};
/// The equation's name.
std::string to_string(const Problem& problem);
/// "sine" or "sine, frequency=2, penalty:100": two problems of one such name have the same losses.
std::string full_name(const Problem& problem);
/// The problem of such a name. Throws std::invalid_argument where there is none.
Problem problem_of_full_name(std::string_view name);
/// Whether the problem has this loss: Ritz's is an energy, which an operator that is not self-adjoint has none of.
bool has_loss(const Problem& problem, LossKind loss);
/// Throws Error where it does not.
void require_loss(const Problem& problem, LossKind loss);
/// Rows of a loss's Gauss-Newton model at one point (math/integrand.hpp).
int gauss_newton_rows(const Problem& problem, LossKind loss, int dimension);
/// "u = 0 on the boundary", and by which penalty.
std::string boundary_condition(const Problem& problem, int dimension);
/// The same and the penalty's integral.
std::string boundary_text(const Problem& problem, int dimension);
/// Whether u* is zero there.
bool is_zero_on_boundary(const Problem& problem, int dimension);
/// R(u*), with what the penalty adds to it. Throws Error where there is no energy.
double energy_of_solution(const Problem& problem, int dimension);

/// B(x), which vanishes on the domain's boundary, its gradient (d) and its Laplacian: prod x_i (1 - x_i) of the cube,
/// 1 - |x|^2 of the ball.
void boundary_factor(Domain domain, int dimension, const double* x, double& value, double* gradient, double& laplacian);
/// The factor of u = factor N: that, or with a penalty 1.
void solution_factor(const Problem& problem, int dimension, const double* x, double& value, double* gradient,
                     double& laplacian);

/// The least value of the Ritz loss over all functions, where there is one and it is known. With a penalty they need
/// not vanish on the boundary, and the minimum, at a du/dn + 2 beta u = 0, lies lower; it is known for Poisson's
/// equation in one dimension.
std::optional<double> least_energy(const Problem& problem, int dimension);
/// Why the Ritz loss has no least value, one sentence without a full stop; empty where it has one.
std::string unbounded_text(const Problem& problem, int dimension);

/// The exact right-hand side f(x).
double source_at(const Problem& problem, int dimension, const double* x);

/// One point's coefficients in the integrand of a loss, or of a squared error of u. Not thread-safe: it has work areas.
class TermsEvaluator {
 public:
  /// Throws Error where the problem has no such loss.
  TermsEvaluator(const Problem& problem, LossKind loss, int dimension);

  double top = 0.0, value = 0.0, source = 0.0, cubic = 0.0;
  std::vector<double> slope;  // (d)
  /// Sets them for x (d); on the boundary they make beta N^2 of both integrands.
  void evaluate(const double* x, bool on_boundary = false);
  /// Sets them so that the Galerkin loss's residual is u - u* at x (d).
  void evaluate_error(const double* x);
  /// The same for the derivative of u - u* by x_j.
  void evaluate_slope_error(const double* x, int j);
  bool has_cubic() const { return !problem_->is_linear; }
  math::IntegrandTerms<double> terms() const;

 private:
  Problem problem_;
  LossKind loss_;
  int dimension_;
  std::vector<double> grad_b_, grad_a_, convection_, grad_solution_;
};

}  // namespace landscape
