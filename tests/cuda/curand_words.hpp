// What cuRAND's device generator gives after curand_init(seed, subsequence, 4 block).
#pragma once

#include <array>
#include <cstdint>

std::array<std::uint32_t, 4> curand_block(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t block);
std::array<double, 2> curand_pair(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t block);
