// Which kernel family evaluates which network. choose_family is the only place that decides; the
// environment variable LANDSCAPE_CUDA_KERNEL (narrow, tile, deep, gemm, generic) overrides it for tests and
// measurements.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tile_launchers.hpp"
#include "views.hpp"

namespace landscape::cuda {

enum class KernelFamily {
  narrow,  // a thread per point, registers only (narrow.cuh)
  tile,    // tensor-core tiles, registers only (tile.cuh)
  wide,    // tensor-core tiles, a streamed matrix (wide_tile.cuh)
  deep,    // tensor-core tiles, lane state in shared memory (deep_tile.cuh)
  gemm,    // cuBLAS products and activation passes (gemm_path.hpp)
  generic  // a thread per point, work areas in device memory (generic.cu)
};
std::string to_string(KernelFamily family);

/// Can this family evaluate this network at all?
bool is_applicable(KernelFamily family, const Evaluation& what);
/// All that can, in the order of KernelFamily.
std::vector<KernelFamily> applicable_families(const Evaluation& what);

/// The fastest family as measured, or the override's. Throws UsageError where the override's word is unknown or its
/// family does not apply.
KernelFamily choose_family(const Evaluation& what);

/// Tile sizes of the tensor-core families.
TileLayout tile_layout(KernelFamily family, const Evaluation& what);

/// Shared memory per block that every supported GPU grants (compute capability 8.6 and 8.9 have the least, 99 KiB).
/// What fits decides the family, so that it never depends on the card.
inline constexpr std::size_t kPortableSharedBytes = 96 * 1024;

}  // namespace landscape::cuda
