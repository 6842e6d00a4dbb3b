// Which network: architecture, activation and sizes; and where each of its tensors lies in the flat parameter vector
// theta.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/math/activation.hpp"
#include "landscape/math/folded_network.hpp"
#include "landscape/math/integrand.hpp"
#include "landscape/math/network_kind.hpp"

namespace landscape {

/// A network up to its parameters. linear and mlp have neither width nor blocks (both 0).
struct NetworkSpec {
  NetworkKind kind = NetworkKind::resnet;
  Activation activation = Activation::swish;
  int dimension = 1;
  int width = 4;
  int blocks = 1;
  std::vector<int> layers{};  // of an mlp: the widths of its hidden layers, from the input on

  friend bool operator==(const NetworkSpec&, const NetworkSpec&) = default;
  /// Throws UsageError where a size is impossible; normalises nothing.
  void validate() const;
  /// The shape that is evaluated: an mlp's layers are all as wide as its widest (ParameterEmbedding). Throws Error for
  /// a kind that no kernel is written for.
  math::DynamicShape shape() const;
  /// "resnet, 1 block, width 4, swish, d = 1", "mlp, layers 16,16, tanh, d = 1"
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

/// theta's tensors in PyTorch's order: layer_in, layer1, layer2 ..., layer_out, each .weight (out x in) then .bias.
class ParameterLayout {
 public:
  explicit ParameterLayout(const NetworkSpec& spec);
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  std::size_t size() const { return size_; }

 private:
  std::vector<TensorInfo> tensors_;
  std::size_t size_ = 0;
};

/// Where the entries of theta lie among those of the network that is evaluated. Unequal layers of an mlp are filled up
/// to one width with neurons whose weights, to both sides, and biases are zero: they add exact zeros, so that the
/// network is the same function. Directions are spread like parameters, and gradients gathered.
class ParameterEmbedding {
 public:
  explicit ParameterEmbedding(const NetworkSpec& spec);
  bool is_identity() const { return places_.empty(); }
  /// Number of parameters of the network that is evaluated.
  std::size_t size() const { return size_; }
  /// (n), ascending; empty where theta is evaluated as it is.
  std::span<const std::int32_t> places() const { return places_; }

  /// row (size): its first n entries move to their places, zeros come between them.
  template <class T>
  void spread(std::span<T> row) const;
  /// A copy of theta (n), spread.
  template <class T>
  std::vector<T> spread_copy(std::span<const T> theta) const;
  /// row (size): its entries at the places move to the front.
  template <class T>
  void gather(std::span<T> row) const;

 private:
  std::size_t size_;
  std::vector<std::int32_t> places_;
};

template <class T>
void ParameterEmbedding::spread(std::span<T> row) const {
  std::size_t end = row.size();  // what lies behind is in its place
  for (std::size_t i = places_.size(); i-- > 0;) {
    const auto place = static_cast<std::size_t>(places_[i]);
    const T value = row[i];
    for (std::size_t gap = place + 1; gap < end; ++gap) row[gap] = T(0.0);
    row[place] = value;
    end = place;
  }
}

template <class T>
std::vector<T> ParameterEmbedding::spread_copy(std::span<const T> theta) const {
  std::vector<T> row(theta.begin(), theta.end());
  row.resize(size_);
  spread(std::span<T>(row));
  return row;
}

template <class T>
void ParameterEmbedding::gather(std::span<T> row) const {
  for (std::size_t i = 0; i < places_.size(); ++i) row[i] = row[static_cast<std::size_t>(places_[i])];
}

/// "16,8,16"
std::string layers_text(const std::vector<int>& layers);

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
