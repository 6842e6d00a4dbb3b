// The output file while a job writes it. Everything the file will ever hold is created once, by rank 0 with the serial
// driver, under a temporary name that is renamed to the output when it is whole; afterwards only raw data changes, so a
// kill at any moment leaves a file that opens. A round of a rank is: its losses - made durable - row checksums and
// completion mask of these - made durable; then, when all ranks are there, the checksums of rows that ranks share.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "landscape/io/attributes.hpp"
#include "landscape/io/results.hpp"
#include "landscape/model/minimizer.hpp"
#include "landscape/parallel/communicator.hpp"
#include "landscape/quadrature/quadrature.hpp"

namespace landscape {

inline constexpr std::int64_t kFormatVersion = 4;
inline constexpr int kMostPointSets = 1000;

/// State of the whole file: a killed job's file still says running, but nobody holds its OutputLock.
enum class RunState { running, stopped, complete };
std::string to_string(RunState state);

/// Root attributes.
struct RunInfo {
  std::string program = "landscape_mpi";
  std::string version;
  std::string git_revision;
  std::string config;       // whole resolved text, UTF-8, at most 60 000 bytes
  std::string config_hash;  // of what must be equal for a resume
  std::string created;      // ISO 8601, UTC; filled in by create() where empty
};

/// The profiles of one loss: with the points of the run (set 0), or with one of its further point sets.
struct ProfileKey {
  LossKind loss = LossKind::ritz;
  int set = 0;
  ProfileKey(LossKind of, int with_set = 0) : loss(of), set(with_set) {}
  friend bool operator==(const ProfileKey&, const ProfileKey&) = default;
};

/// /minimizer/<loss> and, with n_directions > 0, /profiles/<loss>.
struct LossLayout {
  Minimizer minimizer;            // names the loss
  std::int64_t n_directions = 0;  // M
  std::vector<double> steps;      // (P)
  bool save_directions = false;   // /profiles/<loss>/direction (M,n)
  AttributeList attributes;       // of /profiles/<loss>: grid, norm, bias, seed, ...
  bool noise = false;             // /profiles/<loss>/noise (M)
  bool direction_results = true;  // total_variation, slope_changes, shape_class (M)
  /// /profiles/<loss>/point_sets/1, 2, ...: the same profiles with further point sets. Attributes of each.
  std::vector<AttributeList> point_sets;
};

struct FileLayout {
  RunInfo run;
  std::string problem;  // the equation's name
  std::string pde;      // the equation in words: "-laplace u = f in (0,1)^d, u = 0 on the boundary"
  int dimension = 1;
  std::string exact_solution;        // in words: "prod sin(pi x_i)"
  AttributeList problem_attributes;  // further ones of /problem: quadrature, seed, ...
  PointSet points;                   // of the profiles; may be empty (command train)
  std::vector<LossLayout> losses;
  std::vector<ResultGroup> results;  // each gets a state: "pending", later "complete"
};

enum class ExistingOutput { refuse, replace };

/// Bytes that a file of this layout takes on the disk, a little rounded up.
std::uint64_t file_size_estimate(const FileLayout& layout);

/// Per-direction results of one loss, each (M); real numbers that are undefined are NaN.
struct DirectionResults {
  std::vector<double> total_variation;
  std::vector<std::int64_t> slope_changes;
  std::vector<std::uint8_t> shape_class;
  std::vector<double> tilt;            // the part of total_variation that the ends make
  std::vector<double> end_asymmetry;   // (f_m - f_0) / (max - min)
  std::vector<double> minimum_offset;  // of the lowest step from s = 0, unit of s
  std::vector<double> curvature;       // f'' at the step nearest s = 0
  std::vector<double> noise{};         // of rounding, unit of f; empty where the layout did not ask for it
};

class LandscapeFile {
 public:
  /// Rank 0 alone (within root_only). Writes the whole file, reserves its disk space, makes it durable and renames it
  /// to `path`. Throws UsageError where `path` exists and may not be replaced, Error that names needed and free bytes
  /// where space is lacking; leaves no temporary file behind.
  static void create(const std::string& path, const FileLayout& layout,
                     ExistingOutput existing = ExistingOutput::refuse);

  /// Rank 0 alone (within root_only). Replaces the file at `path` by one of this layout, which has more directions and
  /// is the same otherwise, with every intact row of losses taken over bit for bit. All as create(): at any moment the
  /// one or the other file is there, whole.
  static void extend(const std::string& path, const FileLayout& layout);

  /// Collective: opens the file for the rounds on all ranks. Throws on all ranks alike, also where a rank sees another
  /// file there.
  static LandscapeFile open_parallel(const std::string& path, const Communicator& comm);

  LandscapeFile(LandscapeFile&&) noexcept;
  LandscapeFile& operator=(LandscapeFile&&) noexcept;
  /// Closes where all ranks get here together; leaves the file to MPI_Abort where this rank unwinds alone.
  ~LandscapeFile();

  std::int64_t n_directions(LossKind loss) const;  // M
  std::int64_t n_steps(LossKind loss) const;       // P

  /// Rank-local (call within collectively). losses[i] is item first_item + i of the flat list direction * P + step. Not
  /// marked as complete before commit_round(). Any number of calls per round, also none.
  void write_losses(ProfileKey key, std::int64_t first_item, std::span<const double> losses);
  /// Rank-local. Row `direction` (n) of /profiles/<loss>/direction, which the layout must have asked for.
  void write_direction(LossKind loss, std::int64_t direction, std::span<const double> values);

  /// Collective: makes this round's losses durable, then marks them as complete and writes the checksum of every
  /// direction whose last missing item was among them, whichever ranks and rounds computed it. It is mark_losses(), one
  /// exchange between all ranks and, where rows are shared, finish_rows() and another exchange.
  void commit_round();
  /// Rank-local: makes what this rank wrote in this round durable and marks it; the number of rows of which another
  /// call, rank or round has the rest.
  std::int64_t mark_losses();
  /// Rank-local, and only once all ranks are known to have marked theirs: ends the round.
  void finish_rows();

  /// Collective. What was written but not committed stays unmarked.
  void close();

 private:
  struct Impl;
  explicit LandscapeFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Rank 0 alone, while the file is not open in parallel: writes results into their places with the serial driver.
class ResultWriter {
 public:
  explicit ResultWriter(const std::string& path);
  ResultWriter(ResultWriter&&) noexcept;
  ResultWriter& operator=(ResultWriter&&) noexcept;
  ~ResultWriter();

  void write(LossKind loss, const DirectionResults& results);
  /// Overwrites all results of a group and sets its state to "complete". Throws Error where a name, a type or a shape is
  /// not the layout's, or a text is longer than its place.
  void write(const ResultGroup& results);
  /// /profiles/<loss>/noise (M), which the layout must have asked for.
  void write_noise(LossKind loss, const std::vector<double>& noise);
  /// One result of a group, whatever the group's state.
  void write(const std::string& group, const std::string& name, const ResultValue& value);
  /// Sets every result group of the file to "pending": before rows change that results were made of.
  void invalidate_all();
  /// Makes everything written so far durable, then sets the root's state.
  void set_state(RunState state);
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landscape
