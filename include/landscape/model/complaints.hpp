// Everything that is wrong with one request, said at once: a sentence per line.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "landscape/model/error.hpp"

namespace landscape {

class Complaints {
 public:
  /// Runs f; what it refuses is kept.
  template <class F>
  void collect(F&& f) {
    try {
      std::forward<F>(f)();
    } catch (const UsageError& error) {
      add(error.what());
    }
  }
  /// One sentence, or those of another list's UsageError; each is kept once.
  void add(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(kNextLine), text.size());
      if (const std::string sentence(text.substr(0, end));
          std::find(sentences_.begin(), sentences_.end(), sentence) == sentences_.end())
        sentences_.push_back(sentence);
      text.remove_prefix(std::min(end + kNextLine.size(), text.size()));
    }
  }
  bool empty() const { return sentences_.empty(); }
  const std::vector<std::string>& sentences() const { return sentences_; }
  /// Throws UsageError where there is anything.
  void raise() const {
    std::string text;
    for (const std::string& sentence : sentences_) text.append(text.empty() ? "" : kNextLine).append(sentence);
    if (!text.empty()) throw UsageError(text);
  }

 private:
  static constexpr std::string_view kNextLine = "\nlandscape_mpi: ";  // as the program heads the first one
  std::vector<std::string> sentences_;
};

}  // namespace landscape
