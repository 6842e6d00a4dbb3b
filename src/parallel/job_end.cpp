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

// Only then may PMIx be used: it loses its way where one process greets while others leave without.
bool is_one_of_mpi_or_alone() {
  int used_mpi = 0;
  MPI_Initialized(&used_mpi);
  const char* size = environment("OMPI_COMM_WORLD_SIZE");
  return used_mpi != 0 || (size != nullptr && std::string_view(size) == "1");
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

int leave_job(int exit_code) {
  const char* rank = environment("OMPI_COMM_WORLD_RANK");
  if (exit_code == 0 || rank == nullptr || !is_child_of_mpirun() || !is_one_of_mpi_or_alone()) return exit_code;
  if (std::string_view(rank) == "0") {
    end_all_ranks(exit_code);
  } else {
    sleep(kPatience);
  }
  return exit_code;
}

}  // namespace landscape
