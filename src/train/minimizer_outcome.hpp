// How a search for a minimum ended.
#pragma once

#include <string_view>

namespace landscape {

/// Why a search ended: a word for files and tables, and words for a sentence.
struct StopReason {
  std::string_view word, text;
};
namespace stop_reason {
inline constexpr StopReason kGradient{"gradient", "gradient at rounding level"};
inline constexpr StopReason kRounding{"rounding", "no further descent in double precision"};
inline constexpr StopReason kLineSearch{"line search", "the line search found no descent"};
inline constexpr StopReason kLimit{"limit", "iteration limit"};
inline constexpr StopReason kUnbounded{"unbounded", "the loss falls without end"};
inline constexpr StopReason kEpochs{"epochs", "all epochs done"};
}  // namespace stop_reason

struct MinimizerOutcome {
  double value;  // loss at the returned parameters
  StopReason reason;
  bool at_limit() const { return reason.word == stop_reason::kLimit.word; }
};

}  // namespace landscape
