// Work on many directions or resamples, spread over threads. What is written must depend on the position alone; then
// the bits are those of one thread.
#pragma once

#include <cstdint>
#include <functional>

namespace landscape {

/// work(first, last) for pieces [first, last) of [0, n), of `piece` positions but for the last one, on up to `threads`
/// threads in any order. Of the exceptions the one of the first piece goes on. Whether the threads can be had is
/// HeldThreads' to find out (backend/held_threads.hpp).
void in_pieces(std::int64_t n, std::int64_t piece, int threads,
               const std::function<void(std::int64_t first, std::int64_t last)>& work);

}  // namespace landscape
