// A source that takes any minimizer must say which where a file holds several.
#include "landscape/job/minimizer_source.hpp"

#include <fmt/format.h>

namespace landscape {

NetworkHints network_hints(const RunConfig& config, const OptionTexts& given) {
  NetworkHints hints;
  if (given.contains("network")) hints.kind = config.network.kind;
  if (given.contains("activation")) hints.activation = config.network.activation;
  return hints;
}

std::string file_of(const MinimizerSource& source) {
  return source.is_any ? minimizer_place(source.file).file : source.file;
}

Minimizer load_minimizer(const MinimizerSource& source, const NetworkHints& hints) {
  Minimizer minimizer;
  if (source.is_any) {
    std::vector<Minimizer> found = load_minimizers(source.file, source.loss, hints);
    if (found.size() > 1) {
      throw UsageError(fmt::format("'{0}' holds {1} minimizers: say which, for example {0}:{2}.", source.file,
                                   found.size(), found.front().name));
    }
    minimizer = std::move(found.front());
  } else {
    minimizer = load_minimizer(source.file, source.loss, hints);
  }
  minimizer.name = source.name;
  return minimizer;
}

}  // namespace landscape
