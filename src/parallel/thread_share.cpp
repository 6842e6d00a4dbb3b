// The ranks of a node exchange their affinity masks; a core that n of them may use counts 1/n for each.
#include "landscape/parallel/thread_share.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstring>
#include <string_view>
#include <vector>

#include "landscape/model/environment.hpp"
#include "native_communicator.hpp"

namespace landscape {
namespace {

constexpr std::size_t kMostCores = 16384;
constexpr std::size_t kMaskBytes = kMostCores / 8;

std::vector<unsigned char> own_mask() {
  std::vector<unsigned char> mask(kMaskBytes, 0);
  std::vector<unsigned long> words(kMaskBytes / sizeof(unsigned long), 0);
  if (sched_getaffinity(0, kMaskBytes, reinterpret_cast<cpu_set_t*>(words.data())) == 0) {
    std::memcpy(mask.data(), words.data(), kMaskBytes);
  } else {
    mask[0] = 1;
  }
  return mask;
}

bool has_core(const unsigned char* mask, std::size_t core) { return (mask[core / 8] >> (core % 8) & 1U) != 0; }

/// OMP_NUM_THREADS may be a list for nested regions: its first number counts. 0 where unset or nonsense.
int threads_from_environment() {
  const char* text = environment("OMP_NUM_THREADS");
  if (text == nullptr) return 0;
  const std::string_view view(text);
  const std::size_t begin = view.find_first_not_of(' ');
  int threads = 0;
  if (begin == std::string_view::npos) return 0;
  const auto [end, error] = std::from_chars(view.data() + begin, view.data() + view.size(), threads);
  if (error == std::errc::result_out_of_range) return view[begin] == '-' ? 0 : INT_MAX;
  const bool whole = end == view.data() + view.size() || *end == ',' || *end == ' ';
  return error == std::errc() && whole && threads > 0 ? threads : 0;
}

}  // namespace

ThreadShare thread_share(const Communicator& comm) {
  const NativeCommunicator& impl = comm.native();
  const std::vector<unsigned char> mine = own_mask();
  std::vector<unsigned char> all(kMaskBytes * static_cast<std::size_t>(impl.node_size));
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Iallgather(mine.data(), kMaskBytes, MPI_BYTE, all.data(), kMaskBytes, MPI_BYTE, impl.node, &request),
            "MPI_Iallgather");
  wait_patiently(request, "MPI_Iallgather");

  ThreadShare share;
  share.cores_online = static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  share.cores_allowed = 0;
  double cores = 0.0;
  for (std::size_t core = 0; core < kMostCores; ++core) {
    if (!has_core(mine.data(), core)) continue;
    ++share.cores_allowed;
    int n_ranks = 0;
    for (int rank = 0; rank < impl.node_size; ++rank) {
      n_ranks += has_core(all.data() + static_cast<std::size_t>(rank) * kMaskBytes, core) ? 1 : 0;
    }
    cores += 1.0 / n_ranks;
  }
  share.threads = std::max(1, static_cast<int>(cores + 1e-6));  // 3 x 1/3 is meant to be 1
  if (const int wanted = threads_from_environment(); wanted > 0) {
    share.threads = wanted;
    share.from_environment = true;
  }
  return share;
}

std::string ThreadShare::describe() const {
  const std::string count = fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
  if (from_environment) return count + " (OMP_NUM_THREADS)";
  return fmt::format("{} ({} of {} cores allowed{})", count, cores_allowed, cores_online,
                     cores_allowed > threads ? ", shared with other ranks" : "");
}

}  // namespace landscape
