// Names inside the output file that more than one source needs.
#pragma once

#include <string>

#include "landscape/model/network_spec.hpp"

namespace landscape {

inline constexpr const char* kPending = "pending";
inline constexpr const char* kFinal = "complete";

inline std::string profile_group_name(LossKind loss) { return "profiles/" + to_string(loss); }

}  // namespace landscape
