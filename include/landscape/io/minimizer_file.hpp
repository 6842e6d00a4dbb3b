// Minimizers and directions that come from files: any HDF5 file of this program, or safetensors (what PyTorch users
// save).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "landscape/model/minimizer.hpp"
#include "landscape/parallel/communicator.hpp"

namespace landscape {

/// What the caller knows about a network that a file may leave open: tensors of one name and shape serve several.
struct NetworkHints {
  std::optional<NetworkKind> kind;
  std::optional<Activation> activation;
  NetworkHints() = default;
  NetworkHints(const NetworkSpec& spec) : kind(spec.kind), activation(spec.activation) {}
};

/// Reads theta and its NetworkSpec. From HDF5: the minimizer of the loss's name. From safetensors: tensors named as in
/// PyTorch (layer_in.weight, layer1.weight or layer_1.weight, ..., of an mlp also 0.weight, 2.weight, ...; F64, F32,
/// F16, BF16, whole numbers where exact); sizes follow from the shapes, network and activation from __metadata__ or,
/// where it is silent, from `hints`; shapes that only an mlp can have need no word. Throws Error that names file,
/// tensor and expected shape, or what neither says; refuses non-finite values. Fills name, theta, spec, loss, source
/// ("loaded from FILE") and, from HDF5, what the file says about errors and history. Of a folder of checkpoints,
/// *.safetensors with the epoch as the last number of each name, the last one is the minimizer and all are its path.
Minimizer load_minimizer(const std::string& path, LossKind loss, const NetworkHints& hints);

/// What a training of `loss` may start from, whatever loss it is a minimizer of. From HDF5: the minimizer called
/// `name`, or where that is empty the one of the loss's name, else the only one. Throws Error like load_minimizer().
Minimizer load_start(const std::string& path, LossKind loss, const std::string& name, const NetworkHints& hints);

/// CRC-32C of the parameters' bytes, as 8 hexadecimal digits.
std::string parameters_checksum(std::span<const double> theta);

/// "FILE", or "FILE:NAME": one of several minimizers in an HDF5 file.
struct MinimizerPlace {
  std::string file;
  std::string name;  // empty: not said
};
/// The whole text is the file where there is one called so; else the last colon may part file and name.
MinimizerPlace minimizer_place(const std::string& text);
/// All that the file holds, or the one named, whatever loss they are of: of HDF5 those that it names, of safetensors
/// one, which is called "" and said to be of `loss`. Throws Error as load_minimizer() does.
std::vector<Minimizer> load_minimizers(const std::string& place, LossKind loss, const NetworkHints& hints);

/// Directions (M, n) row-major from an HDF5 file: those around a minimizer, /profiles/<minimizer>/direction or
/// /spectrum/<minimizer>/eigenvectors of one of ours, or a 2-D dataset /direction of any. Throws Error unless it has
/// n_parameters columns, at least one row and finite values.
std::vector<double> read_directions(const std::string& path, const std::string& minimizer, std::int64_t n_parameters);

/// Rank 0's minimizer on all ranks.
void broadcast_minimizer(const Communicator& comm, Minimizer& minimizer);

}  // namespace landscape
