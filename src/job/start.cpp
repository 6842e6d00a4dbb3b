// The file is read twice: for its network, when settings are resolved, and for its parameters, when a training begins.
#include "landscape/job/start.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "landscape/job/checkpoints.hpp"

namespace landscape {
namespace {

// What `loss` starts from is read where it is trained, and else where it can be: the checksums are then the same
// whichever losses a run has.
std::optional<Minimizer> start_if_there(const RunConfig& config, LossKind loss, const NetworkHints& hints) {
  const std::vector<LossKind> trained = trained_losses(config);
  const bool is_trained = std::ranges::find(trained, loss) != trained.end();
  try {
    return load_start(config.training.start, loss, config.training.start_minimizer, hints);
  } catch (const Error&) {
    if (is_trained) throw;
    return std::nullopt;
  }
}

}  // namespace

std::vector<NetworkSpec> adopt_start(RunConfig& config, const NetworkHints& hints) {
  TrainingSpec& training = config.training;
  if (training.start.empty() || !config.trains_any()) return {};
  std::error_code error;
  const bool is_known = !training.start_parameters.empty();
  if (is_known && config.resume && std::filesystem::exists(config.output, error)) return {};

  std::vector<NetworkSpec> networks;
  std::string found;
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const std::optional<Minimizer> start = start_if_there(config, loss, hints);
    if (!start) continue;
    const std::vector<LossKind> trained = trained_losses(config);
    if (std::ranges::find(trained, loss) != trained.end()) networks.push_back(start->spec);
    const std::string checksum = parameters_checksum(start->theta);
    if (found.find(checksum) == std::string::npos) found += (found.empty() ? "" : ",") + checksum;
  }
  if (is_known && found != training.start_parameters) {
    throw UsageError(
        fmt::format("--start-parameters {} are not those of '{}', which has {}: put back the file that it belongs to, "
                    "or leave --start-parameters out.",
                    training.start_parameters, training.start, found));
  }
  training.start_parameters = found;
  return networks;
}

std::vector<double> start_parameters(const RunConfig& config, LossKind loss) {
  const TrainingSpec& training = config.training;
  if (training.start.empty()) return {};
  const Minimizer start = load_start(training.start, loss, training.start_minimizer, config.network);
  if (training.start_parameters.find(parameters_checksum(start.theta)) == std::string::npos)
    throw Error(fmt::format("The minimizer file '{}' has changed since this job began.", training.start));
  return start.theta;
}

}  // namespace landscape
