// Which architecture a network has. Its formulas stand in folded_network.hpp.
#pragma once

namespace landscape {

enum class NetworkKind { linear, fcnet, resnet, mlp };

/// Do the folded formulas, and with them every kernel, cover the kind? Without default: a new kind does not compile
/// before it is decided here, and is refused where a shape is asked for until it has formulas.
constexpr bool has_folded_form(NetworkKind kind) {
  switch (kind) {
    case NetworkKind::linear:
    case NetworkKind::fcnet:
    case NetworkKind::resnet:
    case NetworkKind::mlp:
      return true;
  }
  return false;
}

/// Does it consist of equal blocks, so many of such a width?
constexpr bool has_blocks(NetworkKind kind) { return kind == NetworkKind::fcnet || kind == NetworkKind::resnet; }

}  // namespace landscape
