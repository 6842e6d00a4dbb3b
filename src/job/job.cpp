// From settings to findings. Whatever rank 0 does alone ends on all ranks alike.
#include "landscape/job/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>

#include "landscape/config/text.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/job/analysis.hpp"
#include "landscape/job/drawn_rows.hpp"
#include "landscape/job/dry_run.hpp"
#include "landscape/job/evaluation.hpp"
#include "landscape/job/header.hpp"
#include "landscape/job/minimizers.hpp"
#include "landscape/job/output.hpp"
#include "landscape/job/resolve.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

constexpr const char* kDuringTraining = "during the training, whose checkpoint is kept";

void say(const Communicator& comm, const Setup& setup, const std::string& text) {
  if (comm.is_root() && !setup.config.quiet) print_now(text);
}

int stop_with(const Communicator& comm, const Setup& setup, const std::string& what) {
  if (comm.is_root())
    fmt::print(stderr, "landscape_mpi: stopped by {} {}; go on with --resume.\n", stop_reason(setup), what);
  return kStopped;
}

/// The lines of every work, none where rows stand alone; works of one name share theirs.
struct AllLines {
  std::vector<std::shared_ptr<const LineSet>> of_work;
  std::vector<const LineSet*> pointers() const {
    std::vector<const LineSet*> all;
    for (const auto& lines : of_work) all.push_back(lines.get());
    return all;
  }
};

// Nothing where the job was stopped while directions were made.
std::optional<AllLines> make_lines(const Communicator& comm, const Setup& setup,
                                   const std::vector<Minimizer>& minimizers) {
  const RunConfig& config = setup.config;
  const std::vector<Work> work = setup.analysis->work(config);
  AllLines all;
  std::vector<std::vector<double>> made;  // of rank 0
  if (std::ranges::any_of(work, &Work::makes_directions)) {
    const bool stopped = root_only(comm, [&] {
      try {
        made = setup.analysis->make_directions(setup, work, minimizers);
      } catch (const TrainingStopped&) {
        return true;
      }
      return false;
    });
    if (stopped) return std::nullopt;
  }
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (work[i].make_row) {
      all.of_work.push_back(nullptr);
      continue;
    }
    const auto same = std::find_if(work.begin(), work.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const Work& earlier) { return earlier.lines == work[i].lines; });
    if (const auto at = static_cast<std::size_t>(same - work.begin()); at < i) {
      all.of_work.push_back(all.of_work[at]);
      continue;
    }
    const Minimizer& minimizer = find_minimizer(minimizers, work[i].minimizer_name());
    std::vector<double> given;
    if (work[i].makes_directions) {
      given = root_only(comm, [&] { return std::move(made[i]); });
    } else if (!config.directions_from.empty()) {
      given = root_only(comm, [&] {
        const std::size_t n = minimizer.theta.size();
        auto rows = read_directions(config.directions_from, work[i].directions_name(), static_cast<std::int64_t>(n));
        rows.resize(std::min(rows.size(), static_cast<std::size_t>(config.most_directions()) * n));
        return rows;
      });
    }
    all.of_work.push_back(collectively(comm, [&] {
      return std::make_shared<const LineSet>(setup.analysis->lines(config, work[i], minimizers, given));
    }));
  }
  return all;
}

// Rank 0, the file being closed: what every block took, after what earlier jobs spent on it.
void add_seconds(ResultWriter& writer, std::span<const Work> work, const EvaluationOutcome& outcome) {
  for (std::size_t i = 0; i < work.size(); ++i) writer.add_seconds(work[i].block.group, outcome.seconds[i]);
}

// Rank 0, the file being closed. Returns the number of items that a later job will evaluate: rows that were only begun,
// it computes from their start.
std::int64_t store_stopped(const Setup& setup, std::span<const Work> work, const EvaluationOutcome& outcome) {
  ResultWriter writer(setup.config.output);
  writer.invalidate_all();
  add_seconds(writer, work, outcome);
  writer.set_state(RunState::stopped);
  writer.close();
  const LandscapeReader reader(setup.config.output);
  std::int64_t n_left = 0;
  for (const Work& one : work) {
    const std::int64_t open = one.block.rows - reader.n_complete_rows(one.block.group);
    n_left += open * one.block.columns / one.numbers_per_item();
  }
  return n_left;
}

// The rows of the output when a job ends: what the file does not know yet comes from the job.
class EndedJobRows : public FileRows {
 public:
  EndedJobRows(const LandscapeReader& reader, std::span<const Work> work, const EvaluationOutcome& outcome,
               std::span<const BlockColumns> measured)
      : FileRows(reader), work_(work), outcome_(outcome), measured_(measured) {}

  double seconds(const std::string& block) const override {
    const auto at = std::ranges::find(work_, block, [](const Work& work) { return work.block.group; });
    return FileRows::seconds(block) + outcome_.seconds.at(static_cast<std::size_t>(at - work_.begin()));
  }
  std::vector<double> measured(const std::string& block, const std::string& column) const override {
    for (const BlockColumns& rows : measured_) {
      if (rows.block != block) continue;
      for (const RowValues& values : rows.columns) {
        if (values.name == column) return std::get<std::vector<double>>(values.values);
      }
    }
    return {};
  }

 private:
  std::span<const Work> work_;
  const EvaluationOutcome& outcome_;
  std::span<const BlockColumns> measured_;
};

// Rank 0, the file being closed: every finding into its place, then the file's state, then the report.
void store_findings(const Setup& setup, std::span<const Work> work, const EvaluationOutcome& outcome,
                    const std::vector<BlockColumns>& measured, const Findings& findings) {
  ResultWriter writer(setup.config.output);
  for (const BlockColumns& rows : measured) writer.write_rows(rows.block, rows.columns);
  add_seconds(writer, work, outcome);
  for (const BlockColumns& rows : findings.columns()) writer.write_rows(rows.block, rows.columns);
  for (const ResultGroup& group : findings.groups()) writer.write(group);
  writer.set_state(RunState::complete);
  writer.close();
  print_now(findings.text());
}

Setup with_config(Setup setup, RunConfig config) {
  setup.config = std::move(config);
  return setup;
}

// Where it took long enough to be told.
std::string busy_line(const EvaluationOutcome& outcome) {
  if (outcome.busy.size() < 2 || outcome.wall_seconds < 1.0) return {};
  const auto share = [&](double seconds) { return 100.0 * seconds / outcome.wall_seconds; };
  const double sum = std::accumulate(outcome.busy.begin(), outcome.busy.end(), 0.0);
  return fmt::format("            ranks busy {:.0f} % of the time, the least {:.0f} %\n",
                     share(sum / static_cast<double>(outcome.busy.size())), share(std::ranges::min(outcome.busy)));
}

std::string reduction_line(double seconds, int threads) {
  if (seconds < 1.0) return {};
  return fmt::format("Reduced     in {} on {} thread{}\n", duration_text(seconds), threads, threads == 1 ? "" : "s");
}

// 1 and 2: the settings, the same on all ranks; the output file, about which everything that can be known to be wrong
// is said now. Its lock is held until the end. A dry run ends here.
struct Beginning {
  const Setup setup;
  OutputClaim claim;
  Beginning(Setup as_settled, OutputClaim as_claimed) : setup(std::move(as_settled)), claim(std::move(as_claimed)) {}
};
std::optional<Beginning> begin(const Communicator& comm, const Invocation& invocation) {
  Setup proposed = set_up(comm, invocation);
  OutputClaim claim = claim_output(comm, proposed, !proposed.config.dry_run);
  std::optional<Beginning> begun;
  begun.emplace(with_config(std::move(proposed), claim.config), std::move(claim));
  const Setup& setup = begun->setup;
  say(comm, setup, header_text(setup, comm.size(), begun->claim));
  if (!setup.config.dry_run) return begun;
  const std::string text = dry_run_text(comm, setup);
  if (comm.is_root()) print_now(text);
  return std::nullopt;
}

// 3: one minimizer per loss, trained or loaded by rank 0, then the same on all ranks; none where rows stand alone.
// Nothing where the job was stopped.
std::optional<std::vector<Minimizer>> minimizers_of(const Communicator& comm, const Beginning& begun,
                                                    AheadRows* ahead = nullptr) {
  const Setup& setup = begun.setup;
  if (setup.config.minimizer_sources().empty()) return std::vector<Minimizer>();
  const bool trains = setup.analysis == nullptr || (setup.config.trains_any() && !begun.claim.goes_on());
  say(comm, setup, !trains ? "Minimizers\n" : setup.training_device == "cuda" ? "Training on the GPU\n" : "Training\n");
  return obtain_minimizers(comm, setup, begun.claim, ahead);
}

}  // namespace

int run_analysis(const Communicator& comm, const Invocation& invocation) {
  auto begun = begin(comm, invocation);
  if (!begun) return kDone;
  OutputClaim& claim = begun->claim;
  const auto backend = make_backend(comm, begun->setup);
  AheadRows ahead(comm, begun->setup, *backend, claim);
  const auto minimizers = minimizers_of(comm, *begun, &ahead);
  if (!minimizers) return stop_with(comm, begun->setup, kDuringTraining);

  const auto lines = make_lines(comm, begun->setup, *minimizers);
  if (!lines) return stop_with(comm, begun->setup, "while directions were made");
  EvaluationOutcome outcome;
  std::int64_t n_ahead = 0;
  double reduction_seconds = 0.0;
  RunConfig config = begun->setup.config;
  while (true) {
    const Setup setup = with_config(begun->setup, config);
    const std::vector<Work> work = setup.analysis->work(config);
    // 4. The file with everything it will ever hold; from here on only raw data changes.
    std::vector<OpenRows> open = prepare_output(comm, setup, work, *minimizers, claim);

    // 5. Every rank's share of the items that are not there yet, in rounds.
    LandscapeFile file = LandscapeFile::open_parallel(setup.config.output, comm);
    const EvaluationOutcome early = ahead.keep(file, work, open);
    n_ahead += early.n_done;
    outcome.add(early);
    outcome.add(evaluate_rows(comm, setup, *backend, work, lines->pointers(), open, file));
    if (outcome.complete()) outcome.add(draw_rows(comm, setup, work, open, file));
    file.close();
    if (!outcome.complete()) {
      const std::int64_t n_left = root_only(comm, [&] { return store_stopped(setup, work, outcome); });
      return stop_with(comm, setup,
                       fmt::format("with {} of {} {} left", count_text(n_left), count_text(count_items(work)),
                                   setup.analysis->items_name()));
    }

    // 6. Findings are made from the file's rows; where the analysis wants more directions, 4 to 6 again with these.
    const auto measured = setup.analysis->measure_rows(comm, setup, work, lines->pointers());
    std::unique_ptr<Findings> findings;  // of rank 0
    RunConfig reducing = config;
    reducing.threads = setup.training_threads;  // the other ranks wait
    const Stopwatch reduction;
    const std::int64_t next = root_only(comm, [&] {
      claim.earlier.emplace(setup.config.output);
      findings = setup.analysis->reduce(EndedJobRows(*claim.earlier, work, outcome, measured), reducing);
      const Growth growth = findings->growth();
      if (growth.n_directions == 0) claim.earlier.reset();
      if (growth.n_directions > 0 && !setup.config.quiet) print_now(growth.sentence + "\n");
      return growth.n_directions;
    });
    reduction_seconds += reduction.seconds();
    if (next == 0) {
      // 7. They are stored and printed.
      say(comm, setup,
          fmt::format("Evaluated   {} {}{} in {} on {}\n", count_text(outcome.n_done), setup.analysis->items_name(),
                      n_ahead > 0 ? fmt::format(" ({} of them during the training)", count_text(n_ahead)) : "",
                      duration_text(outcome.wall_seconds), backend->describe()) +
              busy_line(outcome) + reduction_line(reduction_seconds, reducing.threads) + "\n");
      root_only(comm, [&] { store_findings(setup, work, outcome, measured, *findings); });
      return kDone;
    }
    claim.plan = OutputPlan::extend;
    config.n_directions = next;
  }
}

int train_only(const Communicator& comm, const Invocation& invocation) {
  auto begun = begin(comm, invocation);
  if (!begun) return kDone;
  const auto minimizers = minimizers_of(comm, *begun);
  if (!minimizers) return stop_with(comm, begun->setup, kDuringTraining);
  prepare_output(comm, begun->setup, {}, *minimizers, begun->claim);
  return kDone;
}

}  // namespace landscape
