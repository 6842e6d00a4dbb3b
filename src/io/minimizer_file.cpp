// Reading minimizers and directions from safetensors and HDF5 files of any origin: names, shapes and values are checked
// against the network before anything is taken over.
#include "landscape/io/minimizer_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <string_view>

#include "checksum.hpp"
#include "hdf5.hpp"
#include "minimizer_group.hpp"
#include "rehearsal.hpp"
#include "safetensors.hpp"

namespace landscape {
namespace {

constexpr const char* kDirectionsWanted =
    "an output made with --save-directions, one of spectrum --eigenvectors, or HDF5 with a dataset /direction";

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
}

// Of torch.nn.DataParallel, torch.compile and Lightning.
constexpr std::array<std::string_view, 3> kWrappers{"module.", "_orig_mod.", "model."};

/// layer_1.weight (the published checkpoints) and module.layer1.weight (DataParallel) are layer1.weight.
std::string canonical_name(std::string name) {
  const auto wrapper_of = [&] {
    return std::ranges::find_if(kWrappers, [&](std::string_view wrapper) { return name.starts_with(wrapper); });
  };
  for (auto wrapper = wrapper_of(); wrapper != kWrappers.end(); wrapper = wrapper_of()) name.erase(0, wrapper->size());
  static const std::regex numbered("layer_([1-9][0-9]*)\\.(weight|bias)");
  std::smatch match;
  if (std::regex_match(name, match, numbered)) return fmt::format("layer{}.{}", match[1].str(), match[2].str());
  return name;
}

using TensorMap = std::map<std::string, SafeTensor>;

/// linears.2.weight: a tensor of a layer that has a number for a name.
struct NumberedTensor {
  std::string_view list;  // "linears."
  int layer;
  std::string_view suffix;  // ".weight"
};
std::optional<NumberedTensor> parse_numbered(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  const std::size_t before = name.rfind('.', dot - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  NumberedTensor found{name.substr(0, begin), 0, name.substr(dot)};
  const char *first = name.data() + begin, *last = name.data() + dot;
  const auto [end, error] = std::from_chars(first, last, found.layer);
  const bool is_number = error == std::errc() && end == last && *first != '-';
  return is_number ? std::optional(found) : std::nullopt;
}

/// {number of the layer: the name of an mlp's} where all tensors are those of one row of numbered layers, 0.weight,
/// 2.weight, 4.weight of a torch.nn.Sequential or linears.0.weight, linears.1.weight of a list; else empty.
std::map<int, std::string> numbered_layers(const SafeTensors& file) {
  std::map<int, std::string> layers;
  std::optional<std::string_view> list;
  for (const auto& [name, tensor] : file.tensors) {
    const auto numbered = parse_numbered(name);
    if (!numbered || list.value_or(numbered->list) != numbered->list) return {};
    list = numbered->list;
    layers[numbered->layer];
  }
  if (layers.size() < 2) return {};
  std::size_t place = 0;
  for (auto& [number, layer] : layers) {
    layer = place == 0 ? "layer_in" : place + 1 == layers.size() ? "layer_out" : fmt::format("layer{}", place);
    ++place;
  }
  return layers;
}

TensorMap with_canonical_names(SafeTensors& file) {
  TensorMap tensors;
  const std::map<int, std::string> layers = numbered_layers(file);
  const auto in_a_row = [&](std::string_view name) {
    const NumberedTensor numbered = parse_numbered(name).value();
    return layers.at(numbered.layer) + std::string(numbered.suffix);
  };
  for (auto& [name, tensor] : file.tensors) {
    const std::string canonical = layers.empty() ? canonical_name(name) : in_a_row(name);
    if (!tensors.emplace(canonical, std::move(tensor)).second)
      throw Error(fmt::format("tensor '{}' is there twice.", canonical));
  }
  return tensors;
}

const SafeTensor& find_tensor(const TensorMap& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw Error(fmt::format("tensor '{}' is missing.", name));
  return found->second;
}

/// (out, in) of a weight, each at most 10^6.
std::pair<int, int> matrix_shape(const TensorMap& tensors, const std::string& name) {
  const std::vector<std::int64_t>& shape = find_tensor(tensors, name).shape;
  constexpr std::int64_t kLargest = 1'000'000;
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > kLargest || shape[1] > kLargest) {
    throw Error(
        fmt::format("tensor '{}' has shape ({}); expected two dimensions, (out, in).", name, fmt::join(shape, ", ")));
  }
  return {static_cast<int>(shape[0]), static_cast<int>(shape[1])};
}

/// (out, in) of layer_in, layer1, layer2, ... as far as they go.
std::vector<std::pair<int, int>> layer_shapes(const TensorMap& tensors) {
  std::vector<std::pair<int, int>> shapes{matrix_shape(tensors, "layer_in.weight")};
  for (std::string name = "layer1.weight"; tensors.contains(name); name = fmt::format("layer{}.weight", shapes.size()))
    shapes.push_back(matrix_shape(tensors, name));
  return shapes;
}

/// Can these be the shapes of pairs of equally wide layers, as an fcnet's or a resnet's? An mlp's may be such, too.
bool may_be_blocks(const std::vector<std::pair<int, int>>& shapes) {
  const int width = shapes.front().first;
  return shapes.size() > 1 && shapes.size() % 2 == 1 &&
         std::all_of(shapes.begin() + 1, shapes.end(), [&](auto s) { return s == std::pair(width, width); });
}

/// The file's word, else the caller's, else what the shapes leave.
NetworkKind infer_kind(const TensorMap& tensors, const std::optional<std::string>& word, const NetworkHints& hints,
                       bool is_numbered) {
  if (is_numbered && !word && hints.kind && *hints.kind != NetworkKind::mlp)
    throw Error(
        "its layers are only numbered, as an mlp's may be: give --network mlp, or name them layer_in, layer1, ...");
  if (word) return parse_network_kind(*word, "__metadata__ network");
  if (!tensors.contains("layer_in.weight") && tensors.contains("layer_out.weight") && tensors.size() <= 2)
    return NetworkKind::linear;
  if (hints.kind && *hints.kind != NetworkKind::linear) return *hints.kind;
  if (may_be_blocks(layer_shapes(tensors)))
    throw Error(
        "it does not say which network it is, and its shapes fit several: give --network fcnet, resnet or mlp.");
  return NetworkKind::mlp;
}

void infer_sizes(const TensorMap& tensors, NetworkSpec& spec) {
  if (!has_blocks(spec.kind)) spec.width = spec.blocks = 0;
  if (spec.kind == NetworkKind::linear) {
    spec.dimension = matrix_shape(tensors, "layer_out.weight").second;
    return;
  }
  const std::vector<std::pair<int, int>> shapes = layer_shapes(tensors);
  spec.dimension = shapes.front().second;
  if (spec.kind == NetworkKind::mlp) {
    for (const auto& [width, inputs] : shapes) spec.layers.push_back(width);
  } else {
    spec.width = shapes.front().first;
    // A missing layer is named by the comparison with the layout.
    spec.blocks = std::max(1, static_cast<int>(shapes.size()) / 2);
  }
}

/// Sizes from names and shapes; kind and activation from the metadata, else from `hints`.
NetworkSpec infer_network(const TensorMap& tensors, const std::map<std::string, std::string>& metadata,
                          const NetworkHints& hints, bool is_numbered) {
  const auto word = [&](const char* key) -> std::optional<std::string> {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::nullopt : std::optional(found->second);
  };
  NetworkSpec spec;
  const std::optional<std::string> activation = word("activation");
  spec.kind = infer_kind(tensors, word("network"), hints, is_numbered);
  if (activation) {
    spec.activation = parse_activation(*activation, "__metadata__ activation");
  } else if (spec.kind != NetworkKind::linear) {
    if (!hints.activation)
      throw Error(fmt::format("it does not say its activation: give --activation {}.", activation_names()));
    spec.activation = *hints.activation;
  }
  infer_sizes(tensors, spec);
  spec.validate();
  std::vector<std::pair<const char*, std::string>> sizes{{"dimension", std::to_string(spec.dimension)}};
  if (spec.kind == NetworkKind::mlp) {
    sizes.emplace_back("layers", layers_text(spec.layers));
  } else {
    sizes.emplace_back("width", std::to_string(spec.width));
    sizes.emplace_back("blocks", std::to_string(spec.blocks));
  }
  for (const auto& [key, value] : sizes) {
    const std::optional<std::string> said = word(key);
    if (said && *said != value)
      throw Error(fmt::format("its __metadata__ says {} = {}, but the tensors' shapes say {}.", key, *said, value));
  }
  return spec;
}

Minimizer from_safetensors(const std::string& path, LossKind loss, const NetworkHints& hints) {
  SafeTensors file = read_safetensors(path);
  file.tensors.erase("n_averaged");  // how many networks torch.optim.swa_utils.AveragedModel has averaged
  try {
    const bool is_numbered = !numbered_layers(file).empty();
    const TensorMap tensors = with_canonical_names(file);
    Minimizer minimizer;
    minimizer.name = to_string(loss);
    minimizer.loss = loss;
    minimizer.spec = infer_network(tensors, file.metadata, hints, is_numbered);
    const ParameterLayout layout(minimizer.spec);
    for (const TensorInfo& info : layout.tensors()) {
      const std::vector<std::int64_t> expected = info.shape();
      const auto found = tensors.find(info.name);
      if (found == tensors.end()) {
        throw Error(fmt::format("tensor '{}' is missing; expected shape ({}).", info.name, fmt::join(expected, ", ")));
      }
      const SafeTensor& tensor = found->second;
      if (tensor.shape != expected) {
        throw Error(fmt::format("tensor '{}' has shape ({}); expected ({}).", info.name, fmt::join(tensor.shape, ", "),
                                fmt::join(expected, ", ")));
      }
      if (!all_finite(tensor.values))
        throw Error(fmt::format("tensor '{}' has values that are not finite.", info.name));
      minimizer.theta.insert(minimizer.theta.end(), tensor.values.begin(), tensor.values.end());
    }
    if (tensors.size() != layout.tensors().size()) {
      for (const auto& [name, tensor] : tensors) {
        const auto same = [&, &key = name](const TensorInfo& info) { return info.name == key; };
        if (std::none_of(layout.tensors().begin(), layout.tensors().end(), same)) {
          throw Error(fmt::format("tensor '{}' has no place in its network ({}).", name, minimizer.spec.describe()));
        }
      }
    }
    minimizer.source = fmt::format("loaded from {}", path);
    return minimizer;
  } catch (const Error& error) {  // also the UsageErrors of impossible words and sizes: the file's fault
    throw Error(fmt::format("The minimizer file '{}' cannot be used: {}", path, error.what()));
  }
}

/// The last whole number in a file's name: the epoch of a checkpoint.
std::optional<std::int64_t> number_in(const std::string& name) {
  const auto last = name.find_last_of("0123456789");
  if (last == std::string::npos) return std::nullopt;
  const auto before = name.find_last_not_of("0123456789", last);
  const std::size_t first = before == std::string::npos ? 0 : before + 1;
  std::int64_t number = 0;
  const auto read = std::from_chars(name.data() + first, name.data() + last + 1, number);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

/// Checkpoints in a folder, *.safetensors with the epoch as the last number of each name: the last one, with its path.
Minimizer from_folder(const std::string& folder, LossKind loss, const NetworkHints& hints) {
  const auto unusable = [&](const std::string& why) {
    return Error(fmt::format("The minimizer folder '{}' cannot be used: {}", folder, why));
  };
  std::map<std::int64_t, std::string> files;
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    const auto epoch = number_in(entry.path().stem().string());
    if (!epoch)
      throw unusable(fmt::format("'{}' has no epoch, a number, in its name.", entry.path().filename().string()));
    if (!files.emplace(*epoch, entry.path().string()).second)
      throw unusable(fmt::format("two of its files are of epoch {}.", *epoch));
  }
  if (files.empty()) throw unusable("there is no .safetensors file in it.");
  Minimizer last;
  TrainingPath path;
  for (const auto& [epoch, file] : files) {
    Minimizer checkpoint = from_safetensors(file, loss, hints);
    if (!path.epoch.empty() && !(checkpoint.spec == last.spec))
      throw unusable(fmt::format("'{}' holds another network than the epoch before.", file));
    path.epoch.push_back(epoch);
    path.parameters.insert(path.parameters.end(), checkpoint.theta.begin(), checkpoint.theta.end());
    last = std::move(checkpoint);
  }
  last.path = std::move(path);
  return last;
}

/// The name of the minimizer that is wanted of a file.
using NameChoice = std::function<std::string(const h5::File&)>;

NameChoice own_of(LossKind loss) {
  return [name = to_string(loss)](const h5::File& file) {
    if (h5::has_link(file.get(), minimizer_group_name(name))) return name;
    throw Error(fmt::format("there is no group /{} in it: give another file, or --losses without {}.",
                            minimizer_group_name(name), name));
  };
}

NameChoice start_of(LossKind loss, const std::string& asked) {
  return [asked, own = to_string(loss)](const h5::File& file) {
    const std::vector<std::string> names = minimizer_names(file);
    const auto has = [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
    if (asked.empty() && has(own)) return own;
    if (asked.empty() && names.size() == 1) return names.front();
    if (names.empty()) throw Error("there is no minimizer in it: give another file.");
    if (!asked.empty() && has(asked)) return asked;
    throw Error(fmt::format("{}; it has {}: choose with --start-minimizer.",
                            asked.empty() ? fmt::format("none of its minimizers is that of the loss {}", own)
                                          : fmt::format("there is no minimizer '{}' in it", asked),
                            fmt::join(names, ", ")));
  };
}

/// Those that `choose` names among the file's; it throws where they are not there.
template <class Choose>
std::vector<Minimizer> read_hdf5(const std::string& path, Choose&& choose) {
  bool no_checksum = false;
  const auto read = [&] {
    const h5::File file = h5::open_file(path, H5F_ACC_RDONLY, h5::access_properties());
    // Only a file that another program wrote, a copy too, may be without: else a checksum would be lost, not missing.
    bool* missing = check_seal(path) == Seal::absent ? &no_checksum : nullptr;
    std::vector<Minimizer> minimizers;
    for (const std::string& name : choose(file)) minimizers.push_back(read_minimizer_group(file, name, missing));
    return minimizers;
  };
  std::vector<Minimizer> minimizers = read_rehearsed(path, read);
  for (Minimizer& minimizer : minimizers) {
    minimizer.source = fmt::format("loaded from {}{}{}", path, no_checksum ? " without a checksum" : "",
                                   minimizer.source.empty() ? "" : " (" + minimizer.source + ")");
  }
  return minimizers;
}

Minimizer from_hdf5(const std::string& path, const NameChoice& choose, std::optional<LossKind> loss) {
  try {
    Minimizer minimizer = read_hdf5(path, [&](const h5::File& file) { return std::vector{choose(file)}; }).front();
    if (loss && minimizer.loss != *loss) {
      throw Error(fmt::format("its /{} was trained on the loss {}: give another file.",
                              minimizer_group_name(minimizer.name), to_string(minimizer.loss)));
    }
    return minimizer;
  } catch (const Error& error) {
    throw Error(fmt::format("The minimizer file '{}' cannot be used: {}", path, error.what()));
  }
}

std::vector<Minimizer> all_from_hdf5(const MinimizerPlace& place) {
  const auto choose = [&](const h5::File& file) {
    std::vector<std::string> names = minimizer_names(file);
    if (names.empty()) throw Error("it holds no minimizer.");
    if (place.name.empty()) return names;
    if (std::ranges::count(names, place.name) > 0) return std::vector{place.name};
    throw Error(fmt::format("it holds no minimizer '{}', but {}.", place.name, fmt::join(names, ", ")));
  };
  try {
    return read_hdf5(place.file, choose);
  } catch (const Error& error) {
    throw Error(fmt::format("The minimizer file '{}' cannot be used: {}", place.file, error.what()));
  }
}

/// Else it is safetensors. Throws Error where it is neither.
bool is_hdf5_minimizer(const std::string& path) {
  require_readable(path, "The minimizer file ", "an output of landscape_mpi or a safetensors file");
  if (h5::is_hdf5_file(path)) return true;
  if (looks_like_safetensors(path)) return false;
  throw Error(
      fmt::format("The minimizer file '{}' is neither HDF5 nor safetensors, or it is damaged: a PyTorch checkpoint is "
                  "converted by tools/import_checkpoint.py.",
                  path));
}

std::vector<double> read_direction_rows(const std::string& path, const std::string& minimizer,
                                        std::int64_t n_parameters) {
  const h5::File file = h5::open_file(path, H5F_ACC_RDONLY, h5::access_properties());
  const std::string own = fmt::format("profiles/{}/direction", minimizer);
  std::string name = "direction";
  for (const std::string& ours : {fmt::format("spectrum/{}/eigenvectors", minimizer), own})
    if (h5::has_link(file.get(), ours)) name = ours;
  if (!h5::has_link(file.get(), name)) {
    throw Error(fmt::format("it has neither a dataset /{} nor /direction: give {}.", own, kDirectionsWanted));
  }
  const h5::OpenDataset dataset = h5::open_dataset(file.get(), name, H5T_IEEE_F64LE, 2);
  const std::uint64_t n_rows = dataset.shape[0], n_columns = dataset.shape[1];
  if (n_columns != static_cast<std::uint64_t>(n_parameters) || n_rows == 0) {
    throw Error(fmt::format("/{} has shape ({}, {}); expected one row of {} entries per direction.", name, n_rows,
                            n_columns, n_parameters));
  }
  std::vector<double> rows(n_rows * n_columns);
  h5::read_range(dataset, H5T_NATIVE_DOUBLE, 0, rows.size(), rows.data());
  for (std::uint64_t k = 0; k < n_rows; ++k) {
    const std::span<const double> row = std::span<const double>(rows).subspan(k * n_columns, n_columns);
    if (!std::all_of(row.begin(), row.end(), [](double x) { return std::isfinite(x); })) {
      throw Error(fmt::format("row {} of /{} has values that are not finite.", k, name));
    }
    if (std::all_of(row.begin(), row.end(), [](double x) { return x == 0.0; })) {
      throw Error(fmt::format("row {} of /{} is zero: no direction, or not yet written by its job.", k, name));
    }
  }
  return rows;
}

}  // namespace

Minimizer load_minimizer(const std::string& path, LossKind loss, const NetworkHints& hints) {
  std::error_code no_folder;
  if (std::filesystem::is_directory(path, no_folder)) return from_folder(path, loss, hints);
  return is_hdf5_minimizer(path) ? from_hdf5(path, own_of(loss), loss) : from_safetensors(path, loss, hints);
}

Minimizer load_start(const std::string& path, LossKind loss, const std::string& name, const NetworkHints& hints) {
  if (is_hdf5_minimizer(path)) return from_hdf5(path, start_of(loss, name), std::nullopt);
  if (name.empty()) return from_safetensors(path, loss, hints);
  throw Error(fmt::format(
      "The minimizer file '{}' cannot be used: it holds one network, without a name: leave --start-minimizer out.",
      path));
}

std::string parameters_checksum(std::span<const double> theta) { return fmt::format("{:08x}", crc32c_of(theta)); }

MinimizerPlace minimizer_place(const std::string& text) {
  std::error_code error;
  const std::size_t colon = text.rfind(':');
  if (std::filesystem::exists(text, error) || colon == std::string::npos || colon == 0 || colon + 1 == text.size() ||
      text.find('/', colon) != std::string::npos)
    return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::vector<Minimizer> load_minimizers(const std::string& text, LossKind loss, const NetworkHints& hints) {
  const MinimizerPlace place = minimizer_place(text);
  if (is_hdf5_minimizer(place.file)) return all_from_hdf5(place);
  if (!place.name.empty())
    throw Error(
        fmt::format("The minimizer file '{}' holds one network without a name: drop ':{}'.", place.file, place.name));
  std::vector<Minimizer> one{from_safetensors(place.file, loss, hints)};
  one.front().name.clear();
  return one;
}

std::vector<double> read_directions(const std::string& path, const std::string& minimizer, std::int64_t n_parameters) {
  require_readable(path, "The directions file ", kDirectionsWanted);
  if (!h5::is_hdf5_file(path)) {
    throw Error(fmt::format("The directions file '{}' is not HDF5, or its beginning is damaged: give {}.", path,
                            kDirectionsWanted));
  }
  try {
    return read_rehearsed(path, [&] { return read_direction_rows(path, minimizer, n_parameters); });
  } catch (const Error& error) {
    throw Error(fmt::format("The directions file '{}' cannot be used: {}", path, error.what()));
  }
}

void broadcast_minimizer(const Communicator& comm, Minimizer& minimizer) {
  comm.broadcast(minimizer.name);
  NetworkSpec& spec = minimizer.spec;
  comm.broadcast(spec.kind);
  comm.broadcast(spec.activation);
  comm.broadcast(spec.dimension);
  comm.broadcast(spec.width);
  comm.broadcast(spec.blocks);
  comm.broadcast(spec.layers);
  comm.broadcast(minimizer.loss);
  comm.broadcast(minimizer.theta);
  comm.broadcast(minimizer.source);
  comm.broadcast(minimizer.problem);
  comm.broadcast(minimizer.final_quadrature);
  comm.broadcast(minimizer.final_loss);
  comm.broadcast(minimizer.final_loss_error);
  comm.broadcast(minimizer.relative_l2_error);
  comm.broadcast(minimizer.relative_l2_uncertainty);
  comm.broadcast(minimizer.relative_h1_error);
  comm.broadcast(minimizer.relative_h1_uncertainty);
  comm.broadcast(minimizer.gradient_norm);
  comm.broadcast(minimizer.stopped_by);
  comm.broadcast(minimizer.stop_reason);
  comm.broadcast(minimizer.at_iteration_limit);
  comm.broadcast(minimizer.training_loss);
  comm.broadcast(minimizer.training_quadrature);
  comm.broadcast(minimizer.profile_loss);
  comm.broadcast(minimizer.profile_quadrature);
  CriticalPoint& critical = minimizer.critical;
  comm.broadcast(critical.verdict);
  comm.broadcast(critical.method);
  for (double* number : {&critical.gradient_norm, &critical.smallest_eigenvalue, &critical.largest_eigenvalue,
                         &critical.eigenvalue_error, &critical.trace, &critical.n_negative, &critical.newton_step,
                         &critical.newton_step_error, &critical.predicted_decrease, &critical.decrease_of_positive})
    comm.broadcast(*number);
  comm.broadcast(critical.sentence);
  comm.broadcast(minimizer.warnings);
  comm.broadcast(minimizer.seconds);
  comm.broadcast(minimizer.history.error_quadrature);
  comm.broadcast(minimizer.history.epoch);
  comm.broadcast(minimizer.history.loss);
  comm.broadcast(minimizer.history.relative_l2_error);
  comm.broadcast(minimizer.path.epoch);
  comm.broadcast(minimizer.path.parameters);
  comm.broadcast(minimizer.adam_second_moment);
}

}  // namespace landscape
