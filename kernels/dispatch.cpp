// The kernel families in order of preference, what each of them takes, and the launch shapes that follow.
#include "dispatch.hpp"

#include <algorithm>
#include <limits>

#include "landscape/model/choices.hpp"
#include "landscape/model/environment.hpp"
#include "narrow_launchers.hpp"

namespace landscape::cuda {
namespace {

constexpr Choices<KernelFamily, 6> kFamilies{{{KernelFamily::narrow, "narrow"},
                                              {KernelFamily::tile, "tile"},
                                              {KernelFamily::wide, "wide"},
                                              {KernelFamily::deep, "deep"},
                                              {KernelFamily::gemm, "gemm"},
                                              {KernelFamily::generic, "generic"}}};

/// The first family that applies and whose widest network this is not beyond. Measured on an H200 and an H100
/// (`bench_cuda --dispatch`; tests/bench_cuda has its tables): narrow before tile before wide before deep wherever they
/// apply, up to the width where cuBLAS overtakes. Of deep that comes the sooner, the more it keeps in shared memory for
/// every point; wide is not measured beyond 256, and Ritz of that width is faster by cuBLAS.
int widest(KernelFamily family, const Evaluation& what) {
  const bool is_ritz = what.loss == LossKind::ritz;
  switch (family) {
    case KernelFamily::wide:
      return is_ritz ? 192 : 256;
    case KernelFamily::deep:
      if (is_ritz || what.shape.nb == 1) return 112;
      return what.shape.d < 4 ? 56 : 72;
    default:
      return std::numeric_limits<int>::max();
  }
}

/// Beyond it too few warps have room on the smallest card.
constexpr int kWidestStreamed = 512;

/// Kinds that the families' kernels are written for; without default, so that a new kind is decided here.
bool is_written_for(KernelFamily family, const Evaluation& what) {
  switch (what.kind) {
    case NetworkKind::linear:
      return family == KernelFamily::generic;
    case NetworkKind::mlp:  // folded, whole blocks are those of an fcnet
      return family == KernelFamily::generic || !what.shape.half;
    case NetworkKind::fcnet:
    case NetworkKind::resnet:
      return true;
  }
  return false;
}

}  // namespace

std::string to_string(KernelFamily family) { return choice_name(kFamilies, family); }

TileLayout tile_layout(KernelFamily family, const Evaluation& what) {
  const int tiles = std::max(1, (what.shape.w + 7) / 8);
  if (family == KernelFamily::tile) return {what.shape, what.loss, tiles, 1};
  const int groups = (tiles + 7) / 8;
  return {what.shape, what.loss, (tiles + groups - 1) / groups, groups};
}

bool is_applicable(KernelFamily family, const Evaluation& what) {
  const math::DynamicShape& s = what.shape;
  if (!is_written_for(family, what)) return false;
  switch (family) {
    case KernelFamily::narrow:
      return has_narrow_kernel(what);
    case KernelFamily::tile:
      return s.nb == 1 && what.activation == Activation::swish && s.w <= 8 * kRegisterTiles &&
             tile_shared_bytes(tile_layout(family, what)) <= kPortableSharedBytes;
    case KernelFamily::wide:
      return s.nb == 1 && s.w > 8 * kRegisterTiles && s.w <= kWidestStreamed &&
             plan_wide_tile(tile_layout(family, what), kPortableSharedBytes).warps > 0;
    case KernelFamily::deep:
      return s.nb >= 1 && s.w <= 4096 && plan_deep_tile(tile_layout(family, what), kPortableSharedBytes).warps > 0;
    case KernelFamily::gemm:
      return s.nb >= 1;
    case KernelFamily::generic:
      return true;
  }
  return false;
}

std::vector<KernelFamily> applicable_families(const Evaluation& what) {
  std::vector<KernelFamily> found;
  for (const auto& [family, name] : kFamilies) {
    if (is_applicable(family, what)) found.push_back(family);
  }
  return found;
}

KernelFamily choose_family(const Evaluation& what) {
  if (const char* wish = environment("LANDSCAPE_CUDA_KERNEL"); wish != nullptr) {
    const KernelFamily family = parse_choice(kFamilies, wish, "LANDSCAPE_CUDA_KERNEL");
    if (!is_applicable(family, what)) {
      throw UsageError("LANDSCAPE_CUDA_KERNEL '" + std::string(wish) +
                       "' has no kernel for this network: choose another or unset it.");
    }
    return family;
  }
  for (const auto& [family, name] : kFamilies) {
    if (what.shape.w <= widest(family, what) && is_applicable(family, what)) return family;
  }
  throw Error("No kernel is written for networks of this kind.");
}

WidePlan plan_wide_tile(const TileLayout& layout, std::size_t shared_limit) {
  const auto bytes = [&](int warps) {
    return sizeof(double) * static_cast<std::size_t>(2 * wide_buffer(layout.tiles_per_group) + kTilesPerChunk +
                                                     warps * wide_aside(layout));
  };
  int warps = kMostWideWarps;
  while (warps > 0 && bytes(warps) > shared_limit) --warps;
  return {warps, bytes(warps)};
}

DeepTilePlan plan_deep_tile(const TileLayout& layout, std::size_t shared_limit) {
  constexpr std::size_t kSums = kLargestChunk / 8;
  const int per_vector = 2 * layout.tiles() * 32;
  DeepTilePlan plan;
  plan.state_size = layout.galerkin()
                        ? GalerkinVectors{layout.shape.nb}.count() * per_vector
                        : RitzVectors{layout.shape.nb}.count() * per_vector + 64 * layout.gradient_tiles();
  const auto warps_beside = [&](std::size_t other) {
    const std::size_t used = (kSums + other) * sizeof(double);
    if (used >= shared_limit) return 0;
    return static_cast<int>((shared_limit - used) / (static_cast<std::size_t>(plan.state_size) * sizeof(double)));
  };
  const auto weights = static_cast<std::size_t>(layout.size());
  plan.weights_in_shared = warps_beside(weights) >= 4;
  const std::size_t other = plan.weights_in_shared ? weights : 0;
  plan.warps = std::min(warps_beside(other), kMostDeepWarps);
  plan.shared_bytes =
      (kSums + other + static_cast<std::size_t>(plan.warps) * static_cast<std::size_t>(plan.state_size)) *
      sizeof(double);
  return plan;
}

}  // namespace landscape::cuda
