// The output file's life as the job sees it: claimed before hours of work are spent, created once, resumed where asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "landscape/io/landscape_file.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/output_lock.hpp"
#include "landscape/job/analysis.hpp"
#include "landscape/job/setup.hpp"

namespace landscape {

enum class OutputPlan {
  create,   // a new file
  replace,  // over an existing one, once there is something to put there
  resume,   // the file is there, of this calculation
  extend    // the same with fewer directions: its rows are kept in a larger file
};

/// What rank 0 holds from the claim to the end of the job; the other ranks know the plan and the settings only.
struct OutputClaim {
  OutputPlan plan = OutputPlan::create;
  RunConfig config;                     // the run's, with what the file to go on with decides
  std::int64_t earlier_directions = 0;  // of a file to be extended
  std::optional<OutputLock> lock;
  std::optional<LandscapeReader> earlier;  // the file to go on with, until prepare_output()
  bool nothing_to_resume = false;          // --resume without a file: the job starts anew
  bool replaces_checkpoints = false;       // of stopped trainings, by --overwrite
  bool lacks_directions = false;           // --save-directions, but the file was begun without

  /// The file is there and its minimizers and rows count.
  bool goes_on() const { return plan == OutputPlan::resume || plan == OutputPlan::extend; }
};

/// Collective. Rank 0 looks at --output, --overwrite and --resume; with `take_lock` it also takes the lock. A job with
/// --until-ci goes on with the directions that an earlier one reached, and whether directions are stored is settled by
/// the file: the claim's config says so.
/// Throws UsageError where the file is in the way, or was made with other settings (and names these).
OutputClaim claim_output(const Communicator& comm, const Setup& setup, bool take_lock);

/// Rows of one block that are still to be computed, ascending.
using OpenRows = std::vector<std::int64_t>;

/// The whole file to be, from what is known after the training; without blocks where nothing is evaluated.
FileLayout file_layout(const Setup& setup, const std::vector<Minimizer>& minimizers);

/// Collective: makes, replaces or extends the file as the claim planned, or marks a resumed one as running; then the
/// training's checkpoints have served. By work: the rows still to be computed, all of a new file's, or those that a
/// resumed one lacks (or holds damaged).
std::vector<OpenRows> prepare_output(const Communicator& comm, const Setup& setup, std::span<const Work> work,
                                     const std::vector<Minimizer>& minimizers, OutputClaim& claim);

}  // namespace landscape
