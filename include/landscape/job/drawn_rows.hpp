// Step 5 of a job for rows that stand alone (Work::make_row): trainings and the like, each seconds to hours, of unlike
// length, on ranks of unlike speed. Every rank draws the next row when it is done with one, the dearest rows first, and
// marks it in the file by itself: nobody waits for the others before the last row is drawn, and a kill costs a rank the
// row that it is at. Rows that are made from those of other blocks (Work::needs) wait until these are whole and in the
// file, from which every rank then gets them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "landscape/io/landscape_file.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/job/evaluation.hpp"

namespace landscape {

/// All rows of a block, (rows, columns); nothing where one of them is missing or damaged.
std::optional<std::vector<double>> whole_block(const LandscapeReader& reader, const std::string& block);

/// Collective. open[i] belongs to work[i]; works whose rows do not stand alone are passed over. The outcome counts
/// rows. Between two stages the file is closed for a moment. Stops early, on all ranks together, where a rank was
/// signalled or the time limit has passed: a row that was begun is then given up.
EvaluationOutcome draw_rows(const Communicator& comm, const Setup& setup, std::span<const Work> work,
                            std::span<const OpenRows> open, LandscapeFile& file);

}  // namespace landscape
