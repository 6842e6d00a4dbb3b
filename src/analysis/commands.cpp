// Every command, in the order of --help.
#include "landscape/analysis/commands.hpp"

#include "landscape/analysis/file_commands.hpp"
#include "landscape/job/job.hpp"

namespace landscape {

std::span<const Command> command_table() {
  static const std::vector<Command> table{
      {"roughness", "[options]", "train or load, evaluate profiles, print the index", &roughness_analysis(),
       run_analysis},
      {"train", "[options]", "train and store the minimizers only", nullptr, train_only},
      {"sweep", "[options]", "the index for lists of half-widths and intervals in one pass", &sweep_analysis(),
       run_analysis},
      {"surface", "[options]", "losses on a plane: random, or through minimizers", &surface_analysis(), run_analysis},
      {"trajectory", "[options]", "the index along trainings, every few epochs", &trajectory_analysis(), run_analysis},
      {"spectrum", "[options]", "eigenvalues of each loss's Hessian at its minimizer", &spectrum_analysis(),
       run_analysis},
      {"resume", "FILE", "go on with a file by its own settings and what is given", nullptr, resume_file, nullptr, 1},
      {"info", "FILE", "what an output file holds", nullptr, nullptr, show_info, 1, {"settings"}},
      {"reduce",
       "FILE",
       "the report of a file again, from its profiles; needs no MPI",
       nullptr,
       nullptr,
       reduce_again,
       1,
       {"bootstrap", "confidence", "interval", "seed", "quiet"}},
      {"compare",
       "A B",
       "is one file's landscape rougher than the other's",
       nullptr,
       nullptr,
       compare_files,
       2,
       {"bootstrap", "confidence", "seed", "losses", "quiet"}},
      {"distance",
       "FILES",
       "distances between minimizers, and each loss at each of them",
       nullptr,
       nullptr,
       measure_distances,
       1,
       {"losses", "quadrature", "problem", "network", "activation", "as-published", "threads", "seed", "quiet"},
       true},
      {"verify",
       "FILE",
       "recompute a random subset of a file's losses and compare",
       nullptr,
       nullptr,
       verify_file,
       1,
       {"all", "device", "threads", "seed", "quiet"}},
  };
  return table;
}

}  // namespace landscape
