// The equations, one line each; the first is the default.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <type_traits>

#include "ball.hpp"
#include "convection.hpp"
#include "cubic_reaction.hpp"
#include "diffusion.hpp"
#include "helmholtz.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"
#include "poisson_cubic.hpp"
#include "poisson_sine.hpp"
#include "sine_sum.hpp"

namespace landscape {
namespace {

enum class Dimensions { any, one };
enum class Kind { poisson, linear, nonlinear };

// What is evaluated at every point is compiled twice and chosen when the program starts: without the instruction each
// fma is a call of the C library, with the same bits.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__FMA__)
#define LANDSCAPE_WITH_FMA __attribute__((flatten, target_clones("fma", "default")))
#else
#define LANDSCAPE_WITH_FMA
#endif

/// kFunction with parameters in front, which an equation without any does not take.
template <auto kFunction, class Type = std::remove_pointer_t<decltype(kFunction)>>
struct WithParameters;
template <auto kFunction, class Result, class... Arguments>
struct WithParameters<kFunction, Result(Arguments...)> {
  static Result call(const Parameters&, Arguments... arguments) { return kFunction(arguments...); }
  LANDSCAPE_WITH_FMA static Result call_at_point(const Parameters&, Arguments... arguments) {
    return kFunction(arguments...);
  }
};
template <auto kFunction, class Result, class... Arguments>
struct WithParameters<kFunction, Result(const Parameters&, Arguments...)> {
  static Result call(const Parameters& parameters, Arguments... arguments) {
    return kFunction(parameters, arguments...);
  }
  LANDSCAPE_WITH_FMA static Result call_at_point(const Parameters& parameters, Arguments... arguments) {
    return kFunction(parameters, arguments...);
  }
};

template <class Of>
constexpr Equation entry(std::string_view name, std::string_view summary, Dimensions dimensions, Kind kind,
                         Domain domain = Domain::cube, bool vanishes_on_boundary = true) {
  Equation made{name,
                summary,
                dimensions == Dimensions::one,
                kind != Kind::nonlinear,
                kind == Kind::poisson,
                domain,
                vanishes_on_boundary,
                {},
                WithParameters<Of::operator_text>::call,
                WithParameters<Of::solution_text>::call,
                WithParameters<Of::solution>::call_at_point,
                WithParameters<Of::coefficients>::call_at_point,
                nullptr,
                WithParameters<Of::norms>::call,
                nullptr};
  if constexpr (requires { Of::kParameters; }) made.parameters = Of::kParameters;
  if constexpr (requires { Of::energy; }) made.energy = WithParameters<Of::energy>::call;
  if constexpr (requires { Of::unboundedness; }) made.unboundedness = Of::unboundedness;
  return made;
}

using namespace equation;
constexpr std::array kEquations{
    entry<PoissonSine>("sine", "-laplace u = f, u* = prod sin(k pi x_i)", Dimensions::any, Kind::poisson),
    entry<PoissonCubic>("cubic", "-u'' = f, u* = 2x^3 - x^2 - x, d = 1", Dimensions::one, Kind::poisson),
    entry<Diffusion>("diffusion", "-div((1 + x_1) grad u) + 2 u = f", Dimensions::any, Kind::linear),
    entry<CubicReaction>("reaction", "-laplace u + u^3 = f", Dimensions::any, Kind::nonlinear),
    entry<Ball>("ball", "-laplace u = f in the unit ball, u* = sin(pi (1 - |x|) / 2)", Dimensions::any, Kind::poisson,
                Domain::ball),
    entry<SineSum>("sine-sum", "-laplace u = f, u* = sum sin(pi x_i), by --boundary penalty:BETA", Dimensions::any,
                   Kind::poisson, Domain::cube, false),
    entry<Helmholtz>("helmholtz", "-laplace u - kappa^2 u = f, u* = prod sin(k pi x_i)", Dimensions::any, Kind::linear),
    entry<Convection>("convection", "-eps laplace u + sum_i du/dx_i = f, a layer of width eps; --losses galerkin",
                      Dimensions::any, Kind::linear),
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

bool Equation::has(const Parameter& parameter) const {
  return std::ranges::find(parameters, parameter.name, &Parameter::name) != parameters.end();
}

Problem::Problem(std::string_view name, const Boundary& boundary, const Parameters& parameters)
    : boundary_(boundary), parameters_(parameters) {
  const auto at = std::find_if(kEquations.begin(), kEquations.end(), [&](const Equation& e) { return e.name == name; });
  if (at == kEquations.end()) throw std::invalid_argument("No equation is called '" + std::string(name) + "'.");
  equation_ = &*at;
}

std::string to_string(const Problem& problem) { return std::string(problem->name); }

std::string full_name(const Problem& problem) {
  std::string text = to_string(problem);
  for (const auto& [name, value] : kParameters) {
    if (const double number = problem.parameters().*value; number != Parameters().*value)
      text += fmt::format(", {}={}", name, number);
  }
  return problem.boundary().is_hard() ? text : text + ", " + to_string(problem.boundary());
}

Problem problem_of_full_name(std::string_view name) {
  constexpr std::string_view kBetween = ", ";
  Boundary boundary;
  Parameters parameters;
  const std::string_view equation = name.substr(0, name.find(kBetween));
  try {
    for (std::string_view rest = name; rest.find(kBetween) != std::string_view::npos;) {
      rest.remove_prefix(rest.find(kBetween) + kBetween.size());
      const std::string_view word = rest.substr(0, rest.find(kBetween)), key = word.substr(0, word.find('='));
      const auto parameter = std::ranges::find(kParameters, key, &Parameter::name);
      if (parameter == kParameters.end()) {
        boundary = parse_boundary(word);
      } else {
        parameters.*parameter->value = parse_real(word.substr(std::min(word.size(), key.size() + 1)), key);
      }
    }
  } catch (const UsageError&) {  // no request of the user's
    throw std::invalid_argument("No problem is called '" + std::string(name) + "'.");
  }
  return Problem(equation, boundary, parameters);
}

bool has_loss(const Problem& problem, LossKind loss) { return loss == LossKind::galerkin || problem->has_energy(); }

int gauss_newton_rows(const Problem& problem, LossKind loss, int dimension) {
  if (loss == LossKind::galerkin) return 1;
  const bool has_mass = !problem->is_poisson || !problem.boundary().is_hard();
  return has_mass ? dimension + 1 : dimension;
}

void require_loss(const Problem& problem, LossKind loss) {
  if (!has_loss(problem, loss))
    throw Error(fmt::format("The problem {} has no energy, so it has no Ritz loss.", to_string(problem)));
}

bool is_zero_on_boundary(const Problem& problem, int dimension) {
  return problem->vanishes_on_boundary || dimension == 1;
}

double energy_of_solution(const Problem& problem, int dimension) {
  require_loss(problem, LossKind::ritz);
  const double inside = problem->energy(problem.parameters(), dimension);
  return inside - problem.boundary().beta * problem.norms(dimension).boundary;
}

std::string unbounded_text(const Problem& problem, int dimension) {
  return problem->unboundedness == nullptr
             ? ""
             : problem->unboundedness(problem.parameters(), problem.boundary(), dimension);
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
