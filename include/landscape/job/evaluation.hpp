// Step 5 of a job: the items that are still missing, evaluated in rounds and written to the shared file.
//
// Each block has a list of open items (row, column). A round takes a slice of every list, of the same number of items,
// and cuts each slice into one contiguous range per rank: so every rank has its share of the cheap and of the dear
// loss, and a job that stops half-way leaves the first directions of both. A rank's range is as long as it was fast in
// the rounds before. Indivisible rows go to one rank as a whole.
// After a round the file is safe to reopen. A round costs all ranks an exchange or two and the disk a few flushes; it
// is made long enough for that to be a tenth of it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/io/landscape_file.hpp"
#include "landscape/job/output.hpp"
#include "landscape/job/setup.hpp"
#include "landscape/profile/work_partition.hpp"

namespace landscape {

/// The items of a range of the open list, as contiguous ranges of the flat list. rows ascending.
std::vector<ItemRange> contiguous_items(std::span<const std::int64_t> rows, std::int64_t n_columns, WorkRange open);

/// Of the items [begin, end) of an open list, those of one rank, by the speeds of all (n_ranks). Pieces of
/// `least_items` stay whole, so that a slice ends at the last whole piece, and at `n_items` all are taken: slices that
/// follow each other leave none out.
WorkRange share_of(WorkRange slice, std::int64_t n_items, std::int64_t least_items, int rank,
                   std::span<const double> speeds);

struct EvaluationOutcome {
  std::int64_t n_items = 0;  // that were open
  std::int64_t n_done = 0;   // of them, by all ranks
  std::int64_t n_rounds = 0;
  std::vector<double> seconds;  // by work: mean over ranks of the time spent evaluating it
  std::vector<double> busy;     // by rank: seconds of evaluating
  double wall_seconds = 0.0;
  bool complete() const { return n_done == n_items; }
  void add(const EvaluationOutcome& more);
};

/// Collective. lines[i] and open[i] belong to work[i]; works whose rows stand alone are passed over. The backend holds
/// the run's own points, before and after. Stops early, on all ranks together, where a rank was signalled or the time
/// limit has passed.
EvaluationOutcome evaluate_rows(const Communicator& comm, const Setup& setup, LossBackend& backend,
                                std::span<const Work> work, std::span<const LineSet* const> lines,
                                std::span<const OpenRows> open, LandscapeFile& file);

}  // namespace landscape
