// How a search for a minimum ended.
#pragma once

#include <string>

namespace landscape {

struct MinimizerOutcome {
  double value;        // loss at the returned parameters
  std::string reason;  // why it ended, in words
  bool at_limit;       // of iterations, before anything else ended it
};

namespace stop_reason {
inline constexpr const char* kGradient = "gradient at rounding level";
inline constexpr const char* kRounding = "no further descent in double precision";
inline constexpr const char* kLineSearch = "the line search found no descent";
inline constexpr const char* kLimit = "iteration limit";
inline constexpr const char* kUnbounded = "the loss falls without end";
inline constexpr const char* kEpochs = "all epochs done";
}  // namespace stop_reason

}  // namespace landscape
