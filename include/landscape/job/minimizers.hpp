// Step 3 of a job: one minimizer per loss, trained or loaded by rank 0 and the same on all ranks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "landscape/job/ahead.hpp"
#include "landscape/job/output.hpp"
#include "landscape/job/setup.hpp"

namespace landscape {

/// Loss, errors and gradient of a minimizer, measured anew whatever a file or training says, and what is warned of;
/// `points` are those of the profiles.
void measure_minimizer(const RunConfig& config, const PointSet& points, int threads, Minimizer& minimizer);

/// Collective. In the order of config.losses. Of a resumed output file they are read from it; else loaded where the
/// configuration names a file; else trained, going on from a checkpoint under --resume. Empty where the job was asked
/// to stop: then the checkpoints are on the disk, and rank 0 has said so. `ahead`, if not null, is told of the
/// trainings' paths, and evaluates on the other ranks meanwhile.
std::optional<std::vector<Minimizer>> obtain_minimizers(const Communicator& comm, const Setup& setup,
                                                        const OutputClaim& claim, AheadRows* ahead);

}  // namespace landscape
