// Minimizers are found by their names.
#include "landscape/model/minimizer.hpp"

#include <algorithm>

#include "landscape/model/error.hpp"

namespace landscape {

const Minimizer& find_minimizer(std::span<const Minimizer> minimizers, std::string_view name) {
  const auto at = std::ranges::find(minimizers, name, &Minimizer::name);
  if (at == minimizers.end()) throw Error("There is no minimizer '" + std::string(name) + "'.");
  return *at;
}

}  // namespace landscape
