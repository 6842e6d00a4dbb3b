// A message is loss, number of the checkpoint, epoch and parameters.
#include "landscape/job/ahead.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <thread>

namespace landscape {
namespace {

constexpr std::chrono::milliseconds kNap{2};
constexpr double kLookSeconds = 0.1;  // between looks at what is told

}  // namespace

AheadRows::AheadRows(const Communicator& comm, const Setup& setup, LossBackend& backend, const OutputClaim& claim)
    : comm_(comm), setup_(setup), backend_(backend), feed_(comm) {
  const RunConfig& config = setup.config;
  if (comm.size() == 1 || claim.goes_on() || !config.trains_any()) return;
  if (config.train_ranks == TrainRanks::all) return;  // who have no time for it
  work_ = setup.analysis->work(config);
  if (std::ranges::none_of(work_, [](const Work& work) { return work.rows_per_checkpoint > 0; })) return;
  std::string host = comm.host();
  comm.broadcast(host);
  int cores = setup.training_device == to_string(DeviceChoice::cpu) ? setup.training_threads : 1;
  comm.broadcast(cores);
  const bool takes_part = !comm.is_root() && (comm.host() != host || cores <= setup.threads);
  const std::vector<int> parts = comm.all_gather(takes_part ? 1 : 0);
  n_workers_ = static_cast<int>(std::ranges::count(parts, 1));
  if (n_workers_ == 0) return;
  if (takes_part) worker_ = static_cast<int>(std::count(parts.begin(), parts.begin() + comm.rank(), 1));
  seconds_.resize(work_.size());
  for (const MinimizerSource& source : config.minimizer_sources()) {
    Minimizer& minimizer = minimizers_.emplace_back();
    minimizer.name = source.name;
    minimizer.loss = source.loss;
    minimizer.spec = config.network;
    minimizer.theta.resize(ParameterLayout(config.network).size());
    const auto n_checkpoints = static_cast<std::size_t>(config.path_length());
    minimizer.path.epoch.resize(n_checkpoints);
    minimizer.path.parameters.resize(n_checkpoints * minimizer.theta.size());
  }
}

void AheadRows::tell(LossKind loss, const TrainingPath& path) {
  if (!is_wanted()) return;
  const std::size_t n = path.epoch.empty() ? 0 : path.parameters.size() / path.epoch.size();
  for (std::size_t& c = n_told_[loss]; c < path.epoch.size(); ++c) {
    std::vector<double> message{static_cast<double>(loss), static_cast<double>(c), static_cast<double>(path.epoch[c])};
    const auto theta = path.parameters.begin() + static_cast<std::ptrdiff_t>(c * n);
    message.insert(message.end(), theta, theta + static_cast<std::ptrdiff_t>(n));
    feed_.post(std::move(message));
  }
  feed_.move_on();
}

void AheadRows::close() {
  if (is_wanted()) feed_.close();
}

void AheadRows::listen() {
  while (const auto message = feed_.take()) {
    const Told told{static_cast<LossKind>(static_cast<int>(message->at(0))), static_cast<std::int64_t>(message->at(1))};
    const auto at = std::ranges::find(minimizers_, told.loss, &Minimizer::loss);
    const auto c = static_cast<std::size_t>(told.checkpoint);
    at->path.epoch.at(c) = static_cast<std::int64_t>(message->at(2));
    std::copy(message->begin() + 3, message->end(),
              at->path.parameters.begin() + static_cast<std::ptrdiff_t>(c * at->theta.size()));
    told_.push_back(told);
  }
}

void AheadRows::evaluate() {
  if (!is_wanted() || comm_.is_root()) return;
  std::exception_ptr failure;
  for (listen(); !feed_.is_closed(); listen()) {
    if (told_.empty() || worker_ < 0 || failure) {
      told_.clear();
      std::this_thread::sleep_for(kNap);
      continue;
    }
    const Told told = told_.front();
    told_.pop_front();
    try {
      evaluate_checkpoint(told);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  backend_.set_points(setup_.points);
  if (failure) std::rethrow_exception(failure);
}

void AheadRows::evaluate_checkpoint(const Told& told) {
  for (std::size_t i = 0; i < work_.size() && !feed_.is_closed(); ++i) {
    const Work& work = work_[i];
    if (work.rows_per_checkpoint == 0 || work.loss != told.loss) continue;
    // A single row goes round.
    const std::int64_t n = work.rows_per_checkpoint, first = told.checkpoint * n;
    WorkRange share = WorkPartition(n, n_workers_).of(worker_);
    if (n == 1) share = {0, told.checkpoint % n_workers_ == worker_ ? 1 : 0};
    if (share.empty()) continue;
    backend_.set_points(work.point_set == 0 ? setup_.points : setup_.analysis->points(setup_.config, work.point_set));
    evaluate_rows(i, setup_.analysis->lines(setup_.config, work, minimizers_, {}),
                  {first + share.begin, first + share.end});
  }
}

void AheadRows::evaluate_rows(std::size_t work, const LineSet& lines, WorkRange rows) {
  const std::int64_t columns = work_[work].block.columns;
  std::int64_t batch = 1;
  while (!rows.empty() && !feed_.is_closed()) {
    const Stopwatch clock;
    const std::int64_t count = std::min(batch, rows.size());
    std::vector<double> values(static_cast<std::size_t>(count * columns));
    setup_.analysis->evaluate(backend_, work_[work], lines, {rows.begin * columns, count * columns}, values);
    for (std::int64_t k = 0; k < count; ++k)
      rows_.push_back({work, rows.begin + k, {values.begin() + k * columns, values.begin() + (k + 1) * columns}});
    rows.begin += count;
    seconds_[work] += clock.seconds();
    if (clock.seconds() < 0.5 * kLookSeconds) batch *= 2;
    listen();
  }
}

EvaluationOutcome AheadRows::keep(LandscapeFile& file, std::span<const Work> work, std::vector<OpenRows>& open) {
  EvaluationOutcome outcome;
  if (!is_wanted()) return outcome;
  std::vector<std::int64_t> mine;  // work and row, in turn
  for (const Row& row : rows_) {
    file.write_items(work[row.work].block.group, row.row * work[row.work].block.columns, row.values);
    mine.insert(mine.end(), {static_cast<std::int64_t>(row.work), row.row});
  }
  file.commit_round();
  rows_.clear();
  for (int rank = 1; rank < comm_.size(); ++rank) {
    std::vector<std::int64_t> theirs = comm_.rank() == rank ? mine : std::vector<std::int64_t>();
    comm_.broadcast(theirs, rank);
    std::vector<std::vector<std::int64_t>> done(work.size());
    for (std::size_t k = 0; k < theirs.size(); k += 2)
      done[static_cast<std::size_t>(theirs[k])].push_back(theirs[k + 1]);
    for (std::size_t i = 0; i < work.size(); ++i) {
      std::ranges::sort(done[i]);
      std::erase_if(open[i], [&](std::int64_t row) { return std::ranges::binary_search(done[i], row); });
      outcome.n_done += static_cast<std::int64_t>(done[i].size()) * work[i].block.columns;
    }
  }
  outcome.n_items = outcome.n_done;
  for (double& seconds : seconds_) {
    outcome.seconds.push_back(comm_.all_reduce(seconds, Reduction::sum) / comm_.size());
    seconds = 0.0;
  }
  return outcome;
}

}  // namespace landscape
