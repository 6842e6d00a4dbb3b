// landscape_mpi: how rough is the loss landscape of a neural PDE solver?
//
//   landscape_mpi                                        both losses in one dimension: train, 100 profiles each, report
//   mpirun -np 4 landscape_mpi --preset published-3d     a published case on four ranks
//   landscape_mpi --minimizer net.safetensors --losses galerkin --grid=-0.1:0.1:101
//   landscape_mpi --resume                               go on where a job stopped
//   landscape_mpi sweep --sweep-radius=0.1,1             the index against half-width and resolution, in one pass
//   landscape_mpi reduce landscape.h5                    the report again, from the file alone
//   landscape_mpi compare a.h5 b.h5                      is the one rougher than the other?
//
// The job is the steps of `measure_roughness`, numbered as in the design's data flow.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "landscape/app/convergence.hpp"
#include "landscape/app/dry_run.hpp"
#include "landscape/app/evaluation.hpp"
#include "landscape/app/minimizers.hpp"
#include "landscape/app/output.hpp"
#include "landscape/app/point_sets.hpp"
#include "landscape/app/precision_check.hpp"
#include "landscape/app/reduction.hpp"
#include "landscape/app/report.hpp"
#include "landscape/app/serial_commands.hpp"
#include "landscape/app/setup.hpp"
#include "landscape/app/sweep.hpp"
#include "landscape/app/text.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/model/error.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/job_end.hpp"
#include "landscape/parallel/launch.hpp"
#include "landscape/parallel/mpi_session.hpp"
#include "landscape/parallel/stop_signals.hpp"

namespace landscape {
namespace {

constexpr const char* kProgram = "landscape_mpi";
constexpr const char* kLostOutput =
    "Standard output cannot be written: point it elsewhere; `reduce` prints a file's report again.";
constexpr int kDone = 0, kError = 1, kUsage = 2, kStopped = 75;

void say(const Communicator& comm, const Setup& setup, const std::string& text) {
  if (!comm.is_root() || setup.config.quiet) return;
  print_now(text);
}

const char* training_title(const Setup& setup) {
  return setup.training_device == "cuda" ? "Training on the GPU\n" : "Training\n";
}

int stop_with(const Communicator& comm, const Setup& setup, const std::string& what) {
  if (comm.is_root())
    fmt::print(stderr, "{}: stopped by {} {}; go on with --resume.\n", kProgram, stop_reason(setup), what);
  return kStopped;
}

std::vector<LineSet> lines_of(const Communicator& comm, const RunConfig& config,
                              const std::vector<Minimizer>& minimizers) {
  std::vector<LineSet> lines;
  for (const Minimizer& minimizer : minimizers) {
    std::vector<double> given;
    if (!config.directions_from.empty()) {
      given = root_only(comm, [&] {
        const std::size_t n = minimizer.theta.size();
        auto rows = read_directions(config.directions_from, minimizer.loss, static_cast<std::int64_t>(n));
        rows.resize(std::min(rows.size(), static_cast<std::size_t>(config.most_directions()) * n));
        return rows;
      });
    }
    lines.push_back(collectively(comm, [&] { return make_lines(config, minimizer, given); }));
  }
  return lines;
}

// Rank 0, the file being closed: every result into its place, then the file's state.
Report reduce_and_store(const Setup& setup, const EvaluationOutcome& outcome, const OutputClaim& claim,
                        const std::vector<std::vector<double>>& noise) {
  const std::string& path = setup.config.output;
  if (!noise.empty()) {
    ResultWriter writer(path);
    for (std::size_t i = 0; i < noise.size(); ++i) writer.write_noise(setup.config.losses[i], noise[i]);
    writer.close();
  }
  Report report =
      reduce_profiles(LandscapeReader(path), setup.config, noise.empty() ? NoiseState::as_stated : NoiseState::written);
  ResultWriter writer(path);
  for (LossReport& loss : report.losses) {
    const int which = static_cast<int>(loss.loss);
    loss.evaluation_seconds = claim.earlier_seconds[which] + outcome.seconds[which];
    writer.write(loss.loss, direction_results(loss));
  }
  for (const ResultGroup& group : roughness_results(setup.config, &report)) writer.write(group);
  writer.set_state(RunState::complete);
  writer.close();
  return report;
}

// The same of a sweep.
SweepReport reduce_and_store_sweep(const Setup& setup, const EvaluationOutcome& outcome, const OutputClaim& claim) {
  SweepReport report = reduce_sweep(LandscapeReader(setup.config.output), setup.config);
  ResultWriter writer(setup.config.output);
  for (SweepLoss& loss : report.losses) {
    const int which = static_cast<int>(loss.loss);
    loss.evaluation_seconds = claim.earlier_seconds[which] + outcome.seconds[which];
  }
  for (const ResultGroup& group : sweep_results(setup.config, &report)) writer.write(group);
  writer.set_state(RunState::complete);
  writer.close();
  return report;
}

// Rank 0, the file being closed: what a later run needs to add up the time spent. Returns the number of losses that it
// will evaluate: rows that were only begun, it computes from their start.
std::int64_t store_stopped(const Setup& setup, const EvaluationOutcome& outcome, const OutputClaim& claim) {
  ResultWriter writer(setup.config.output);
  writer.invalidate_all();
  for (const LossKind loss : setup.config.losses) {
    const int which = static_cast<int>(loss);
    writer.write(main_group(setup.config, loss), "evaluation_seconds",
                 claim.earlier_seconds[which] + outcome.seconds[which]);
  }
  writer.set_state(RunState::stopped);
  writer.close();
  const LandscapeReader reader(setup.config.output);
  std::int64_t n_left = 0;
  for (const ProfileKey key : profile_keys(setup.config))
    n_left += (reader.n_directions(key.loss) - reader.n_complete_rows(key)) * reader.n_steps(key.loss);
  return n_left;
}

// Collective, the file being closed: how many directions --until-ci goes on with, 0 where it is done.
std::int64_t next_directions(const Communicator& comm, const Setup& setup) {
  if (!(setup.config.until_ci > 0.0)) return 0;
  struct Next {
    std::int64_t n_directions;
  };
  const Next next = root_only(comm, [&] {
    const Report report = reduce_profiles(LandscapeReader(setup.config.output), setup.config);
    const std::int64_t n = directions_to_go_on_with(report);
    if (n > 0 && !setup.config.quiet) {
      print_now(fmt::format("{} directions: relative half-width {}; going on to {}\n",
                            count_text(setup.config.n_directions), half_widths_text(report), count_text(n)));
    }
    return Next{n};
  });
  return next.n_directions;
}

int measure_roughness(const Communicator& comm, const Invocation& invocation) {
  // 1. Rank 0 reads options and files; every rank parses the text that it broadcasts.
  Setup setup = set_up(comm, invocation);
  const RunConfig& config = setup.config;

  // 2. The output file: everything that can be known to be wrong is said now. The lock is held until the end.
  OutputClaim claim = claim_output(comm, setup, !config.dry_run);
  say(comm, setup, header_text(setup, comm.size(), claim));
  if (config.dry_run) {
    const std::string text = dry_run_text(comm, setup);
    if (comm.is_root()) print_now(text);
    return kDone;
  }

  // 3. One minimizer per loss, trained or loaded by rank 0, then the same on all ranks.
  say(comm, setup, config.trains_any() && !claim.goes_on() ? training_title(setup) : "Minimizers\n");
  const auto minimizers = obtain_minimizers(comm, setup, claim);
  if (!minimizers) return stop_with(comm, setup, "during the training, whose checkpoint is kept");

  const auto backend = make_backend(comm, setup);
  const std::vector<LineSet> lines = lines_of(comm, config, *minimizers);
  EvaluationOutcome outcome;
  while (true) {
    // 4. The file with everything it will ever hold; from here on only raw data changes.
    root_only(comm, [&] { prepare_output(setup, *minimizers, claim); });

    // 5. Every rank's share of the losses that are not there yet, in rounds.
    const std::vector<OpenRows> open = open_rows(comm, setup, claim);
    LandscapeFile file = LandscapeFile::open_parallel(config.output, comm);
    outcome.add(evaluate_profiles(comm, setup, claim, *backend, lines, open, file));
    file.close();
    if (!outcome.complete()) {
      const std::int64_t n_left = root_only(comm, [&] { return store_stopped(setup, outcome, claim); });
      return stop_with(comm, setup,
                       fmt::format("with {} of {} losses left", count_text(n_left), count_text(config.n_items())));
    }
    // With --until-ci, 4 and 5 again with more directions, until the intervals are short enough.
    const std::int64_t next = next_directions(comm, setup);
    if (next == 0) break;
    claim.plan = OutputPlan::extend;
    setup.config.n_directions = next;
  }
  say(comm, setup,
      fmt::format("Evaluated   {} losses in {} on {}\n\n", count_text(outcome.n_done),
                  duration_text(outcome.wall_seconds), backend->describe()));

  const auto noise = single_precision_noise(comm, setup, lines);

  // 6. T per direction is read back from the file and reduced in direction order; the results are stored.
  // 7. The report.
  root_only(comm, [&] {
    print_now(config.is_sweep() ? sweep_text(reduce_and_store_sweep(setup, outcome, claim))
                                : report_text(reduce_and_store(setup, outcome, claim, noise)));
  });
  return kDone;
}

int train_only(const Communicator& comm, const Invocation& invocation) {
  Setup setup = set_up(comm, invocation);
  const OutputClaim claim = claim_output(comm, setup, !setup.config.dry_run);
  say(comm, setup, header_text(setup, comm.size(), claim));
  if (setup.config.dry_run) {
    const std::string text = dry_run_text(comm, setup);
    if (comm.is_root()) print_now(text);
    return kDone;
  }
  say(comm, setup, training_title(setup));
  const auto minimizers = obtain_minimizers(comm, setup, claim);
  if (!minimizers) return stop_with(comm, setup, "during the training, whose checkpoint is kept");
  root_only(comm, [&] { prepare_output(setup, *minimizers, claim); });
  return kDone;
}

// Help, version and the commands that read a file: no MPI, and no part in a launch; every process speaks for itself
// (but see let_first_rank_speak()).
int run_serial(const Invocation& invocation) {
  if (invocation.help) {
    fmt::print("{}", help_text());
  } else if (invocation.version) {
    fmt::print("{}\n", version_text());
  } else if (invocation.command == Command::info) {
    show_info(invocation);
  } else if (invocation.command == Command::reduce) {
    reduce_again(invocation);
  } else if (invocation.command == Command::compare) {
    compare_files(invocation);
  } else {
    verify_file(invocation);
  }
  return kDone;
}

int fail(const std::exception& error, int code) {
  let_first_rank_speak();
  const char* message = std::ferror(stdout) != 0 ? kLostOutput : error.what();
  fmt::print(stderr, "{}: {}\n", kProgram, message);
  return code;
}

// What the arguments say, or what is wrong with them.
struct CommandLine {
  Invocation invocation;
  std::optional<UsageError> error;

  explicit CommandLine(const std::vector<std::string>& arguments) {
    try {
      invocation = parse_command_line(arguments);
    } catch (const UsageError& wrong) {
      error = wrong;
      is_serial_ = names_serial_command(arguments);
    }
  }
  // Ranks of one launch say what is wrong once: to know that they all mean the same, they need MPI.
  bool uses_mpi() const { return error ? !is_serial_ && is_launched_by_mpi() : invocation.uses_mpi(); }

 private:
  bool is_serial_ = false;
};

// A report that went nowhere is no success.
void require_written_report() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw Error(kLostOutput);
}

int run(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    const CommandLine line(arguments);
    if (!line.uses_mpi()) {
      if (line.error) throw UsageError(*line.error);
      const int code = run_serial(line.invocation);
      require_written_report();
      return code;
    }
    const StopSignals signals;  // before MPI and beyond it: a signal must never end one rank by itself
    MpiSession session(argc, argv);
    return session.run(kProgram, [&](const Communicator& comm) {
      collectively(comm, [&] {
        if (line.error) throw UsageError(*line.error);
      });
      require_whole_launch(comm);
      const int code = line.invocation.command == Command::train ? train_only(comm, line.invocation)
                                                                 : measure_roughness(comm, line.invocation);
      root_only(comm, require_written_report);
      return code;
    });
  } catch (const UsageError& error) {
    return fail(error, kUsage);
  } catch (const std::exception& error) {
    return fail(error, kError);
  }
}

}  // namespace
}  // namespace landscape

int main(int argc, char** argv) { return landscape::leave_job(landscape::run(argc, argv)); }
