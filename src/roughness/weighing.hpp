// The two inner loops of resampling many values: weights from random bytes, and sums of weighted columns. They are
// compiled for several instruction sets and give the same bits on each: lanes are written out, and nothing is fused.
#pragma once

#include <cstddef>
#include <cstdint>

namespace landscape::detail {

/// Values at a time: 32 blocks of random numbers, a byte a value; twelve columns of them fit a cache of the first two
/// levels.
inline constexpr std::size_t kChunk = 512;

/// Weight of a random byte: how often a resample takes a value. Of 256 bytes 94, 95, 46, 16, 4 and 1 give 0 ... 5: mean
/// and variance are exactly 1, the third central moment is 0.984 (Poisson(1): 1).
constexpr std::uint8_t weight_of(std::uint8_t byte) {
  return static_cast<std::uint8_t>((byte >= 94) + (byte >= 189) + (byte >= 235) + (byte >= 251) + (byte >= 255));
}

/// Weights (kChunk) of the values of one chunk, see resampled_weight(), and their sum.
std::uint32_t draw_weights(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t chunk, double* weights);

/// totals[k] += sum of weights (kChunk) times column k, columns (n_columns, kChunk).
void add_weighted(const double* weights, const double* columns, std::size_t n_columns, double* totals);

}  // namespace landscape::detail
