// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected, initial value and final inversion all ones; RFC 3720 appendix
// B.4): guards what the file holds against torn or altered bytes. The same value as zlib-like libraries give for
// "crc32c".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace landscape {

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t previous = 0);

template <class T>
std::uint32_t crc32c_of(std::span<const T> values) {
  return crc32c(std::as_bytes(values));
}

}  // namespace landscape
