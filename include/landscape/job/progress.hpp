// What a person sees while a job runs: one line that rewrites itself on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace landscape {

enum class ProgressStyle { none, sparse, live };

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class Progress {
 public:
  explicit Progress(ProgressStyle style) : style_(style) {}

  /// Whether an update now would be shown; lets callers skip the formatting.
  bool is_due() const;
  /// Shows `text` if it is due.
  void update(std::string_view text);
  /// Removes the live line and prints `text` for good (nothing where empty or style none).
  void line(std::string_view text);
  void clear() { line({}); }

 private:
  ProgressStyle style_;
  Stopwatch clock_;
  double last_ = 0.0;      // seconds on the clock
  double interval_ = 0.1;  // live; sparse begins with 10 s
  int n_shown_ = 0;
  bool line_open_ = false;
};

/// live where standard output ends at a terminal. Open MPI puts a pseudo-terminal between a rank and mpirun, so under
/// mpirun it is mpirun's own output that is looked at.
ProgressStyle detect_progress_style();

/// "12 s left", or "" while nothing is known.
std::string remaining_text(double fraction_done, double seconds);

}  // namespace landscape
