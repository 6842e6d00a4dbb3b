// Progress lines.
#include "landscape/job/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "landscape/config/text.hpp"
#include "landscape/model/environment.hpp"

namespace landscape {
namespace {

constexpr double kFirstSparse = 10.0, kMostSparse = 300.0;  // seconds

bool parent_writes_to_terminal() {
  namespace fs = std::filesystem;
  const std::string parent = fmt::format("/proc/{}", getppid());
  std::string name;
  std::ifstream(parent + "/comm") >> name;
  if (name != "mpirun" && name != "mpiexec" && name != "orterun" && name != "prterun") return false;
  std::error_code error;
  const std::string target = fs::read_symlink(parent + "/fd/1", error).string();
  return !error && (target.starts_with("/dev/pts/") || target.starts_with("/dev/tty"));
}

}  // namespace

bool Progress::is_due() const {
  if (style_ == ProgressStyle::none) return false;
  if (style_ == ProgressStyle::live) return n_shown_ == 0 || clock_.seconds() - last_ >= interval_;
  const double interval = std::min(kMostSparse, kFirstSparse * (1 << std::min(n_shown_ / 3, 10)));
  return clock_.seconds() - last_ >= interval;
}

void Progress::update(std::string_view text) {
  if (!is_due()) return;
  last_ = clock_.seconds();
  ++n_shown_;
  if (style_ == ProgressStyle::live) {
    print_now(fmt::format("\r\x1b[K{}", text));
    line_open_ = true;
  } else {
    print_now(fmt::format("{}\n", text));
  }
}

void Progress::line(std::string_view text) {
  if (line_open_) print_now("\r\x1b[K");
  line_open_ = false;
  if (!text.empty() && style_ != ProgressStyle::none) print_now(fmt::format("{}\n", text));
}

ProgressStyle detect_progress_style() {
  const bool launched = environment("OMPI_COMM_WORLD_RANK") != nullptr || environment("PMIX_RANK") != nullptr ||
                        environment("PMI_RANK") != nullptr;
  const bool live = isatty(STDOUT_FILENO) != 0 && (!launched || parent_writes_to_terminal());
  return live ? ProgressStyle::live : ProgressStyle::sparse;
}

std::string remaining_text(double fraction_done, double seconds) {
  if (!(fraction_done > 0.0) || !(seconds > 0.5)) return "";
  return fmt::format(", {} left", duration_text(std::max(0.0, seconds * (1.0 - fraction_done) / fraction_done)));
}

}  // namespace landscape
