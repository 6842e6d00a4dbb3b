// Which network: architecture, activation and sizes; and where each of its tensors lies in the flat parameter vector
// theta.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/math/activation.hpp"
#include "landscape/math/folded_network.hpp"
#include "landscape/math/integrand.hpp"
#include "landscape/math/network_kind.hpp"

namespace landscape {

/// A network up to its parameters. linear has neither width nor blocks (both 0).
struct NetworkSpec {
  NetworkKind kind = NetworkKind::resnet;
  Activation activation = Activation::swish;
  int dimension = 1;
  int width = 4;
  int blocks = 1;

  friend bool operator==(const NetworkSpec&, const NetworkSpec&) = default;
  /// Throws UsageError where a size is impossible; normalises nothing.
  void validate() const;
  /// Throws Error for a kind that no kernel is written for.
  math::DynamicShape shape() const;
  /// "resnet, 1 block, width 4, swish, d = 1"
  std::string describe() const;
};

/// One tensor of the state dict: `rows` x `columns`, row-major, at `offset` in theta. A bias has one column.
struct TensorInfo {
  std::string name;
  std::size_t offset;
  int rows;
  int columns;
  bool is_bias;
  std::size_t size() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }
  /// As PyTorch has it: (rows, columns), of a bias (rows).
  std::vector<std::int64_t> shape() const {
    return is_bias ? std::vector<std::int64_t>{rows} : std::vector<std::int64_t>{rows, columns};
  }
};

/// theta's tensors in PyTorch's order: layer_in, layer1 ... layer2nb, layer_out, each .weight (out x in) then .bias.
class ParameterLayout {
 public:
  explicit ParameterLayout(const NetworkSpec& spec);
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  std::size_t size() const { return size_; }

 private:
  std::vector<TensorInfo> tensors_;
  std::size_t size_ = 0;
};

/// The words used on the command line and in files. parse_* throws UsageError that names `option` and lists the
/// choices.
std::string to_string(NetworkKind kind);
std::string to_string(Activation activation);
std::string to_string(LossKind loss);
/// "swish, tanh, sin or softplus"
std::string activation_names();
NetworkKind parse_network_kind(std::string_view text, std::string_view option = "--network");
Activation parse_activation(std::string_view text, std::string_view option = "--activation");
LossKind parse_loss(std::string_view text, std::string_view option = "--losses");

}  // namespace landscape
