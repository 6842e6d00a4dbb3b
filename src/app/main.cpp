// landscape_mpi: how rough is the loss landscape of a neural PDE solver?
//
//   landscape_mpi                                        both losses in one dimension: train, 100 profiles each, report
//   mpirun -np 4 landscape_mpi --preset published-3d     a published case on four ranks
//   landscape_mpi --minimizer net.safetensors --losses galerkin --grid=-0.1:0.1:101
//   landscape_mpi --resume                               go on where a job stopped
//   landscape_mpi sweep --sweep-radius=0.1,1             the index against half-width and resolution, in one pass
//   landscape_mpi reduce landscape.h5                    the report again, from the file alone
//   landscape_mpi compare a.h5 b.h5                      is the one rougher than the other?
#include "landscape/analysis/commands.hpp"
#include "landscape/app/program.hpp"

int main(int argc, char** argv) { return landscape::run_program(landscape::command_table(), argc, argv); }
