// The equations, one line each; the first is the default.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "cubic_reaction.hpp"
#include "diffusion.hpp"
#include "poisson_cubic.hpp"
#include "poisson_sine.hpp"

namespace landscape {
namespace {

enum class Dimensions { any, one };
enum class Kind { linear, nonlinear };

template <class Of>
constexpr Equation entry(std::string_view name, std::string_view summary, Dimensions dimensions, Kind kind) {
  return {name,
          summary,
          dimensions == Dimensions::one,
          kind == Kind::linear,
          Of::operator_text,
          Of::solution_text,
          Of::solution,
          Of::coefficients,
          Of::least_energy,
          Of::norms};
}

using namespace equation;
constexpr std::array kEquations{
    entry<PoissonSine>("sine", "-laplace u = f, u* = prod sin(pi x_i)", Dimensions::any, Kind::linear),
    entry<PoissonCubic>("cubic", "-u'' = f, u* = 2x^3 - x^2 - x, d = 1", Dimensions::one, Kind::linear),
    entry<Diffusion>("diffusion", "-div((1 + x_1) grad u) + 2 u = f", Dimensions::any, Kind::linear),
    entry<CubicReaction>("reaction", "-laplace u + u^3 = f", Dimensions::any, Kind::nonlinear),
};

}  // namespace

std::span<const Equation> equations() { return kEquations; }

Problem::Problem() : equation_(kEquations.data()) {}

Problem::Problem(std::string_view name) {
  const auto at = std::find_if(kEquations.begin(), kEquations.end(), [&](const Equation& e) { return e.name == name; });
  if (at == kEquations.end()) throw std::invalid_argument("No equation is called '" + std::string(name) + "'.");
  equation_ = &*at;
}

std::string to_string(const Problem& problem) { return std::string(problem->name); }

}  // namespace landscape
