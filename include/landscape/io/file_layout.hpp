// What an output file consists of: what is asked of one that is to be made, and known of one that is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "landscape/io/attributes.hpp"
#include "landscape/io/block.hpp"
#include "landscape/io/results.hpp"
#include "landscape/model/minimizer.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

inline constexpr std::int64_t kFormatVersion = 8;

/// State of the whole file: a killed job's file still says running, but nobody holds its OutputLock.
enum class RunState { running, stopped, complete };
std::string to_string(RunState state);

/// Root attributes.
struct RunInfo {
  std::string program = "landscape_mpi";
  std::string version;
  std::string git_revision;
  std::string command;      // that made it
  std::string device;       // that its blocks are computed on: "cpu", "cuda"
  std::string config;       // whole resolved text, UTF-8
  std::string config_hash;  // of what must be equal for a resume
  std::string goal;         // settings that say how far the job goes on
  std::string created;      // ISO 8601, UTC; filled in by create() where empty
};

struct FileLayout {
  RunInfo run;
  std::string problem;  // the equation's name
  std::string pde;      // the equation in words: "-laplace u = f in (0,1)^d, u = 0 on the boundary"
  int dimension = 1;
  std::string exact_solution;        // in words: "prod sin(pi x_i)"
  AttributeList problem_attributes;  // further ones of /problem: quadrature, seed, ...
  PointSet points;                   // of the profiles; may be empty (command train)
  std::vector<Minimizer> minimizers;
  std::vector<Block> blocks;
  std::vector<ResultGroup> results;  // each gets a state: "pending", later "complete"
};

}  // namespace landscape
