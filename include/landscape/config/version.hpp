// Which program this is.
#pragma once

#include <string>

namespace landscape {

/// "landscape_mpi 0.1.0 (git 1a2b3c4)"
std::string version_text();
std::string program_version();
std::string git_revision();

}  // namespace landscape
