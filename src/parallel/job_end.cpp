// PMIx_Abort with an empty text ends all ranks with the program's exit code, and mpirun adds no words of its own.
#include "landscape/parallel/job_end.hpp"

#include <dlfcn.h>
#include <mpi.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "landscape/model/environment.hpp"

namespace landscape {
namespace {

constexpr unsigned kPatience = 5;  // seconds

// Ending a shell or a debugger between mpirun and this process would lose what they are going to say.
bool is_child_of_mpirun() {
  std::error_code error;
  const auto parent = std::filesystem::read_symlink("/proc/" + std::to_string(getppid()) + "/exe", error).filename();
  return !error && (parent == "orterun" || parent == "orted");
}

// Open MPI loads PMIx by itself, so there is nothing to link to; the prototypes are the standard's.
class Pmix {
 public:
  bool init() {
    const auto call = function<int(void* process, void* infos, std::size_t n_infos)>("PMIx_Init");
    return call != nullptr && call(process_.data(), nullptr, 0) == 0;
  }
  bool abort_all(int exit_code) {
    const auto call =
        function<int(int status, const char* said, void* processes, std::size_t n_processes)>("PMIx_Abort");
    return call != nullptr && call(exit_code, "", nullptr, 0) == 0;
  }

 private:
  template <class Function>
  Function* function(const char* name) const {
    return library_ == nullptr ? nullptr : reinterpret_cast<Function*>(dlsym(library_, name));
  }

  void* library_ = dlopen("libpmix.so.2", RTLD_NOW);
  alignas(std::max_align_t) std::array<std::byte, 1024> process_{};  // pmix_proc_t: char[256] and an int
};

// Of mpirun's own children, without a shell between.
enum class Place { elsewhere, first, other };
Place place_in_launch() {
  const char* rank = environment("OMPI_COMM_WORLD_RANK");
  if (rank == nullptr || !is_child_of_mpirun()) return Place::elsewhere;
  return std::string_view(rank) == "0" ? Place::first : Place::other;
}

bool uses_mpi() {
  int used = 0;
  MPI_Initialized(&used);
  return used != 0;
}

// However PMIx or mpirun may fail, the process ends.
int code_in_the_end = 0;
extern "C" void landscape_on_lost_patience(int) { _exit(code_in_the_end); }

}  // namespace

bool end_all_ranks(int exit_code) {
  std::fflush(nullptr);
  if (!is_child_of_mpirun()) return false;
  code_in_the_end = exit_code;
  std::signal(SIGALRM, landscape_on_lost_patience);
  alarm(kPatience);
  Pmix pmix;
  return pmix.init() && pmix.abort_all(exit_code);
}

void let_first_rank_speak() {
  if (!uses_mpi() && place_in_launch() == Place::other) sleep(kPatience);
}

int leave_job(int exit_code) {
  if (exit_code == 0) return exit_code;
  const Place place = place_in_launch();
  if (place == Place::first) end_all_ranks(exit_code);
  if (place == Place::other && uses_mpi()) sleep(kPatience);  // without, it has waited before it spoke
  return exit_code;
}

}  // namespace landscape
