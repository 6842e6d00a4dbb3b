// Words of kinds and activations, bounds of sizes, and the order of tensors in theta.
#include "landscape/model/network_spec.hpp"

#include <fmt/format.h>

#include "landscape/model/choices.hpp"

namespace landscape {
namespace {

constexpr Choices<NetworkKind, 3> kNetworkKinds{
    {{NetworkKind::linear, "linear"}, {NetworkKind::fcnet, "fcnet"}, {NetworkKind::resnet, "resnet"}}};
constexpr Choices<LossKind, 2> kLosses{{{LossKind::ritz, "ritz"}, {LossKind::galerkin, "galerkin"}}};

// Above these sizes one network no longer fits the program's index arithmetic or any machine's memory.
constexpr int kLargestDimension = 1000;
constexpr int kLargestWidth = 4096;
constexpr int kLargestBlocks = 100;
constexpr double kMostParameters = 1e8;

}  // namespace

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
  return {dimension, width, blocks, kind == NetworkKind::resnet};
}

std::string NetworkSpec::describe() const {
  if (kind == NetworkKind::linear) return fmt::format("linear, d = {}", dimension);
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
  add("layer_in", spec.width, spec.dimension);
  for (int layer = 1; layer <= 2 * spec.blocks; ++layer) add("layer" + std::to_string(layer), spec.width, spec.width);
  add("layer_out", 1, spec.width);
}

}  // namespace landscape
