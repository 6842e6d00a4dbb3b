// The job that killed_job_test kills: writes both losses in many small rounds, goes on where an earlier job died, and
// notes after each round what it was promised to be safe.
//   killed_writer FILE M P
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/output_lock.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/mpi_session.hpp"
#include "landscape/profile/work_partition.hpp"
#include "sample_layout.hpp"

namespace {

using namespace landscape;

constexpr std::int64_t kPiece = 37;  // no divisor of a row: rows are put together from rounds and ranks

/// Rows that are not intact yet, of both losses: loss * M + row.
std::vector<std::int64_t> missing_rows(const std::string& path) {
  const LandscapeReader reader(path);
  std::vector<std::int64_t> rows;
  for (const LossKind loss : test::kBothLosses) {
    const std::vector<RowState> states = reader.row_states(test::block(loss));
    const auto m = static_cast<std::int64_t>(states.size());
    for (std::int64_t row = 0; row < m; ++row) {
      if (states[static_cast<std::size_t>(row)] != RowState::intact)
        rows.push_back(static_cast<std::int64_t>(loss) * m + row);
    }
  }
  return rows;
}

int write_all(const Communicator& world, const std::string& path, std::int64_t m, std::int64_t p) {
  std::ofstream(path + ".pid." + std::to_string(world.rank())) << getpid() << std::endl;
  std::optional<OutputLock> lock;
  std::vector<std::int64_t> rows = root_only(world, [&] {
    lock.emplace(path);
    lock->remove_leftovers();
    if (!std::filesystem::exists(path)) LandscapeFile::create(path, test::sample_layout(m, p));
    return missing_rows(path);
  });
  LandscapeFile file = LandscapeFile::open_parallel(path, world);
  const auto n_items = static_cast<std::int64_t>(rows.size()) * p;
  const WorkRange mine = WorkPartition(n_items, world.size()).of(world.rank());
  const int notes =
      open((path + ".safe." + std::to_string(world.rank())).c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  const std::int64_t n_rounds = (WorkPartition(n_items, world.size()).of(0).size() + kPiece - 1) / kPiece;
  for (std::int64_t round = 0; round < n_rounds; ++round) {
    const std::int64_t begin = std::min(mine.begin + round * kPiece, mine.end),
                       end = std::min(begin + kPiece, mine.end);
    std::vector<std::array<std::int64_t, 3>> written;  // loss, first item, count
    collectively(world, [&] {
      for (std::int64_t item = begin; item < end;) {
        const std::int64_t entry = rows[static_cast<std::size_t>(item / p)];
        const LossKind loss = test::kBothLosses[entry / m];
        const std::int64_t first = entry % m * p + item % p, count = std::min(end - item, p - item % p);
        file.write_items(test::block(loss), first, test::sample_losses(loss, first, count));
        written.push_back({entry / m, first, count});
        item += count;
      }
    });
    file.commit_round();
    for (const auto& note : written) {
      if (write(notes, note.data(), sizeof note) != static_cast<ssize_t>(sizeof note)) return 1;
    }
  }
  close(notes);
  file.close();
  root_only(world, [&] {
    ResultWriter writer(path);
    for (const LossKind loss : test::kBothLosses) {
      writer.write_rows(test::block(loss), test::sample_columns(m));
      writer.write(test::sample_results(loss, 0.25, {0.125, 0.5}, m, 7, std::string(200, 'v')));
    }
    writer.set_state(RunState::complete);
    writer.close();
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string path = argv[1];
  const std::int64_t m = std::atoll(argv[2]), p = std::atoll(argv[3]);
  MpiSession session(argc, argv);
  return session.run("killed_writer", [&](const Communicator& world) { return write_all(world, path, m, p); });
}
