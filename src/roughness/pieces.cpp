// One OpenMP loop, out of which no exception may come.
#include "landscape/roughness/pieces.hpp"

#include <algorithm>
#include <exception>
#include <vector>

namespace landscape {

void in_pieces(std::int64_t n, std::int64_t piece, int threads,
               const std::function<void(std::int64_t first, std::int64_t last)>& work) {
  const std::int64_t n_pieces = (n + piece - 1) / piece;
  const auto team = static_cast<int>(std::min<std::int64_t>(threads, n_pieces));
  if (team <= 1) {
    for (std::int64_t i = 0; i < n_pieces; ++i) work(i * piece, std::min(n, (i + 1) * piece));
    return;
  }
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(n_pieces));
#pragma omp parallel for schedule(dynamic, 1) num_threads(team)
  for (std::int64_t i = 0; i < n_pieces; ++i) {
    try {
      work(i * piece, std::min(n, (i + 1) * piece));
    } catch (...) {
      failures[static_cast<std::size_t>(i)] = std::current_exception();
    }
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace landscape
