// Names inside the output file that more than one source needs.
#pragma once

#include <string>

#include "landscape/io/landscape_file.hpp"

namespace landscape {

inline std::string profile_group_name(ProfileKey key) {
  const std::string main = "profiles/" + to_string(key.loss);
  return key.set == 0 ? main : main + "/point_sets/" + std::to_string(key.set);
}

}  // namespace landscape
