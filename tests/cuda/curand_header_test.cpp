// The stream of landscape/random/philox.hpp is cuRAND's: word for word, and the normal numbers to the last few bits.
#include <gtest/gtest.h>

#include <cmath>

#include "curand_words.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

TEST(CurandHeader, WordsAreThoseOfRandom123) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 1234ULL, 0xdeadbeefcafebabeULL}) {
    for (const std::uint64_t subsequence_number : {0ULL, 1ULL, 77ULL, 0x123456789abcdefULL}) {
      for (const std::uint64_t block : {0ULL, 1ULL, 1000003ULL, 0x3fffffffffffff00ULL}) {
        EXPECT_EQ(curand_block(seed, subsequence_number, block), philox_words(seed, subsequence_number, block));
      }
    }
  }
}

TEST(CurandHeader, NormalNumbersAgreeToTheLastBits) {
  for (std::uint64_t block = 0; block < 100000; ++block) {
    const auto theirs = curand_pair(1234, 5, block);
    const auto ours = philox_normal_pair(1234, 5, block);
    // The radius is good to 2 ulp, sine and cosine to 1 ulp of 1.
    const double tolerance = 1e-15 * std::max(1.0, std::hypot(theirs[0], theirs[1]));
    ASSERT_TRUE(std::abs(ours.first - theirs[0]) <= tolerance) << block;
    ASSERT_TRUE(std::abs(ours.second - theirs[1]) <= tolerance) << block;
  }
}

}  // namespace
}  // namespace landscape
