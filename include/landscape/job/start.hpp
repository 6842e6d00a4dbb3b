// --start: where trainings begin that continue from a minimizer in a file.
#pragma once

#include <vector>

#include "landscape/config/run_config.hpp"
#include "landscape/io/minimizer_file.hpp"

namespace landscape {

/// Fills in the checksums of the parameters that trainings of either loss would start from, so that another content of
/// the file is another training. Returns their networks, those of the losses that are trained; nothing where there is
/// no start, or where --resume goes on with an output whose trainings are done. Throws UsageError where the checksums
/// are given and others.
std::vector<NetworkSpec> adopt_start(RunConfig& config, const NetworkHints& hints);

/// theta (n) that the training of `loss` starts from; empty where there is no start. Throws Error where the file has
/// changed since adopt_start().
std::vector<double> start_parameters(const RunConfig& config, LossKind loss);

}  // namespace landscape
