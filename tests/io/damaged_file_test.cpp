// Damaged files: cut off anywhere, or with altered bytes. Whatever the reader makes of them, it must not crash, hang or
// take memory without bound, and it must not call a row of losses intact that is not what was written.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <Random123/philox.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "../../src/io/checksum.hpp"
#include "../../src/io/hdf5.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/minimizer_file.hpp"
#include "landscape/io/training_checkpoint.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

using test::TestFolder;

constexpr std::int64_t kDirections = 6, kSteps = 9;
enum Outcome : int { kReadAll = 0, kRefused = 1, kWrongRow = 2, kOtherException = 3 };

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

int trials(int otherwise) {
  const char* text = std::getenv("LANDSCAPE_DAMAGE_TRIALS");
  return text != nullptr ? std::atoi(text) : otherwise;
}

std::uint32_t random_word(std::uint32_t trial, std::uint32_t index) {
  return r123::Philox4x32()({{trial, index, 0, 0}}, {{77, 0}})[0];
}

/// Everything the reader offers. Each part may refuse on its own account.
Outcome read_everything(const std::string& path) {
  bool refused = false, wrong = false;
  const auto attempt = [&](auto&& f) {
    try {
      f();
    } catch (const Error&) {
      refused = true;
    }
  };
  attempt([&] {
    const LandscapeReader reader(path);
    attempt([&] { reader.problem_attributes(); });
    attempt([&] { reader.points(); });
    attempt([&] { reader.minimizers(); });
    attempt([&] {
      for (const std::string& group : reader.result_groups()) {
        attempt([&] { reader.has_results(group); });
        attempt([&] { reader.results(group); });
      }
    });
    for (const LossKind loss : test::kBothLosses) {
      attempt([&] { reader.minimizer(to_string(loss)); });
      attempt([&] { reader.axis(test::block(loss)); });
      attempt([&] { reader.block_attributes(test::block(loss)); });
      attempt([&] { reader.n_complete_items(test::block(loss)); });
      attempt([&] { reader.row_column<double>(test::block(loss), "total_variation"); });
      attempt([&] { reader.row_vector(test::block(loss), 0); });
      attempt([&] {
        const std::vector<RowState> states = reader.row_states(test::block(loss));
        for (std::size_t row = 0; row < states.size(); ++row) {
          if (states[row] != RowState::intact) continue;
          const auto r = static_cast<std::int64_t>(row);
          const std::vector<double> found = reader.rows(test::block(loss), r, 1);
          // The galerkin rows may end up under ritz's name: what counts is that they are rows that were written.
          bool known = false;
          for (const LossKind any : test::kBothLosses) {
            for (std::int64_t k = 0; k < kDirections; ++k) {
              known = known || test::bits(found) == test::bits(test::sample_losses(any, k * kSteps, kSteps));
            }
          }
          wrong = wrong || !known;
        }
      });
    }
  });
  for (const LossKind loss : test::kBothLosses) {
    attempt([&] { load_minimizer(path, loss, NetworkSpec{}); });
    attempt([&] { read_directions(path, to_string(loss), 49); });
    attempt([&] { load_training_checkpoint(path, to_string(loss)); });
  }
  return wrong ? kWrongRow : refused ? kRefused : kReadAll;
}

/// Runs it in a child with 4 GiB of address space and 20 s of CPU time.
int outcome_in_child(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit time{20, 20}, memory{std::uint64_t{4} << 30, std::uint64_t{4} << 30}, none{0, 0};
    setrlimit(RLIMIT_CPU, &time);
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CORE, &none);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(99);
    try {
      _exit(read_everything(path));
    } catch (...) {
      _exit(kOtherException);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// The bytes of a file with rows 0, 2 and 3 complete. Written with the serial driver: the test needs the bytes, not the
/// rounds.
std::string sample_file(const std::string& path) {
  LandscapeFile::create(path, test::sample_layout(kDirections, kSteps, true));
  const h5::File file = h5::open_file(path, H5F_ACC_RDWR, h5::access_properties());
  for (const LossKind loss : test::kBothLosses) {
    const std::string group = "profiles/" + to_string(loss) + "/";
    const h5::OpenDataset losses = h5::open_dataset(file.get(), group + "loss", H5T_IEEE_F64LE, 2);
    const h5::OpenDataset complete = h5::open_dataset(file.get(), group + "complete", H5T_STD_U8LE, 2);
    const h5::OpenDataset checksum = h5::open_dataset(file.get(), group + "row_checksum", H5T_STD_U32LE, 1);
    const h5::OpenDataset direction = h5::open_dataset(file.get(), group + "direction", H5T_IEEE_F64LE, 2);
    for (const std::uint64_t row : {0, 2, 3}) {
      const std::vector<double> values = test::sample_losses(loss, static_cast<std::int64_t>(row) * kSteps, kSteps);
      const std::vector<std::uint8_t> ones(kSteps, 1);
      const std::uint32_t crc = crc32c_of(std::span<const double>(values));
      h5::write_range(losses, H5T_NATIVE_DOUBLE, row * kSteps, kSteps, values.data());
      h5::write_range(complete, H5T_NATIVE_UINT8, row * kSteps, kSteps, ones.data());
      h5::write_range(checksum, H5T_NATIVE_UINT32, row, 1, &crc);
    }
    const std::vector<double> rows(direction.shape[0] * direction.shape[1], 0.5);
    h5::write_range(direction, H5T_NATIVE_DOUBLE, 0, rows.size(), rows.data());
  }
  return slurp(path);
}

class DamagedFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = folder_ / "a.h5";
    original_ = sample_file(path_);
    ASSERT_EQ(outcome_in_child(path_), kRefused);  // it is no training checkpoint, but all else can be read
  }
  void expect_survived(int outcome, const std::string& what) {
    ++count_[std::min<std::size_t>(static_cast<std::size_t>(outcome), 3)];
    EXPECT_TRUE(outcome == kReadAll || outcome == kRefused) << what << ": outcome " << outcome;
  }
  TestFolder folder_;
  std::string path_, original_;
  int count_[4] = {};
};

TEST_F(DamagedFile, CutOffAnywhere) {
  const std::size_t n = static_cast<std::size_t>(trials(80));
  for (std::size_t trial = 0; trial < n; ++trial) {
    const std::size_t length = trial < 40 ? trial * 24 : original_.size() * trial / n;
    spill(path_, original_.substr(0, length));
    const int outcome = outcome_in_child(path_);
    EXPECT_EQ(outcome, kRefused) << "cut to " << length << " of " << original_.size() << " bytes";
  }
}

TEST_F(DamagedFile, ARowIsWorthWhatItsMaskAndChecksumSay) {
  using enum RowState;
  EXPECT_EQ(LandscapeReader(path_).row_states(test::block(LossKind::ritz)),
            (std::vector{intact, missing, intact, intact, missing, missing}));
  {
    const h5::File file = h5::open_file(path_, H5F_ACC_RDWR, h5::access_properties());
    const auto open = [&](const char* name, hid_t like, std::size_t rank) {
      return h5::open_dataset(file.get(), std::string("profiles/ritz/") + name, like, rank);
    };
    const h5::OpenDataset checksum = open("row_checksum", H5T_STD_U32LE, 1), losses = open("loss", H5T_IEEE_F64LE, 2),
                          complete = open("complete", H5T_STD_U8LE, 2);
    const std::uint32_t to_come = 0;
    const double other = 7.5;
    const std::uint8_t no = 0;
    h5::write_range(checksum, H5T_NATIVE_UINT32, 0, 1, &to_come);  // several ranks' row, between mask and checksum
    h5::write_range(losses, H5T_NATIVE_DOUBLE, 2 * kSteps + 4, 1, &other);
    h5::write_range(complete, H5T_NATIVE_UINT8, 3 * kSteps, 1, &no);
  }
  EXPECT_EQ(LandscapeReader(path_).row_states(test::block(LossKind::ritz)),
            (std::vector{partial, missing, damaged, partial, missing, missing}));
}

TEST_F(DamagedFile, AlteredBytes) {
  const int n = trials(150);
  const char* only = std::getenv("LANDSCAPE_DAMAGE_ONLY");  // one trial, for a debugger
  for (int trial = only != nullptr ? std::atoi(only) : 0; trial < (only != nullptr ? std::atoi(only) + 1 : n);
       ++trial) {
    std::string bytes = original_;
    const auto t = static_cast<std::uint32_t>(trial);
    const std::uint32_t n_changes = 1 + random_word(t, 0) % 4;
    for (std::uint32_t i = 0; i < n_changes; ++i) {
      const std::size_t at = random_word(t, 3 * i + 1) % bytes.size();
      const std::uint32_t how = random_word(t, 3 * i + 2);
      if (how % 3 == 0) {
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (how >> 8) % 8));
      } else {
        bytes[at] = static_cast<char>(how % 3 == 1 ? 0xff : random_word(t, 3 * i + 3));
      }
    }
    spill(path_, bytes);
    expect_survived(outcome_in_child(path_), "trial " + std::to_string(trial));
  }
}

}  // namespace
}  // namespace landscape
