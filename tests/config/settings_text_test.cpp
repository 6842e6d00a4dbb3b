// Values come back from the text of settings as they were, whatever they hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "landscape/config/command_line.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/config/settings_text.hpp"

namespace landscape {
namespace {

// All of one and two nasty pieces, and many random ones.
std::vector<std::string> nasty_values() {
  const std::vector<std::string> pieces{"\n",         "\t",          "\r", "#", "\"", "'", "\\",  " ", "=",
                                        "a",          "ü",           ";",  "[", "]",  ",", "\\n", "%", " and is now ",
                                        "\nseed = 7", "; seed was 1"};
  std::vector<std::string> values;
  for (const std::string& first : pieces) {
    values.push_back(first);
    for (const std::string& second : pieces) values.push_back(first + second);
  }
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string value;
    for (int n = 1 + static_cast<int>(random() % 9); n > 0; --n) value += pieces[random() % pieces.size()];
    values.push_back(value);
  }
  return values;
}

TEST(SettingsText, AnyValueIsReadBackAndNothingElse) {
  std::vector<std::string> values = nasty_values();
  values.emplace_back();
  for (const std::string& value : values) {
    const std::string text = setting_line("first", "1") + setting_line("output", value) + setting_line("seed", "3");
    const std::vector<Setting> expected{{"first", "1"}, {"output", value}, {"seed", "3"}};
    EXPECT_EQ(parse_settings(text, "test"), expected) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
  }
}

TEST(SettingsText, PlainValuesStayPlain) {
  for (const char* value :
       {"landscape.h5", "a b.h5", "-1:1:101", "simpson:100", "0.001", "C:\\x", "a\"b'c", "k=v", "ü"})
    EXPECT_EQ(setting_line("output", value), std::string("output = ") + value + "\n");
}

TEST(SettingsText, ResolvedTextKeepsAnyNames) {
  for (const std::string& value : nasty_values()) {
    RunConfig config;
    config.output = value;
    config.minimizer = "m" + value;
    config.directions_from = value + "d";
    const RunConfig back = parse_resolved_text(resolved_text(config), "roughness");
    EXPECT_EQ(back.output, config.output);
    EXPECT_EQ(back.minimizer, config.minimizer);
    EXPECT_EQ(back.directions_from, config.directions_from);
    EXPECT_EQ(back.seed, config.seed);
    EXPECT_EQ(config_hash(back), config_hash(config));
  }
}

TEST(SettingsText, StoredSettingsAreAConfigFileWhateverTheyHold) {
  int n_read = 0;
  for (const std::string& value : nasty_values()) {
    RunConfig config;
    config.n_directions = 12;
    config.minimizer = value;
    const std::string text = defining_text(config);
    try {
      EXPECT_EQ(config_hash(make_run_config(parse_config_text(text, "mine.cfg"), "roughness")), config_hash(config))
          << text;
      ++n_read;
    } catch (const UsageError& error) {  // no name may hold a line break
      EXPECT_NE(value.find_first_of("\n\r"), std::string::npos) << text;
      EXPECT_NE(std::string(error.what()).find("minimizer holds a line break"), std::string::npos) << error.what();
    }
  }
  EXPECT_GT(n_read, 500);
}

TEST(SettingsText, DifferencesAreValues) {
  for (const std::string& value : nasty_values()) {
    const std::string before = setting_line("minimizer", value) + setting_line("seed", "1");
    const std::string now = setting_line("minimizer", value + "!") + setting_line("seed", "1") + setting_line("x", "y");
    const std::vector<Difference> found = differences(before, now);
    ASSERT_EQ(found.size(), 2u) << before << now;
    EXPECT_EQ(found[0].key, "minimizer");
    EXPECT_EQ(found[0].before, value);
    EXPECT_EQ(found[0].now, value + "!");
    EXPECT_EQ(found[1].key, "x");
    EXPECT_FALSE(found[1].before.has_value());
  }
}

TEST(SettingsText, QuotesCommentsAndBlanksInConfigFiles) {
  const auto value_of = [](const std::string& line) { return parse_settings(line, "test").at(0).value; };
  EXPECT_EQ(value_of("  output=\"my # file.h5\"  # why"), "my # file.h5");
  EXPECT_EQ(value_of("output = x.h5 # why"), "x.h5");
  EXPECT_THROW(value_of("output = run#1.h5"), UsageError);  // a name cut without a word
  EXPECT_EQ(value_of("output = \"  x \\\"y\\\" \""), "  x \"y\" ");
  EXPECT_EQ(parse_settings("# only\n\n   \n\t# comments\n", "test").size(), 0u);
  for (const char* bad :
       {"output", "= x", "output = \"x", "output = \"x\" y", "output = \"\\q\"", "output = 'x'", "[a]"}) {
    try {
      parse_settings(bad, "mine.cfg");
      ADD_FAILURE() << bad;
    } catch (const UsageError& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("mine.cfg: ")) << error.what();
      EXPECT_NE(std::string(error.what()).find(bad), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace landscape
