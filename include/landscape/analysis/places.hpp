// Where a loss is looked at: around its own minimizer or the other loss's, there at the minimizer or along the path
// that its training took, in all parameters or some.
#pragma once

#include <string>
#include <vector>

#include "landscape/config/run_config.hpp"
#include "landscape/job/rows.hpp"
#include "landscape/model/minimizer.hpp"
#include "landscape/profile/line_set.hpp"

namespace landscape {

/// A loss, and the name of the minimizer that it is looked at around.
struct LossPlace {
  LossKind loss = LossKind::ritz;
  std::string minimizer;
};

/// By --around, in the order of the losses, a loss's own minimizer first.
std::vector<LossPlace> loss_places(const RunConfig& config);
/// "ritz", "galerkin around ritz"
std::string place_name(const LossPlace& place);
/// "ritz", "galerkin_around_ritz", of groups in the file.
std::string place_group(const LossPlace& place);

/// Where the parameters of --restrict lie in theta: all where there is none. Throws UsageError for a layer that the
/// network lacks.
struct ParameterRange {
  std::size_t first = 0, count = 0;
};
ParameterRange restricted_parameters(const RunConfig& config);

/// Throws Error where rows of a block are missing or damaged.
void require_whole(const Rows& rows, const std::string& block);

/// Throws UsageError where --around lacks a minimizer, or --path a path.
void require_places(const RunConfig& config);

/// From every checkpoint of the path of its training, `n_directions` ones common to all. Throws Error where the
/// minimizer has another path than the settings say.
LineSet lines_along_path(const RunConfig& config, const Minimizer& minimizer, std::int64_t n_directions);

}  // namespace landscape
