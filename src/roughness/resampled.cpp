// One value at a time; draw_positions() and draw_weights() give the same for many.
#include "landscape/roughness/resampled.hpp"

#include "landscape/random/philox.hpp"
#include "weighing.hpp"

namespace landscape {

std::uint32_t resampled_position(std::uint64_t seed, std::uint64_t resample, std::uint64_t draw, std::uint32_t n) {
  const auto words = philox_words(seed, subsequence(RandomUse::bootstrap, resample), draw / 4);
  return static_cast<std::uint32_t>((static_cast<std::uint64_t>(words[draw % 4]) * n) >> 32);
}

int resampled_weight(std::uint64_t seed, std::uint64_t resample, std::uint64_t value) {
  const std::uint64_t here = value % detail::kChunk, words_apart = detail::kChunk / 4;
  const std::uint64_t block = value / detail::kChunk * (detail::kChunk / 16) + here % words_apart / 4;
  const auto words = philox_words(seed, subsequence(RandomUse::bootstrap, resample), block);
  return detail::weight_of(static_cast<std::uint8_t>(words[here / words_apart] >> (8 * (here % 4))));
}

}  // namespace landscape
