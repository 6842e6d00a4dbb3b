// Command lines and config files with a folder of presets of their own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "landscape/analysis/commands.hpp"
#include "landscape/config/command_line.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/model/error.hpp"

namespace landscape {

class Config : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("landscape_config_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    setenv("LANDSCAPE_PRESETS", folder_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("LANDSCAPE_PRESETS");
    std::filesystem::remove_all(folder_);
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  static RunConfig parse(const std::vector<std::string>& arguments) {
    return make_run_config(gather_options(parse_command_line(command_table(), arguments)), "roughness");
  }
  static std::string refusal(const std::vector<std::string>& arguments) {
    try {
      parse(arguments);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  std::filesystem::path folder_;
};

}  // namespace landscape
