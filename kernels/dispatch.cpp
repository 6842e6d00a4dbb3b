// The table of kernel families in order of preference, what each of them takes, and the launch shapes that follow.
#include "dispatch.hpp"

#include <algorithm>

#include "landscape/model/choices.hpp"
#include "landscape/model/environment.hpp"
#include "narrow_launchers.hpp"

namespace landscape::cuda {
namespace {

constexpr Choices<KernelFamily, 5> kFamilies{{{KernelFamily::narrow, "narrow"},
                                              {KernelFamily::tile, "tile"},
                                              {KernelFamily::deep, "deep"},
                                              {KernelFamily::gemm, "gemm"},
                                              {KernelFamily::generic, "generic"}}};

/// First row whose width covers the network and whose family applies to it. From an operation-count model (slots of the
/// double-precision pipe, matrix instruction at twice the rate, padding to tiles of 8): below width 8 padding costs the
/// tiles more than the matrix instruction saves; up to width 128 a fused kernel is bound by arithmetic, cuBLAS by
/// memory; beyond, one DGEMM per layer is. To be replaced by measurement: `bench_cuda --dispatch` times every
/// applicable family at every width and prints this table.
struct Row {
  int largest_width;
  KernelFamily family;
};
constexpr Row kTable[] = {
    {0, KernelFamily::generic},  // linear networks
    {6, KernelFamily::narrow},  {8 * kRegisterTiles, KernelFamily::tile},
    {128, KernelFamily::deep},  {1 << 30, KernelFamily::gemm},
};

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
  switch (family) {
    case KernelFamily::narrow:
      return has_narrow_kernel(what);
    case KernelFamily::tile:
      return s.nb == 1 && what.activation == Activation::swish && s.w <= 8 * kRegisterTiles &&
             static_cast<std::size_t>(tile_layout(family, what).size() + 64) * sizeof(double) <= kPortableSharedBytes;
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
  for (const Row& row : kTable) {
    if (what.shape.w <= row.largest_width && is_applicable(row.family, what)) return row.family;
  }
  return KernelFamily::generic;
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
