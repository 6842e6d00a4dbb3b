// Words and numbers for people.
#include "landscape/config/text.hpp"

#include <gtest/gtest.h>

#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

TEST(Text, CountsAreGroupedByThousands) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1 000");
  EXPECT_EQ(count_text(-1234567), "-1 234 567");
}

TEST(Text, DurationsAndSizesHaveFittingUnits) {
  EXPECT_EQ(duration_text(0.02), "20 ms");
  EXPECT_EQ(duration_text(12.34), "12.3 s");
  EXPECT_EQ(duration_text(200), "3 min 20 s");
  EXPECT_EQ(duration_text(14700), "4 h 05 min");
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
}

TEST(Text, EditDistanceCountsInsertionsDeletionsReplacements) {
  EXPECT_EQ(edit_distance("width", "width"), 0u);
  EXPECT_EQ(edit_distance("with", "width"), 1u);
  EXPECT_EQ(edit_distance("", "seed"), 4u);
}

TEST(Text, OnlyUtf8WithoutControlCharactersIsPlain) {
  EXPECT_TRUE(is_plain_text("a\tb\nc"));
  EXPECT_TRUE(is_plain_text("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x99\x82"));
  for (const char* bad :
       {"\x01", "\x7F", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xC2\x85", "\x80"}) {
    EXPECT_FALSE(is_plain_text(bad)) << bad;
  }
}

}  // namespace
}  // namespace landscape
