// The equations, one line each; the first is the default.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "ball.hpp"
#include "cubic_reaction.hpp"
#include "diffusion.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"
#include "poisson_cubic.hpp"
#include "poisson_sine.hpp"
#include "sine_sum.hpp"

namespace landscape {
namespace {

enum class Dimensions { any, one };
enum class Kind { poisson, linear, nonlinear };

template <class Of>
constexpr Equation entry(std::string_view name, std::string_view summary, Dimensions dimensions, Kind kind,
                         Domain domain = Domain::cube, bool vanishes_on_boundary = true) {
  return {name,
          summary,
          dimensions == Dimensions::one,
          kind != Kind::nonlinear,
          kind == Kind::poisson,
          domain,
          vanishes_on_boundary,
          Of::operator_text,
          Of::solution_text,
          Of::solution,
          Of::coefficients,
          Of::least_energy,
          Of::norms};
}

using namespace equation;
constexpr std::array kEquations{
    entry<PoissonSine>("sine", "-laplace u = f, u* = prod sin(pi x_i)", Dimensions::any, Kind::poisson),
    entry<PoissonCubic>("cubic", "-u'' = f, u* = 2x^3 - x^2 - x, d = 1", Dimensions::one, Kind::poisson),
    entry<Diffusion>("diffusion", "-div((1 + x_1) grad u) + 2 u = f", Dimensions::any, Kind::linear),
    entry<CubicReaction>("reaction", "-laplace u + u^3 = f", Dimensions::any, Kind::nonlinear),
    entry<Ball>("ball", "-laplace u = f in the unit ball, u* = sin(pi (1 - |x|) / 2)", Dimensions::any, Kind::poisson,
                Domain::ball),
    entry<SineSum>("sine-sum", "-laplace u = f, u* = sum sin(pi x_i), by --boundary penalty:BETA", Dimensions::any,
                   Kind::poisson, Domain::cube, false),
};

}  // namespace

std::span<const Equation> equations() { return kEquations; }

Problem::Problem() : equation_(kEquations.data()) {}

Boundary parse_boundary(std::string_view text, std::string_view option) {
  constexpr std::string_view kPenalty = "penalty:";
  if (text == "hard") return {};
  const std::string what = fmt::format("{} '{}'", option, text);
  if (!text.starts_with(kPenalty))
    throw UsageError(fmt::format("{} is unknown: choose hard or penalty:BETA, for example penalty:100.", what));
  const auto beta = read_real(text.substr(kPenalty.size()), option);
  if (!beta || !std::isfinite(*beta) || !(*beta > 0.0))
    throw UsageError(fmt::format("{} needs a positive number as its factor: write for example penalty:100.", what));
  return {*beta};
}

std::string to_string(const Boundary& boundary) {
  return boundary.is_hard() ? "hard" : fmt::format("penalty:{}", boundary.beta);
}

Problem::Problem(std::string_view name, const Boundary& boundary) : boundary_(boundary) {
  const auto at = std::find_if(kEquations.begin(), kEquations.end(), [&](const Equation& e) { return e.name == name; });
  if (at == kEquations.end()) throw std::invalid_argument("No equation is called '" + std::string(name) + "'.");
  equation_ = &*at;
}

std::string to_string(const Problem& problem) { return std::string(problem->name); }

std::string full_name(const Problem& problem) {
  return to_string(problem) + (problem.boundary().is_hard() ? "" : ", " + to_string(problem.boundary()));
}

bool is_zero_on_boundary(const Problem& problem, int dimension) {
  return problem->vanishes_on_boundary || dimension == 1;
}

double energy_of_solution(const Problem& problem, int dimension) {
  return problem->least_energy(dimension) - problem.boundary().beta * problem->norms(dimension).boundary;
}

std::string boundary_condition(const Problem& problem, int dimension) {
  const bool is_zero = is_zero_on_boundary(problem, dimension);
  if (dimension > 1) return fmt::format("u = {} on the boundary", is_zero ? "0" : "u*");
  return problem->domain == Domain::cube ? "u(0) = u(1) = 0" : "u(-1) = u(1) = 0";
}

std::string boundary_text(const Problem& problem, int dimension) {
  const bool is_zero = is_zero_on_boundary(problem, dimension);
  std::string hard = fmt::format("u = {} on the boundary", is_zero ? "0" : "u*");
  if (problem.boundary().is_hard()) return hard;
  return fmt::format("{} by penalty (losses + {} int {} over the boundary)", hard, problem.boundary().beta,
                     is_zero ? "u^2" : "(u - u*)^2, Ritz without its constant,");
}

}  // namespace landscape
