// The output file's life as the job sees it: claimed before hours of work are spent, created once, resumed where asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "landscape/app/setup.hpp"
#include "landscape/io/landscape_file.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/output_lock.hpp"

namespace landscape {

enum class OutputPlan {
  create,   // a new file
  replace,  // over an existing one, once there is something to put there
  resume,   // the file is there, of this calculation
  extend    // the same with fewer directions: its rows are kept in a larger file
};

/// What rank 0 holds from the claim to the end of the job; the other ranks know the first two members only.
struct OutputClaim {
  OutputPlan plan = OutputPlan::create;
  bool stores_directions = false;
  std::int64_t earlier_directions = 0;  // of a file to be extended
  std::optional<OutputLock> lock;
  bool nothing_to_resume = false;          // --resume without a file: the job starts anew
  bool replaces_checkpoints = false;       // of stopped trainings, by --overwrite
  double earlier_seconds[2] = {0.0, 0.0};  // evaluation time of an interrupted job, by LossKind

  /// The file is there and its minimizers and rows count.
  bool goes_on() const { return plan == OutputPlan::resume || plan == OutputPlan::extend; }
};

/// Collective. Rank 0 looks at --output, --overwrite and --resume; with `take_lock` it also takes the lock. A job with
/// --until-ci goes on with the directions that an earlier one reached: setup.config then says so.
/// Throws UsageError where the file is in the way, or was made with other settings (and names these).
OutputClaim claim_output(const Communicator& comm, Setup& setup, bool take_lock);

/// Rows of one loss and point set that are still to be computed, ascending.
struct OpenRows {
  ProfileKey key = LossKind::ritz;
  std::vector<std::int64_t> rows;
};

/// Everything that is evaluated: every loss with its point sets.
std::vector<ProfileKey> profile_keys(const RunConfig& config);

/// Collective: all rows of a new file, or those that a resumed one lacks (or holds damaged).
std::vector<OpenRows> open_rows(const Communicator& comm, const Setup& setup, const OutputClaim& claim);

/// The whole file to be, from what is known after the training. Command train has no profiles.
FileLayout file_layout(const Setup& setup, const std::vector<Minimizer>& minimizers);

/// Rank 0: makes, replaces or extends the file as the claim planned, or marks a resumed one as running; then the
/// training's checkpoints have served.
void prepare_output(const Setup& setup, const std::vector<Minimizer>& minimizers, const OutputClaim& claim);

/// "roughness/ritz"
std::string result_group(LossKind loss);
/// The group that holds a loss's evaluation_seconds: result_group(), or sweep_group() of a sweep.
std::string main_group(const RunConfig& config, LossKind loss);
inline constexpr const char* kComparisonGroup = "roughness/comparison";

/// The device that the profiles were evaluated on, "cpu" or "cuda".
std::string device_of(const LandscapeReader& reader, LossKind loss);

/// The equation of a file. Throws Error where it is none of this program's.
Problem problem_of(const LandscapeReader& reader);

}  // namespace landscape
