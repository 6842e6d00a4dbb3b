// Every command, in the order of --help.
#include "landscape/analysis/commands.hpp"

#include "landscape/analysis/file_commands.hpp"
#include "landscape/job/job.hpp"

namespace landscape {

std::span<const Command> command_table() {
  static const std::vector<Command> table{
      {"roughness", "[options]", "train or load, evaluate profiles, print the index",
       "--directions 20 --output landscape.h5", &roughness_analysis(), run_analysis},
      {"train", "[options]", "train and store the minimizers only", "train --epochs 2000 --output minimizers.h5",
       nullptr, train_only},
      {"sweep", "[options]", "the index for lists of half-widths and intervals in one pass",
       "sweep --minimizer minimizers.h5 --sweep-radius 0.01,0.1 --output sweep.h5", &sweep_analysis(), run_analysis},
      {"directions", "[options]", "the index along other kinds of directions, side by side",
       "directions --minimizer minimizers.h5 --directions 20 --output directions.h5", &directions_analysis(),
       run_analysis},
      {"surface", "[options]", "losses on a plane: random, or through minimizers",
       "surface --minimizer minimizers.h5 --through ritz,galerkin --output line.h5", &surface_analysis(), run_analysis},
      {"trajectory", "[options]", "the index along trainings, every few epochs",
       "trajectory --epochs 2000 --every 500 --directions 20 --output trajectory.h5", &trajectory_analysis(),
       run_analysis},
      {"spectrum", "[options]", "eigenvalues of each loss's Hessian at its minimizer",
       "spectrum --minimizer minimizers.h5 --output spectrum.h5", &spectrum_analysis(), run_analysis},
      {"study", "[options]", "many trainings by lists of options, and medians",
       "study --vary \"width=2,4 train-seed=1:3\" --epochs 200 --output study.h5", &study_analysis(), run_analysis},
      {"resume", "FILE", "go on with a file by its own settings and what is given",
       "resume landscape.h5 --directions 40", nullptr, resume_file, nullptr, 1},
      {"info", "FILE", "what an output file holds", "info landscape.h5", nullptr, nullptr, show_info, 1, {"settings"}},
      {"reduce",
       "FILE",
       "the report of a file again, from its profiles; needs no MPI",
       "reduce landscape.h5 --confidence 0.9",
       nullptr,
       nullptr,
       reduce_again,
       1,
       {"bootstrap", "confidence", "interval", "rank-tolerance", "seed", "quiet"}},
      {"compare",
       "A B",
       "is one file's landscape rougher than the other's",
       "compare landscape.h5 wider.h5",
       nullptr,
       nullptr,
       compare_files,
       2,
       {"bootstrap", "confidence", "seed", "losses", "quiet"}},
      {"distance",
       "FILES",
       "distances between minimizers, and each loss at each of them",
       "distance minimizers.h5 landscape.h5",
       nullptr,
       nullptr,
       measure_distances,
       1,
       {"losses", "quadrature", "problem", "frequency", "wavenumber", "diffusivity", "network", "activation",
        "as-published", "threads", "seed", "quiet"},
       true},
      {"verify",
       "FILE",
       "recompute a random subset of a file's losses and compare",
       "verify landscape.h5",
       nullptr,
       nullptr,
       verify_file,
       1,
       {"all", "device", "threads", "seed", "quiet"}},
  };
  return table;
}

}  // namespace landscape
