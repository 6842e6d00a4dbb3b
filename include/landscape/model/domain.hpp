// Where an equation is posed.
#pragma once

#include <cmath>
#include <string>

#include "landscape/math/elementary.hpp"

namespace landscape {

enum class Domain {
  cube,  // (0,1)^d
  ball   // |x| < 1
};

/// |Omega|: of the ball pi^(d/2) / Gamma(d/2 + 1).
inline double volume(Domain domain, int dimension) {
  if (domain == Domain::cube) return 1.0;
  return std::pow(math::kPi, 0.5 * dimension) / std::tgamma(0.5 * dimension + 1.0);
}

/// "(0,1)^3", "the unit ball of 3 dimensions"; in one dimension intervals.
inline std::string domain_text(Domain domain, int dimension) {
  if (dimension == 1) return domain == Domain::cube ? "(0,1)" : "(-1,1)";
  const std::string d = std::to_string(dimension);
  return domain == Domain::cube ? "(0,1)^" + d : "the unit ball of " + d + " dimensions";
}

}  // namespace landscape
