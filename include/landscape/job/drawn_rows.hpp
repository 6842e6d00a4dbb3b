// Step 5 of a job for rows that stand alone (Work::make_row): trainings and the like, each seconds to hours, of unlike
// length, on ranks of unlike speed. Every rank draws the next row when it is done with one, the dearest rows first, and
// marks it in the file by itself: nobody waits for the others before the last row is drawn, and a kill costs a rank the
// row that it is at.
#pragma once

#include <span>

#include "landscape/io/landscape_file.hpp"
#include "landscape/job/evaluation.hpp"

namespace landscape {

/// Collective. open[i] belongs to work[i]; works whose rows do not stand alone are passed over. The outcome counts
/// rows. Stops early, on all ranks together, where a rank was signalled or the time limit has passed: a row that was begun is
/// then given up.
EvaluationOutcome draw_rows(const Communicator& comm, const Setup& setup, std::span<const Work> work,
                            std::span<const OpenRows> open, LandscapeFile& file);

}  // namespace landscape
