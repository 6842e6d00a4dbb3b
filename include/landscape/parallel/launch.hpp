// What the environment says about the launcher that started this process. MPI alone knows how many ranks there are; a
// launcher it does not understand (srun without PMIx, another library's mpirun) makes every process a job of one rank,
// and all of them would write the same file.
#pragma once

#include <string>

#include "landscape/parallel/communicator.hpp"

namespace landscape {

/// A launcher's word on this process: "this is 1 of 4". 1 and no variable where nothing says so.
struct LaunchedSize {
  int size = 1;
  std::string variable;  // that says so
};
/// Of the launcher nearest to this process: Open MPI's mpirun, another by PMI, MPICH's, Flux, JSM, a step of Slurm. The
/// shell of a batch script, which Slurm gives the number of tasks of the whole job, is alone.
LaunchedSize launched_size();

/// Whether MPI will find other ranks, as far as can be told before it has started: Open MPI, PMI or PMIx started them.
bool is_launched_by_mpi();

/// Throws Error where MPI knows this rank alone and the launcher started several.
void require_whole_launch(const Communicator& world);

/// While it lives, a process that ends says what helps. For MPI_Init, in which some libraries end the process where the
/// launcher speaks no language of theirs; only in a step of Slurm without PMIx, which is where they do so.
class StartWatch {
 public:
  StartWatch();
  ~StartWatch();
  StartWatch(const StartWatch&) = delete;
  StartWatch& operator=(const StartWatch&) = delete;

 private:
  int line_ = -1;  // to a child that waits for a word on it
  int child_ = -1;
};

}  // namespace landscape
