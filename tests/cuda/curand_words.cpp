// cuRAND's own device header on the host. In a file of its own: it and Random123 define functions of one name.
#include <cuda_runtime.h>
#define QUALIFIERS static inline
#include <curand_kernel.h>

#include "curand_words.hpp"

std::array<std::uint32_t, 4> curand_block(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t block) {
  curandStatePhilox4_32_10_t state;
  curand_init(seed, subsequence, 4 * block, &state);
  const uint4 words = curand4(&state);
  return {words.x, words.y, words.z, words.w};
}

std::array<double, 2> curand_pair(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t block) {
  curandStatePhilox4_32_10_t state;
  curand_init(seed, subsequence, 4 * block, &state);
  const double2 pair = curand_normal2_double(&state);
  return {pair.x, pair.y};
}
