// How much L-BFGS remembers (Liu and Nocedal 1989).
#pragma once

namespace landscape {

/// Pairs of a step and what it changed of the gradient.
inline constexpr int kLbfgsMemory = 20;

}  // namespace landscape
