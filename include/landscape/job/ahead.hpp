// Rows that are evaluated while rank 0 still trains: those of a checkpoint of a training's path need nothing else of
// it, so that the other ranks take every checkpoint as it comes and keep what they find until there is a file to put it
// in. What they have not reached when the training ends, all ranks evaluate together, as always.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/io/landscape_file.hpp"
#include "landscape/job/analysis.hpp"
#include "landscape/job/evaluation.hpp"
#include "landscape/job/output.hpp"
#include "landscape/job/setup.hpp"
#include "landscape/parallel/feed.hpp"

namespace landscape {

class AheadRows {
 public:
  /// Collective. Which ranks take part: where the analysis has rows of checkpoints, all but rank 0, and of its node
  /// none where the training takes more cores than its own.
  AheadRows(const Communicator& comm, const Setup& setup, LossBackend& backend, const OutputClaim& claim);

  bool is_wanted() const { return n_workers_ > 0; }

  /// Rank 0, in its trainings: checkpoints of the path that were not told yet.
  void tell(LossKind loss, const TrainingPath& path);
  /// Rank 0, always: the last word; waits for the other ranks to hear it.
  void close();
  /// Other ranks: evaluates what is told until the last word. What fails is thrown then.
  void evaluate();

  /// Collective: writes the rows into the file, marks them, and takes them off the open ones. Without any, nothing.
  EvaluationOutcome keep(LandscapeFile& file, std::span<const Work> work, std::vector<OpenRows>& open);

 private:
  struct Told {
    LossKind loss;
    std::int64_t checkpoint;
  };
  struct Row {
    std::size_t work;
    std::int64_t row;
    std::vector<double> values;  // (columns)
  };
  void listen();
  void evaluate_checkpoint(const Told& told);
  void evaluate_rows(std::size_t work, const LineSet& lines, WorkRange rows);

  const Communicator& comm_;
  const Setup& setup_;
  LossBackend& backend_;
  Feed feed_;
  std::vector<Work> work_;
  int n_workers_ = 0, worker_ = -1;         // this rank's number among them
  std::map<LossKind, std::size_t> n_told_;  // of rank 0
  std::vector<Minimizer> minimizers_;       // of the others: with the path as far as it is known
  std::deque<Told> told_;
  std::vector<Row> rows_;
  std::vector<double> seconds_;  // by work
};

}  // namespace landscape
