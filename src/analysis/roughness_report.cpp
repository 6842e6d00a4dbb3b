// Views of a report.
#include "landscape/analysis/roughness_report.hpp"

namespace landscape {

Columns columns_of(std::span<const ProfileDiagnostics> profiles) {
  Columns columns;
  for (const ProfileDiagnostics& profile : profiles) {
    columns.total_variation.push_back(profile.total_variation);
    columns.status.push_back(profile.status);
  }
  return columns;
}

}  // namespace landscape
