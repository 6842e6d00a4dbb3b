// The one source of randomness: Philox4x32-10 (Salmon et al. 2011, Random123), a pure function of (seed, subsequence,
// block). Key = seed, counter = (block, subsequence), 64 bits each, least significant word first: the numbering of
// cuRAND's device generator after curand_init(seed, subsequence, 4 * block), so both give one stream.
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cstdint>

#include "landscape/math/normal.hpp"

namespace landscape {

/// What a subsequence is used for. Directions own the subsequences below 2^48, numbered by the direction.
enum class RandomUse : std::uint64_t {
  direction = 0,
  initial_parameters = 1,
  points = 2,
  batches = 3,
  scramble = 4,
  bootstrap = 5,
  boundary_points = 6,
  boundary_batches = 7,
  probes = 8
};

/// Subsequence number of the index-th stream of a use; index < 2^48.
inline std::uint64_t subsequence(RandomUse use, std::uint64_t index) {
  return (static_cast<std::uint64_t>(use) << 48) | index;
}

/// Four independent 32-bit words.
inline std::array<std::uint32_t, 4> philox_words(std::uint64_t seed, std::uint64_t subsequence_number,
                                                 std::uint64_t block) {
  const r123::Philox4x32 generator;
  const r123::Philox4x32::ctr_type counter = {
      {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
       static_cast<std::uint32_t>(subsequence_number), static_cast<std::uint32_t>(subsequence_number >> 32)}};
  const r123::Philox4x32::key_type key = {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const auto words = generator(counter, key);
  return {words[0], words[1], words[2], words[3]};
}

/// Two independent standard normal numbers.
inline math::NormalPair philox_normal_pair(std::uint64_t seed, std::uint64_t subsequence_number, std::uint64_t block) {
  const auto r = philox_words(seed, subsequence_number, block);
  return math::normal_pair(r[0], r[1], r[2], r[3]);
}

/// Two independent uniform numbers in (0, 1).
inline std::array<double, 2> philox_uniform_pair(std::uint64_t seed, std::uint64_t subsequence_number,
                                                 std::uint64_t block) {
  const auto r = philox_words(seed, subsequence_number, block);
  return {math::uniform_open(r[0], r[1]), math::uniform_open(r[2], r[3])};
}

}  // namespace landscape
