// Philox4x32-10 of 32 counters side by side (Salmon et al. 2011; the words are those of philox_words()), and eight
// lanes of sums, folded in a fixed order.
#include "weighing.hpp"

#include <cstring>

namespace landscape::detail {
namespace {

#define LANDSCAPE_INLINE [[gnu::always_inline]] inline

LANDSCAPE_INLINE std::uint32_t weights_here(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t chunk,
                                            double* weights) {
  constexpr std::size_t kBlocks = kChunk / 16;
  alignas(64) std::uint32_t words[4][kBlocks];
  const std::uint64_t first = chunk * kBlocks;  // a multiple of kBlocks: no carry into the upper word
  const auto low = static_cast<std::uint32_t>(first), high = static_cast<std::uint32_t>(first >> 32);
  const auto stream_low = static_cast<std::uint32_t>(subsequence);
  const auto stream_high = static_cast<std::uint32_t>(subsequence >> 32);
  for (std::uint32_t i = 0; i < kBlocks; ++i) {
    std::uint32_t a = low + i, b = high, c = stream_low, d = stream_high;
    auto key_a = static_cast<std::uint32_t>(seed), key_b = static_cast<std::uint32_t>(seed >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p = static_cast<std::uint64_t>(a) * 0xD2511F53U;
      const std::uint64_t q = static_cast<std::uint64_t>(c) * 0xCD9E8D57U;
      a = static_cast<std::uint32_t>(q >> 32) ^ b ^ key_a;
      b = static_cast<std::uint32_t>(q);
      c = static_cast<std::uint32_t>(p >> 32) ^ d ^ key_b;
      d = static_cast<std::uint32_t>(p);
      key_a += 0x9E3779B9U;
      key_b += 0xBB67AE85U;
    }
    words[0][i] = a;
    words[1][i] = b;
    words[2][i] = c;
    words[3][i] = d;
  }
  alignas(64) std::uint8_t bytes[kChunk];
  static_assert(sizeof(bytes) == sizeof(words));
  std::memcpy(bytes, words, sizeof(bytes));
  for (std::size_t i = 0; i < kChunk; ++i) bytes[i] = weight_of(bytes[i]);
  for (std::size_t i = 0; i < kChunk; ++i) weights[i] = bytes[i];
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < kChunk; ++i) sum += bytes[i];
  return sum;
}

using Lanes [[gnu::vector_size(64), gnu::aligned(8), gnu::may_alias]] = double;  // eight

LANDSCAPE_INLINE double folded(const Lanes& x) {
  return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}

// Sums in flight: with few columns a chunk is added in two strands, so that one addition need not wait for the last.
template <std::size_t n_columns>
LANDSCAPE_INLINE void add_columns(const double* weights, const double* columns, double* totals) {
  constexpr std::size_t kStrands = n_columns < 4 ? 2 : 1, kHalf = kChunk / kStrands;
  Lanes sums[kStrands][n_columns] = {};
  for (std::size_t i = 0; i < kHalf; i += 8) {
#pragma GCC unroll 2
    for (std::size_t strand = 0; strand < kStrands; ++strand) {
      const Lanes w = *reinterpret_cast<const Lanes*>(weights + strand * kHalf + i);
#pragma GCC unroll 4
      for (std::size_t k = 0; k < n_columns; ++k)
        sums[strand][k] += w * *reinterpret_cast<const Lanes*>(columns + k * kChunk + strand * kHalf + i);
    }
  }
  for (std::size_t k = 0; k < n_columns; ++k) {
    double sum = folded(sums[0][k]);
    if constexpr (kStrands == 2) sum += folded(sums[1][k]);
    totals[k] += sum;
  }
}

LANDSCAPE_INLINE void sums_here(const double* weights, const double* columns, std::size_t n_columns, double* totals) {
  std::size_t k = 0;
  for (; k + 4 <= n_columns; k += 4) add_columns<4>(weights, columns + k * kChunk, totals + k);
  for (; k + 2 <= n_columns; k += 2) add_columns<2>(weights, columns + k * kChunk, totals + k);
  for (; k < n_columns; ++k) add_columns<1>(weights, columns + k * kChunk, totals + k);
}

struct Loops {
  std::uint32_t (*weights)(std::uint64_t, std::uint64_t, std::uint64_t, double*);
  void (*sums)(const double*, const double*, std::size_t, double*);
};

#define LANDSCAPE_LOOPS(name, attribute)                                                                      \
  attribute std::uint32_t weights_##name(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t chunk,  \
                                         double* w) {                                                         \
    return weights_here(seed, subsequence, chunk, w);                                                         \
  }                                                                                                           \
  attribute void sums_##name(const double* w, const double* columns, std::size_t n_columns, double* totals) { \
    sums_here(w, columns, n_columns, totals);                                                                 \
  }

LANDSCAPE_LOOPS(portable, )
#if defined(__x86_64__)
LANDSCAPE_LOOPS(avx2, [[gnu::target("avx2")]])
LANDSCAPE_LOOPS(avx512, [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]])
#endif

Loops best_loops() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return {weights_avx512, sums_avx512};
  if (__builtin_cpu_supports("avx2")) return {weights_avx2, sums_avx2};
#endif
  return {weights_portable, sums_portable};
}

const Loops& loops() {
  static const Loops best = best_loops();
  return best;
}

}  // namespace

std::uint32_t draw_weights(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t chunk, double* weights) {
  return loops().weights(seed, subsequence, chunk, weights);
}

void add_weighted(const double* weights, const double* columns, std::size_t n_columns, double* totals) {
  loops().sums(weights, columns, n_columns, totals);
}

}  // namespace landscape::detail
