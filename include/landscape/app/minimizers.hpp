// Step 3 of a job: one minimizer per loss, trained or loaded by rank 0 and the same on all ranks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "landscape/app/output.hpp"
#include "landscape/app/setup.hpp"

namespace landscape {

/// Collective. In the order of config.losses. Of a resumed output file they are read from it; else loaded where the
/// configuration names a file; else trained, going on from a checkpoint under --resume. Empty where the job was asked
/// to stop: then the checkpoints are on the disk, and rank 0 has said so.
std::optional<std::vector<Minimizer>> obtain_minimizers(const Communicator& comm, const Setup& setup,
                                                        const OutputClaim& claim);

/// Of everything that the training of `loss` depends on: the hash that its checkpoint carries.
std::string training_hash(const RunConfig& config, LossKind loss);

/// "  ritz      loss -2.467401, relative L2 error 1.2e-05, 1.3 s (adam ...)"
std::string describe_minimizer(const Minimizer& minimizer);

/// Whether this rank was signalled, or the job's time limit has passed.
bool should_stop(const Setup& setup);

/// "SIGUSR1" or "the time limit", for messages.
std::string stop_reason(const Setup& setup);

}  // namespace landscape
