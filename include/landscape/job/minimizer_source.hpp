// Where a run's minimizers come from, read.
#pragma once

#include <string>

#include "landscape/config/run_config.hpp"
#include "landscape/config/settings.hpp"
#include "landscape/io/minimizer_file.hpp"

namespace landscape {

/// What the options say of a network, for files that leave it open. Not the defaults: by these such a file would be
/// measured as another function.
NetworkHints network_hints(const RunConfig& config, const OptionTexts& given);

/// The file that a source names: without the name of one of several in it.
std::string file_of(const MinimizerSource& source);

/// Of a source that is not trained, under the source's name. Throws Error as load_minimizer() does, and UsageError
/// where the file holds several and the source does not say which.
Minimizer load_minimizer(const MinimizerSource& source, const NetworkHints& hints);

}  // namespace landscape
