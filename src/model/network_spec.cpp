// Words of kinds and activations, bounds of sizes, and the order of tensors in theta.
#include "landscape/model/network_spec.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "landscape/model/choices.hpp"

namespace landscape {
namespace {

constexpr Choices<NetworkKind, 4> kNetworkKinds{{{NetworkKind::linear, "linear"},
                                                 {NetworkKind::fcnet, "fcnet"},
                                                 {NetworkKind::resnet, "resnet"},
                                                 {NetworkKind::mlp, "mlp"}}};
constexpr Choices<LossKind, 2> kLosses{{{LossKind::ritz, "ritz"}, {LossKind::galerkin, "galerkin"}}};

// Above these sizes one network no longer fits the program's index arithmetic or any machine's memory.
constexpr int kLargestDimension = 1000;
constexpr int kLargestWidth = 4096;
constexpr int kLargestBlocks = 100;
constexpr std::size_t kMostLayers = 2 * kLargestBlocks;
constexpr double kMostParameters = 1e8;

void validate_layers(const NetworkSpec& spec) {
  if (spec.layers.empty())
    throw UsageError("An mlp needs --layers, the widths of its hidden layers: for example 16,16.");
  if (spec.layers.size() > kMostLayers)
    throw UsageError(fmt::format("--layers has {} hidden layers: give 1 to {}.", spec.layers.size(), kMostLayers));
  for (const int width : spec.layers) {
    if (width < 1 || width > kLargestWidth)
      throw UsageError(fmt::format("--layers {} has a layer of width {}: choose 1 to {}.", layers_text(spec.layers),
                                   width, kLargestWidth));
  }
  const double w = *std::max_element(spec.layers.begin(), spec.layers.end());  // all layers are evaluated as wide
  const double n = static_cast<double>(spec.layers.size() - 1) * w * (w + 1.0) + w * (spec.dimension + 2.0) + 1.0;
  if (n > kMostParameters) {
    throw UsageError(fmt::format(
        "--layers {} has, all its layers as wide as the widest, {:.3g} parameters, more than {:.0g}: choose smaller.",
        layers_text(spec.layers), n, kMostParameters));
  }
}

/// An mlp whose layers all have one width.
NetworkSpec evenly_wide(NetworkSpec spec, int width) {
  std::fill(spec.layers.begin(), spec.layers.end(), width);
  return spec;
}

}  // namespace

std::string layers_text(const std::vector<int>& layers) { return fmt::format("{}", fmt::join(layers, ",")); }

std::string to_string(NetworkKind kind) { return choice_name(kNetworkKinds, kind); }
std::string to_string(Activation activation) { return choice_name(kActivations, activation); }
std::string activation_names() { return choice_listing(kActivations); }
std::string to_string(LossKind loss) { return choice_name(kLosses, loss); }
NetworkKind parse_network_kind(std::string_view text, std::string_view option) {
  return parse_choice(kNetworkKinds, text, option);
}
Activation parse_activation(std::string_view text, std::string_view option) {
  return parse_choice(kActivations, text, option);
}
LossKind parse_loss(std::string_view text, std::string_view option) { return parse_choice(kLosses, text, option); }

void NetworkSpec::validate() const {
  if (dimension < 1 || dimension > kLargestDimension) {
    throw UsageError(fmt::format("--dimension {} is impossible: choose 1 to {}.", dimension, kLargestDimension));
  }
  if (kind == NetworkKind::mlp) {
    if (width != 0 || blocks != 0) throw UsageError("An mlp has neither --width nor --blocks: give its --layers.");
    validate_layers(*this);
    return;
  }
  if (!layers.empty())
    throw UsageError(
        fmt::format("--layers {} belongs to an mlp: give --network mlp too, or drop it.", layers_text(layers)));
  if (kind == NetworkKind::linear) {
    if (width != 0 || blocks != 0) throw UsageError("A linear network has neither --width nor --blocks.");
    return;
  }
  if (width < 1 || width > kLargestWidth) {
    throw UsageError(fmt::format("--width {} is impossible: choose 1 to {}.", width, kLargestWidth));
  }
  if (blocks < 1 || blocks > kLargestBlocks) {
    throw UsageError(fmt::format("--blocks {} is impossible: choose 1 to {}.", blocks, kLargestBlocks));
  }
  const double n = 2.0 * blocks * width * (width + 1.0) + width * (dimension + 2.0) + 1.0;
  if (n > kMostParameters) {
    throw UsageError(
        fmt::format("--width {} with --blocks {} makes {:.3g} parameters, more than {:.0g}: choose smaller.", width,
                    blocks, n, kMostParameters));
  }
}

math::DynamicShape NetworkSpec::shape() const {
  if (!has_folded_form(kind)) throw Error("No kernel is written for networks of this kind.");
  if (kind != NetworkKind::mlp) return {dimension, width, blocks, kind == NetworkKind::resnet};
  const auto n = static_cast<int>(layers.size());
  return {dimension, *std::max_element(layers.begin(), layers.end()), (n + 1) / 2, false, true, n % 2 == 1};
}

std::string NetworkSpec::describe() const {
  if (kind == NetworkKind::linear) return fmt::format("linear, d = {}", dimension);
  if (kind == NetworkKind::mlp)
    return fmt::format("mlp, layers {}, {}, d = {}", layers_text(layers), to_string(activation), dimension);
  return fmt::format("{}, {} block{}, width {}, {}, d = {}", to_string(kind), blocks, blocks == 1 ? "" : "s", width,
                     to_string(activation), dimension);
}

ParameterLayout::ParameterLayout(const NetworkSpec& spec) {
  const auto add = [this](const std::string& layer, int rows, int columns) {
    tensors_.push_back({layer + ".weight", size_, rows, columns, false});
    size_ += tensors_.back().size();
    tensors_.push_back({layer + ".bias", size_, rows, 1, true});
    size_ += tensors_.back().size();
  };
  if (spec.kind == NetworkKind::linear) {
    add("layer_out", 1, spec.dimension);
    return;
  }
  std::vector<int> widths = spec.layers;  // that layer_in, layer1, ... give
  if (spec.kind != NetworkKind::mlp) widths.assign(1 + 2 * static_cast<std::size_t>(spec.blocks), spec.width);
  add("layer_in", widths.front(), spec.dimension);
  for (std::size_t l = 1; l < widths.size(); ++l) add("layer" + std::to_string(l), widths[l], widths[l - 1]);
  add("layer_out", 1, widths.back());
}

ParameterEmbedding::ParameterEmbedding(const NetworkSpec& spec) : size_(ParameterLayout(spec).size()) {
  if (spec.kind != NetworkKind::mlp) return;
  const int width = spec.shape().w;
  if (std::all_of(spec.layers.begin(), spec.layers.end(), [width](int w) { return w == width; })) return;
  const ParameterLayout from(spec), to(evenly_wide(spec, width));
  size_ = to.size();
  for (std::size_t t = 0; t < from.tensors().size(); ++t) {
    const TensorInfo &tensor = from.tensors()[t], &wider = to.tensors()[t];
    for (int row = 0; row < tensor.rows; ++row) {
      for (int column = 0; column < tensor.columns; ++column)
        places_.push_back(static_cast<std::int32_t>(wider.offset) + row * wider.columns + column);
    }
  }
}

}  // namespace landscape
