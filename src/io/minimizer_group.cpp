// /minimizer/<name>: the tensors of the network as PyTorch names and shapes them, each a dataset of /parameters; the
// network and what was measured as attributes.
#include "minimizer_group.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <utility>

#include "landscape/io/minimizer_measures.hpp"

namespace landscape {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Of the group: what its numbers are.
constexpr const char* kDescription =
    "final_loss, its error and the relative errors are measured with final_quadrature, whatever rule trained the "
    "network; relative_h1_error is |grad(u - u*)| / |grad u*|, the quotient of the H1 semi-norms; training_loss and "
    "profile_loss are the same loss with the training's and the profiles' own points; critical_point says whether "
    "theta is a minimum, by the gradient and the Hessian on the profiles' points: their numbers are "
    "profile_gradient_norm to decrease_of_positive";

constexpr const char* kMinimizers = "minimizer";
constexpr const char* kOrder = "order";  // attribute: their names
constexpr const char* kLoss = "loss";
constexpr const char* kParameters = "parameters";
constexpr const char* kStateDict =
    "the network's state dict, with PyTorch's names and shapes: "
    "load_state_dict({name: torch.tensor(tensor[()]) for name, tensor in this group})";
constexpr const char* kPath = "path";
constexpr const char* kSecondMoment = "adam_second_moment";
constexpr const char* kTheta = "theta";  // of older files: all tensors as one vector

void write_parameters(hid_t minimizer_group, const Minimizer& minimizer) {
  const h5::Group group = h5::create_group(minimizer_group, kParameters);
  h5::write_attribute(group.get(), {"description", kStateDict});
  const ParameterLayout layout(minimizer.spec);
  for (const TensorInfo& tensor : layout.tensors()) {
    const std::vector<std::int64_t> shape = tensor.shape();
    h5::write_dataset<double>(group.get(), tensor.name,
                              std::span(minimizer.theta).subspan(tensor.offset, tensor.size()),
                              {shape.begin(), shape.end()},
                              tensor.is_bias ? h5::DatasetText{"biases of a layer", "(out)", "1"}
                                             : h5::DatasetText{"weights of a layer", "(out, in)", "1"});
  }
}

void check_finite(const std::string& dataset, const std::vector<double>& values) {
  if (!std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); }))
    throw Error(fmt::format("/{} has values that are not finite.", dataset));
}

std::vector<double> read_parameters(const h5::File& file, const std::string& minimizer_group, const NetworkSpec& spec,
                                    bool* no_checksum) {
  const std::string group = fmt::format("{}/{}", minimizer_group, kParameters);
  const ParameterLayout layout(spec);
  std::vector<double> theta;
  for (const TensorInfo& tensor : layout.tensors()) {
    const std::string name = fmt::format("{}/{}", group, tensor.name);
    const std::vector<std::int64_t> expected = tensor.shape();
    std::vector<hsize_t> shape;
    const std::vector<double> values = h5::read_dataset<double>(file.get(), name, expected.size(), &shape, no_checksum);
    if (!std::equal(shape.begin(), shape.end(), expected.begin(), expected.end(), std::equal_to<std::uint64_t>())) {
      throw Error(fmt::format("/{} has shape ({}), but in its network ({}) it has ({}).", name, fmt::join(shape, ", "),
                              spec.describe(), fmt::join(expected, ", ")));
    }
    check_finite(name, values);
    theta.insert(theta.end(), values.begin(), values.end());
  }
  for (const std::string& name : h5::link_names(h5::open_group(file.get(), group).get())) {
    if (std::none_of(layout.tensors().begin(), layout.tensors().end(),
                     [&](const TensorInfo& tensor) { return tensor.name == name; }))
      throw Error(fmt::format("/{}/{} has no place in its network ({}).", group, name, spec.describe()));
  }
  return theta;
}

std::vector<double> read_flat_parameters(const h5::File& file, const std::string& minimizer_group,
                                         const NetworkSpec& spec, bool* no_checksum) {
  const std::string name = fmt::format("{}/{}", minimizer_group, kTheta);
  std::vector<double> theta = h5::read_dataset<double>(file.get(), name, 1, nullptr, no_checksum);
  if (const std::size_t expected = ParameterLayout(spec).size(); theta.size() != expected) {
    throw Error(fmt::format("/{} has {} parameters, but its network ({}) has {}.", name, theta.size(), spec.describe(),
                            expected));
  }
  check_finite(name, theta);
  return theta;
}

}  // namespace

std::string minimizer_group_name(const std::string& name) { return fmt::format("{}/{}", kMinimizers, name); }

void check_names(const std::vector<Minimizer>& minimizers) {
  std::set<std::string> names;
  for (const Minimizer& minimizer : minimizers) {
    const std::string& name = minimizer.name;
    if (name.empty() || name == "." || name.find('/') != std::string::npos)
      throw Error(fmt::format("A minimizer cannot be called '{}' in a file.", name));
    if (!names.insert(name).second) throw Error(fmt::format("Two minimizers are called '{}'.", name));
  }
}

std::vector<std::string> minimizer_names(const h5::File& file) {
  std::vector<std::string> names;
  if (!h5::has_link(file.get(), kMinimizers)) return names;
  const h5::Group group = h5::open_group(file.get(), kMinimizers);
  if (h5::has_attribute(group.get(), kOrder)) names = h5::read_text_list(group.get(), kOrder);
  for (const std::string& name : h5::group_names(group.get())) {  // all of them where another program wrote the file
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

void write_history(hid_t parent, const TrainingHistory& history) {
  if (history.epoch.empty()) return;
  const h5::Group group = h5::create_group(parent, "history");
  const std::vector<hsize_t> shape{history.epoch.size()};
  h5::write_dataset<std::int64_t>(group.get(), "epoch", history.epoch, shape,
                                  {"epochs done at each record", "(H)", "1"});
  h5::write_attribute(group.get(), {"error_quadrature", history.error_quadrature});
  h5::write_dataset<double>(group.get(), "loss", history.loss, shape,
                            {"loss at each record with the training's own points", "(H)", "1"});
  h5::write_dataset<double>(group.get(), "relative_l2_error", history.relative_l2_error, shape,
                            {"|u - u*|_L2 / |u*|_L2 at each record, with error_quadrature", "(H)", "1"});
}

TrainingHistory read_history(hid_t parent, bool* no_checksum) {
  TrainingHistory history;
  if (!h5::has_link(parent, "history")) return history;
  const h5::Group group = h5::open_group(parent, "history");
  history.error_quadrature = h5::read_text_or(group.get(), "error_quadrature", "");
  history.epoch = h5::read_dataset<std::int64_t>(group.get(), "epoch", 1, nullptr, no_checksum);
  history.loss = h5::read_dataset<double>(group.get(), "loss", 1, nullptr, no_checksum);
  history.relative_l2_error = h5::read_dataset<double>(group.get(), "relative_l2_error", 1, nullptr, no_checksum);
  if (history.loss.size() != history.epoch.size() || history.relative_l2_error.size() != history.epoch.size()) {
    throw Error("The columns of a training history have different lengths.");
  }
  return history;
}

void write_path(hid_t parent, const TrainingPath& path) {
  if (path.epoch.empty()) return;
  const h5::Group group = h5::create_group(parent, kPath);
  const hsize_t n_checkpoints = path.epoch.size();
  h5::write_dataset<std::int64_t>(
      group.get(), "epoch", path.epoch, {n_checkpoints},
      {"epochs of Adam and iterations of what follows it done at each checkpoint", "(K)", "1"});
  h5::write_dataset<double>(group.get(), "parameters", path.parameters,
                            {n_checkpoints, path.parameters.size() / n_checkpoints},
                            {"all tensors of the network as one row per checkpoint, in the state dict's order, "
                             "each row-major",
                             "(K, n)", "1"});
}

TrainingPath read_path(hid_t parent, std::size_t n_parameters, bool* no_checksum) {
  TrainingPath path;
  if (!h5::has_link(parent, kPath)) return path;
  const h5::Group group = h5::open_group(parent, kPath);
  path.epoch = h5::read_dataset<std::int64_t>(group.get(), "epoch", 1, nullptr, no_checksum);
  std::vector<hsize_t> shape;
  path.parameters = h5::read_dataset<double>(group.get(), "parameters", 2, &shape, no_checksum);
  if (shape[0] != path.epoch.size() || shape[1] != n_parameters)
    throw Error("The path of a training does not fit its network.");
  return path;
}

std::size_t count_datasets(const Minimizer& minimizer) {
  constexpr std::size_t kOfHistory = 3, kOfPath = 2;
  return kOfHistory + (minimizer.path.epoch.empty() ? 0 : kOfPath) + (minimizer.adam_second_moment.empty() ? 0 : 1) +
         ParameterLayout(minimizer.spec).tensors().size();
}

double size_estimate(const Minimizer& minimizer) {
  constexpr double kMetadata = 1 << 14, kPerDataset = 1 << 13;
  return kMetadata + kPerDataset * static_cast<double>(count_datasets(minimizer)) +
         8.0 * static_cast<double>(minimizer.theta.size() + minimizer.adam_second_moment.size() +
                                   3 * minimizer.history.epoch.size() + minimizer.path.epoch.size() +
                                   minimizer.path.parameters.size());
}

namespace {

/// Files of other programs may be without: then the name says it.
LossKind read_loss(hid_t group, const std::string& name) {
  if (!h5::has_attribute(group, kLoss)) {
    for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
      if (to_string(loss) == name) return loss;
    }
  }
  return parse_loss(h5::read_text(group, kLoss), kLoss);
}

void write_minimizer_group(const h5::File& file, const Minimizer& minimizer) {
  const NetworkSpec& spec = minimizer.spec;
  const h5::Group group = h5::create_group(file.get(), minimizer_group_name(minimizer.name));
  const hid_t id = group.get();
  h5::write_attribute(id, {kLoss, to_string(minimizer.loss)});
  h5::write_attribute(id, {"network", to_string(spec.kind)});
  h5::write_attribute(id, {"activation", to_string(spec.activation)});
  h5::write_attribute(id, {"width", spec.width});
  h5::write_attribute(id, {"blocks", spec.blocks});
  if (spec.kind == NetworkKind::mlp)
    h5::write_attribute(id, {"layers", std::vector<std::int64_t>(spec.layers.begin(), spec.layers.end())});
  h5::write_attribute(id, {"dimension", spec.dimension});
  h5::write_attribute(id, {"source", minimizer.source});
  h5::write_attribute(id, {"description", kDescription});
  h5::write_attribute(id, {"problem", minimizer.problem});
  for (const auto& [attribute, member] : kMinimizerMeasures) h5::write_attribute(id, {attribute, minimizer.*member});
  h5::write_attribute(id, {"critical_point", minimizer.critical.sentence});
  h5::write_attribute(id, {"critical_point_verdict", minimizer.critical.verdict});
  h5::write_attribute(id, {"critical_point_method", minimizer.critical.method});
  for (const auto& [attribute, member] : kCriticalMeasures)
    h5::write_attribute(id, {attribute, minimizer.critical.*member});
  h5::write_attribute(id, {"final_quadrature", minimizer.final_quadrature});
  h5::write_attribute(id, {"training_quadrature", minimizer.training_quadrature});
  h5::write_attribute(id, {"profile_quadrature", minimizer.profile_quadrature});
  h5::write_attribute(id, {"stopped_by", minimizer.stopped_by});
  h5::write_attribute(id, {"stop_reason", minimizer.stop_reason});
  h5::write_attribute(id, {"at_iteration_limit", std::int64_t{minimizer.at_iteration_limit}});
  h5::write_attribute(id, {"warnings", minimizer.warnings});
  h5::write_attribute(id, {"training_seconds", minimizer.seconds});
  write_parameters(id, minimizer);
  write_history(id, minimizer.history);
  write_path(id, minimizer.path);
  if (const std::vector<double>& moment = minimizer.adam_second_moment; !moment.empty()) {
    h5::write_dataset<double>(id, kSecondMoment, moment, {moment.size()},
                              {"Adam's v / (1 - 0.999^t) when its epochs ended, in the order of the state dict: the "
                               "diagonal of its preconditioner is the root of that plus 1e-8",
                               "(n)", "loss^2"});
  }
}

}  // namespace

void write_minimizer_groups(const h5::File& file, std::span<const Minimizer> minimizers) {
  if (minimizers.empty()) return;
  std::vector<std::string> names;
  for (const Minimizer& minimizer : minimizers) {
    write_minimizer_group(file, minimizer);
    names.push_back(minimizer.name);
  }
  h5::write_text_list(h5::open_group(file.get(), kMinimizers).get(), kOrder, names);
}

Minimizer read_minimizer_group(const h5::File& file, const std::string& name, bool* no_checksum) {
  const std::string path = minimizer_group_name(name);
  const h5::Group group = h5::open_group(file.get(), path);
  const hid_t id = group.get();
  const auto as_int = [](std::int64_t value) {
    return static_cast<int>(std::clamp<std::int64_t>(value, -1, std::numeric_limits<int>::max()));
  };
  const auto small = [&](const char* attribute) { return as_int(h5::read_integer(id, attribute)); };
  Minimizer minimizer;
  minimizer.name = name;
  try {
    minimizer.loss = read_loss(id, name);
    minimizer.spec.kind = parse_network_kind(h5::read_text(id, "network"), "network");
    minimizer.spec.activation = parse_activation(h5::read_text(id, "activation"), "activation");
    minimizer.spec.width = small("width");
    minimizer.spec.blocks = small("blocks");
    if (minimizer.spec.kind == NetworkKind::mlp) {
      for (const std::int64_t width : h5::read_integers(id, "layers")) minimizer.spec.layers.push_back(as_int(width));
    }
    minimizer.spec.dimension = small("dimension");
    minimizer.spec.validate();
    minimizer.problem = h5::read_text_or(id, "problem", "");
  } catch (const UsageError& error) {  // the file's fault, not the command line's
    throw Error(fmt::format("The group /{} describes no possible network ({}).", path, error.what()));
  }
  const bool is_flat = !h5::has_link(id, kParameters) && h5::has_link(id, kTheta);
  minimizer.theta = (is_flat ? read_flat_parameters : read_parameters)(file, path, minimizer.spec, no_checksum);
  minimizer.source = h5::read_text_or(id, "source", "");
  for (const auto& [attribute, member] : kMinimizerMeasures)
    minimizer.*member = h5::read_number_or(id, attribute, kUnknown);
  minimizer.critical.sentence = h5::read_text_or(id, "critical_point", "");
  minimizer.critical.verdict = h5::read_text_or(id, "critical_point_verdict", "");
  minimizer.critical.method = h5::read_text_or(id, "critical_point_method", "");
  for (const auto& [attribute, member] : kCriticalMeasures)
    minimizer.critical.*member = h5::read_number_or(id, attribute, kUnknown);
  minimizer.final_quadrature = h5::read_text_or(id, "final_quadrature", "");
  minimizer.training_quadrature = h5::read_text_or(id, "training_quadrature", "");
  minimizer.profile_quadrature = h5::read_text_or(id, "profile_quadrature", "");
  minimizer.stopped_by = h5::read_text_or(id, "stopped_by", "");
  minimizer.stop_reason = h5::read_text_or(id, "stop_reason", "");
  minimizer.at_iteration_limit =
      h5::has_attribute(id, "at_iteration_limit") && h5::read_integer(id, "at_iteration_limit") != 0;
  minimizer.warnings = h5::read_text_or(id, "warnings", "");
  minimizer.seconds = h5::read_number_or(id, "training_seconds", 0.0);
  minimizer.history = read_history(id, no_checksum);
  minimizer.path = read_path(id, minimizer.theta.size(), no_checksum);
  if (h5::has_link(id, kSecondMoment)) {
    minimizer.adam_second_moment = h5::read_dataset<double>(id, kSecondMoment, 1, nullptr, no_checksum);
    if (minimizer.adam_second_moment.size() != minimizer.theta.size())
      throw Error(fmt::format("/{}/{} does not fit its network.", path, kSecondMoment));
  }
  return minimizer;
}

}  // namespace landscape
