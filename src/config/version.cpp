// The revision is the build's (revision.hpp.in).
#include "landscape/config/version.hpp"

#include <fmt/format.h>

#include "landscape/config/revision.hpp"

namespace landscape {

std::string program_version() { return LANDSCAPE_VERSION; }
std::string git_revision() { return LANDSCAPE_GIT_REVISION; }
std::string version_text() {
  const std::string revision = git_revision();
  return fmt::format("landscape_mpi {}{}", program_version(),
                     revision.empty() ? "" : fmt::format(" (git {})", revision));
}

}  // namespace landscape
