// Waiting without spinning. MPI's own waits poll at full speed: a rank that waits minutes for a training takes a core
// from it, and with more ranks than cores even a barrier costs scheduler time slices (24 ms instead of 0.01 ms for four
// ranks on two cores).
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "landscape/parallel/communicator.hpp"
#include "landscape/parallel/failure.hpp"
#include "native_communicator.hpp"

namespace landscape {

MPI_Comm native(const Communicator& comm) { return comm.native().comm; }

void check_mpi(int code, const char* call, SourcePlace place) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  std::string reason = fmt::format("error {}", code);
  if (MPI_Error_string(code, text.data(), &length) == MPI_SUCCESS)
    reason.assign(text.data(), static_cast<std::size_t>(length));
  const std::string_view file = place.file;
  throw MpiError(fmt::format("{} failed ({}) at {}:{}.", call, reason, file.substr(file.rfind('/') + 1), place.line));
}

void wait_eagerly(MPI_Request& request, const char* call, SourcePlace place) {
  constexpr std::chrono::milliseconds kAwake{50};
  constexpr int kTestsPerLook = 64;  // at the clock
  const auto start = std::chrono::steady_clock::now();
  int done = 0;
  do {
    for (int test = 0; test < kTestsPerLook; ++test) {
      check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), call, place);
      if (done != 0) return;
      sched_yield();
    }
  } while (std::chrono::steady_clock::now() - start < kAwake);
  wait_patiently(request, call, place);
}

void wait_patiently(MPI_Request& request, const char* call, SourcePlace place) {
  using Clock = std::chrono::steady_clock;
  using std::chrono::microseconds;
  constexpr int kEagerTests = 20;            // most collectives are done by then,
  constexpr microseconds kEagerTime{200};    // unless others want this core: a yield then costs whole time slices
  constexpr microseconds kLongestNap{2000};  // bounds the delay per stage of a collective's tree
  constexpr int kShareOfWait = 10;           // a nap adds at most a tenth to the wait
  const Clock::time_point start = Clock::now();
  for (int tests = 0;; ++tests) {
    int done = 0;
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), call, place);
    if (done != 0) return;
    const auto waited = std::chrono::duration_cast<microseconds>(Clock::now() - start);
    if (tests < kEagerTests && waited < kEagerTime) {
      sched_yield();
      continue;
    }
    std::this_thread::sleep_for(std::clamp(waited / kShareOfWait, microseconds{10}, kLongestNap));
  }
}

}  // namespace landscape
