// CRC-32C against the values of RFC 3720, appendix B.4.
#include "../../src/io/checksum.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace landscape {
namespace {

std::uint32_t of(const std::vector<unsigned char>& bytes) { return crc32c_of(std::span<const unsigned char>(bytes)); }

TEST(Checksum, MatchesPublishedVectors) {
  EXPECT_EQ(of(std::vector<unsigned char>(32, 0x00)), 0x8A9136AAU);
  EXPECT_EQ(of(std::vector<unsigned char>(32, 0xFF)), 0x62A8AB43U);
  std::vector<unsigned char> up, down;
  for (int i = 0; i < 32; ++i) {
    up.push_back(static_cast<unsigned char>(i));
    down.push_back(static_cast<unsigned char>(31 - i));
  }
  EXPECT_EQ(of(up), 0x46DD794EU);
  EXPECT_EQ(of(down), 0x113FDB5CU);
  const std::string_view digits = "123456789";  // not a multiple of eight
  EXPECT_EQ(crc32c_of(std::span<const char>(digits)), 0xE3069283U);
  EXPECT_EQ(of({}), 0U);
}

TEST(Checksum, CanBeContinued) {
  const std::string_view text = "the losses of one direction";
  const auto bytes = std::as_bytes(std::span<const char>(text));
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(crc32c(bytes.subspan(cut), crc32c(bytes.first(cut))), crc32c(bytes));
  }
}

}  // namespace
}  // namespace landscape
