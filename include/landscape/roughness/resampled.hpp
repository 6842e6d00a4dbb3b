// Which of n values a resample takes, and how often: pure functions of (seed, number of the resample, position).
#pragma once

#include <cstdint>

namespace landscape {

/// From here on values get weights in a resample instead of being drawn.
inline constexpr std::int64_t kManyValues = 4096;

/// Which of n values draw number `draw` of resample number `resample` takes: floor(word n / 2^32), word from
/// Philox4x32-10 with key = seed, subsequence (bootstrap, resample), block draw/4. Pure function; n < 2^31
/// (probabilities err by at most 2^-32).
std::uint32_t resampled_position(std::uint64_t seed, std::uint64_t resample, std::uint64_t draw, std::uint32_t n);

/// How often resample number `resample` takes value number `value` of kManyValues or more: 0 to 5 with probabilities
/// (94, 95, 46, 16, 4, 1)/256, whose mean and variance are 1 and whose third central moment is 0.984, as Poisson(1) has
/// 1, 1 and 1. By byte j of word w of Philox4x32-10 with key and subsequence as above, block 32 floor(value/512) + i,
/// where value mod 512 = 128 w + 4 i + j. Pure function.
int resampled_weight(std::uint64_t seed, std::uint64_t resample, std::uint64_t value);

}  // namespace landscape
