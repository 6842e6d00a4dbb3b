// cuRAND's device Philox under its own names, from Random123: the same words by definition of the generator. Only
// offsets that are multiples of four are used here.
#pragma once

#include <Random123/philox.h>

#include "cuda_runtime.h"

struct curandStatePhilox4_32_10_t {
  unsigned long long seed, subsequence, block;
};
inline void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                        curandStatePhilox4_32_10_t* state) {
  *state = {seed, subsequence, offset / 4};
}
inline uint4 curand4(curandStatePhilox4_32_10_t* state) {
  const r123::Philox4x32 generator;
  const auto low = [](unsigned long long v) { return static_cast<std::uint32_t>(v); };
  const auto high = [](unsigned long long v) { return static_cast<std::uint32_t>(v >> 32); };
  const r123::Philox4x32::ctr_type counter = {
      {low(state->block), high(state->block), low(state->subsequence), high(state->subsequence)}};
  const r123::Philox4x32::key_type key = {{low(state->seed), high(state->seed)}};
  const auto words = generator(counter, key);
  ++state->block;
  return {words[0], words[1], words[2], words[3]};
}
