// How a job ends under Open MPI's mpirun. A process that exits with a code other than 0 makes mpirun print two framed
// messages beneath what the program has said; one that asks by PMIx_Abort for the job to be ended with that code makes
// it print nothing, and mpirun's own exit code is the same [PMIx standard 4.1, section 10.1; Open MPI 4,
// orte/mca/errmgr/default_hnp]. MPI_Abort would frame a message of its own.
#pragma once

namespace landscape {

/// Flushes everything printed and asks mpirun to end all ranks with this exit code. false, and nothing is asked, where
/// mpirun does not wait for this very process (srun, a debugger or a shell between them, no launcher) or PMIx cannot be
/// reached.
bool end_all_ranks(int exit_code);

/// Every rank's last call, after MPI_Finalize or without MPI: returns exit_code, which main returns. Where ranks have
/// failed together, rank 0, which has said why, ends the job under mpirun; the others wait until they are ended, for
/// some seconds at most.
int leave_job(int exit_code);

/// Before a process that does without MPI says why it fails: the ranks of one mpirun mostly fail alike, so that the
/// others give rank 0 the time to say so for all and to end them. Where it does not, each speaks for itself.
void let_first_rank_speak();

}  // namespace landscape
