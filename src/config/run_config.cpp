// Defaults, and what follows from a few settings.
#include "landscape/config/run_config.hpp"

#include <algorithm>

#include "landscape/model/choices.hpp"

namespace landscape {
namespace {

constexpr Choices<DeviceChoice, 3> kDevices{
    {{DeviceChoice::automatic, "auto"}, {DeviceChoice::cpu, "cpu"}, {DeviceChoice::cuda, "cuda"}}};

constexpr Choices<Precision, 2> kPrecisions{
    {{Precision::double_precision, "double"}, {Precision::single_precision, "single"}}};

constexpr Choices<Metric, 4> kMetrics{
    {{Metric::reference, "reference"}, {Metric::l2, "l2"}, {Metric::h1, "h1"}, {Metric::gradient, "gradient"}}};

constexpr Choices<TrainRanks, 3> kTrainRanks{
    {{TrainRanks::automatic, "auto"}, {TrainRanks::all, "all"}, {TrainRanks::root, "root"}}};
constexpr Choices<MinimumCheck, 3> kMinimumChecks{
    {{MinimumCheck::automatic, "auto"}, {MinimumCheck::on, "on"}, {MinimumCheck::off, "off"}}};

constexpr Choices<Around, 3> kArounds{{{Around::own, "own"}, {Around::other, "other"}, {Around::both, "both"}}};

bool is_own(const std::string& entry) {
  return entry == to_string(LossKind::ritz) || entry == to_string(LossKind::galerkin);
}
constexpr Choices<SpectrumMethod, 2> kSpectrumMethods{
    {{SpectrumMethod::dense, "dense"}, {SpectrumMethod::lanczos, "lanczos"}}};
constexpr Choices<ProbeEntries, 2> kProbeEntries{
    {{ProbeEntries::rademacher, "rademacher"}, {ProbeEntries::gaussian, "gaussian"}}};
constexpr Choices<Preconditioner, 4> kPreconditioners{{{Preconditioner::gauss_newton, "gauss-newton"},
                                                       {Preconditioner::energy, "energy"},
                                                       {Preconditioner::adam, "adam"},
                                                       {Preconditioner::lbfgs, "lbfgs"}}};

}  // namespace

std::string name_on_plane(const std::string& entry, std::size_t place) {
  return is_own(entry) ? entry : std::string(1, static_cast<char>('A' + place));
}

RunConfig::RunConfig() {
  training.epochs = 20000;
  training.learning_rate = 1e-3;
  training.lbfgs_iterations = 1000;
  quadrature = training.quadrature = default_quadrature(network.dimension);
  training.seed = direction_seed = seed;
}

const std::string& RunConfig::minimizer_file(LossKind loss) const {
  const std::string& own = loss == LossKind::ritz ? minimizer_ritz : minimizer_galerkin;
  return own.empty() ? minimizer : own;
}

bool RunConfig::trains_any() const {
  return trains_in_rows() || std::ranges::any_of(minimizer_sources(), &MinimizerSource::is_trained);
}

std::vector<MinimizerSource> RunConfig::minimizer_sources() const {
  std::vector<MinimizerSource> sources;
  if (trains_in_rows()) return sources;
  for (std::size_t i = 0; i < surface.through.size(); ++i) {
    const std::string& entry = surface.through[i];
    if (!is_own(entry)) {
      sources.push_back({name_on_plane(entry, i), losses.front(), entry, true});
    } else {
      const LossKind loss = parse_loss(entry);
      sources.push_back({entry, loss, minimizer_file(loss)});
    }
  }
  if (!sources.empty()) return sources;
  for (const LossKind loss : losses) sources.push_back({to_string(loss), loss, minimizer_file(loss)});
  return sources;
}

QuadratureRule default_quadrature(int dimension) {
  switch (dimension) {
    case 1:
      return {QuadratureKind::simpson, 100};
    case 2:
      return {QuadratureKind::gauss, 24};
    case 3:
      return {QuadratureKind::gauss, 16};
    default:
      return {QuadratureKind::sobol, 4096};
  }
}

BootstrapOptions bootstrap_options(const RunConfig& config) {
  BootstrapOptions options;
  options.seed = config.seed;
  options.resamples = config.bootstrap;
  options.confidence = config.confidence;
  options.method = config.interval;
  options.threads = std::max(1, config.threads);
  return options;
}

std::string to_string(DeviceChoice device) { return choice_name(kDevices, device); }

DeviceChoice parse_device_choice(std::string_view text, std::string_view option) {
  return parse_choice(kDevices, text, option);
}

std::string to_string(TrainRanks ranks) { return choice_name(kTrainRanks, ranks); }

TrainRanks parse_train_ranks(std::string_view text, std::string_view option) {
  return parse_choice(kTrainRanks, text, option);
}

std::string to_string(MinimumCheck check) { return choice_name(kMinimumChecks, check); }

MinimumCheck parse_minimum_check(std::string_view text, std::string_view option) {
  return parse_choice(kMinimumChecks, text, option);
}

std::string to_string(Around around) { return choice_name(kArounds, around); }

Around parse_around(std::string_view text, std::string_view option) { return parse_choice(kArounds, text, option); }
std::string to_string(SpectrumMethod method) { return choice_name(kSpectrumMethods, method); }
SpectrumMethod parse_spectrum_method(std::string_view text, std::string_view option) {
  return parse_choice(kSpectrumMethods, text, option);
}
std::string to_string(ProbeEntries entries) { return choice_name(kProbeEntries, entries); }
ProbeEntries parse_probe_entries(std::string_view text, std::string_view option) {
  return parse_choice(kProbeEntries, text, option);
}

std::string to_string(Preconditioner preconditioner) { return choice_name(kPreconditioners, preconditioner); }
Preconditioner parse_preconditioner(std::string_view text, std::string_view option) {
  return parse_choice(kPreconditioners, text, option);
}

std::string to_string(Metric metric) { return choice_name(kMetrics, metric); }

Metric parse_metric(std::string_view text, std::string_view option) { return parse_choice(kMetrics, text, option); }

std::string to_string(Precision precision) { return choice_name(kPrecisions, precision); }

Precision parse_precision(std::string_view text, std::string_view option) {
  return parse_choice(kPrecisions, text, option);
}

}  // namespace landscape
