// Compiled by two tests: with an activation of the table it compiles, with another the compiler says what is missing.
#include "landscape/math/activation.hpp"

namespace landscape {

double value(double z) { return math::activate<static_cast<Activation>(ACTIVATION)>(z).f; }

}  // namespace landscape
