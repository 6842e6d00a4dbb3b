// The authors' minimizers and an independent evaluation of their profiles, read from a folder outside the project.
// Tests that use them skip visibly where the folder is absent.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace reference {

inline std::filesystem::path published_folder() {
  const char* folder = std::getenv("LANDSCAPE_REFERENCE_DIR");
  return folder != nullptr ? folder : LANDSCAPE_REFERENCE_DIR;
}

inline bool has_published(const std::string& file) { return std::filesystem::exists(published_folder() / file); }

inline nlohmann::json read_published(const std::string& file) {
  std::ifstream in(published_folder() / file);
  return nlohmann::json::parse(in);
}

}  // namespace reference

/// Skips the running test, with the reason, where the published file is absent.
#define LANDSCAPE_NEEDS_PUBLISHED(file)                                                                              \
  if (!reference::has_published(file)) {                                                                             \
    GTEST_SKIP() << "no " << (reference::published_folder() / (file)).string() << ": the published data are absent"; \
  }                                                                                                                  \
  static_assert(true, "")
