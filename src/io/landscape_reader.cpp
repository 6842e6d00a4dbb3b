// Everything is read once in a rehearsal (rehearsal.hpp) before this process reads it.
#include "landscape/io/landscape_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "block_group.hpp"
#include "checksum.hpp"
#include "hdf5.hpp"
#include "minimizer_group.hpp"
#include "rehearsal.hpp"
#include "result_group.hpp"

namespace landscape {
namespace {

constexpr std::array<RunState, 3> kStates{RunState::running, RunState::stopped, RunState::complete};
constexpr const char* kWanted = "an output file of landscape_mpi";
constexpr std::int64_t kItemsAtOnce = std::int64_t{1} << 21;  // 16 MiB of losses

/// The datasets of a block, checked against each other.
struct BlockDatasets {
  h5::OpenDataset numbers, complete, row_checksum;
  std::int64_t n_rows = 0, n_columns = 0;
};

}  // namespace

struct LandscapeReader::Impl {
  std::string path;
  h5::File file;
  RunInfo run;
  RunState state = RunState::running;
  std::string problem;
  int dimension = 1;
  Seal seal = Seal::absent;

  /// Every message names the file, whatever was wrong inside.
  template <class F>
  auto inside(F&& f) const {
    try {
      return f();
    } catch (const UsageError& error) {
      throw Error(fmt::format("'{}' is damaged or not of this program: {}", path, error.what()));
    } catch (const Error& error) {
      throw Error(fmt::format("'{}' cannot be used: {}", path, error.what()));
    }
  }
  void read_root();
  /// `read` is given where a missing checksum is to be noted. Only a file that another program wrote may be without:
  /// else it is lost, and its dataset may be damaged.
  template <class F>
  auto with_checksums(F&& read) const {
    bool missing = false;
    auto values = read(seal == Seal::absent ? &missing : nullptr);
    if (missing) warn_without_checksums(path);
    return values;
  }
  h5::Group block_group(const std::string& block) const {
    if (!h5::has_link(file.get(), block))
      throw Error(fmt::format("there is no /{} in it: use the original or a complete copy.", block));
    return h5::open_group(file.get(), block);
  }
  BlockDatasets open_block(const std::string& block) const;
  std::vector<double> read_axis(const std::string& block, const char* attribute, std::int64_t length) const;
  template <class T>
  T result(const ResultGroup& group, const std::string& name) const;
};

void LandscapeReader::Impl::read_root() {
  const hid_t root = file.get();
  if (!h5::has_attribute(root, "format_version") || !h5::has_attribute(root, "program")) {
    throw Error("it is HDF5, but not an output of landscape_mpi, or its attributes were not copied: give one that is.");
  }
  const std::int64_t version = h5::read_integer(root, "format_version");
  if (version != kFormatVersion) {
    throw Error(fmt::format(
        "its format has version {}, this program reads version {}: use the program that wrote it{}.", version,
        kFormatVersion, version < kFormatVersion ? ", or load its minimizers with --minimizer and measure anew" : ""));
  }
  run.program = h5::read_text(root, "program");
  run.version = h5::read_text_or(root, "version", "");
  run.git_revision = h5::read_text_or(root, "git_revision", "");
  run.command = h5::read_text(root, "command");
  run.device = h5::read_text(root, "device");
  run.config = h5::read_text(root, "config");
  run.config_hash = h5::read_text(root, "config_hash");
  run.goal = h5::read_text(root, "goal");
  run.created = h5::read_text_or(root, "created", "");
  const std::string word = read_state(root);
  const auto known = std::find_if(kStates.begin(), kStates.end(), [&](RunState s) { return to_string(s) == word; });
  if (known == kStates.end()) throw Error("its state is damaged: it is no known word.");
  state = *known;
  const h5::Group group = h5::open_group(root, "problem");
  problem = h5::read_text(group.get(), "problem");
  dimension = static_cast<int>(std::clamp<std::int64_t>(h5::read_integer(group.get(), "dimension"), 0, 1 << 20));
  if (dimension < 1 || dimension == 1 << 20) throw Error("the dimension of its problem is impossible.");
}

BlockDatasets LandscapeReader::Impl::open_block(const std::string& block) const {
  const h5::Group group = block_group(block);
  BlockDatasets open;
  open.numbers = h5::open_dataset(group.get(), h5::read_text(group.get(), kValuesName), H5T_IEEE_F64LE, 2);
  open.complete = h5::open_dataset(group.get(), kMask, H5T_STD_U8LE, 2);
  open.row_checksum = h5::open_dataset(group.get(), kRowChecksum, H5T_STD_U32LE, 1);
  const std::vector<hsize_t>& shape = open.numbers.shape;
  if (open.complete.shape != shape || open.row_checksum.shape[0] != shape[0] || shape[0] == 0 || shape[1] == 0)
    throw Error(fmt::format("the datasets of its block /{} do not fit together.", block));
  open.n_rows = static_cast<std::int64_t>(shape[0]);
  open.n_columns = static_cast<std::int64_t>(shape[1]);
  return open;
}

/// The dataset of the block that its attribute names.
std::vector<double> LandscapeReader::Impl::read_axis(const std::string& block, const char* attribute,
                                                     std::int64_t length) const {
  const h5::Group group = block_group(block);
  const std::string name = h5::read_text(group.get(), attribute);
  std::vector<double> values =
      with_checksums([&](bool* missing) { return h5::read_dataset<double>(group.get(), name, 1, nullptr, missing); });
  if (static_cast<std::int64_t>(values.size()) != length)
    throw Error(fmt::format("the datasets of its block /{} do not fit together.", block));
  return values;
}

LandscapeReader::LandscapeReader(const std::string& path) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  require_readable(path, "", kWanted);
  impl_->seal = check_seal(path);
  if (impl_->seal != Seal::intact && !h5::is_hdf5_file(path)) {
    throw Error(fmt::format("'{}' is not HDF5, or its beginning is damaged: give {}.", path, kWanted));
  }
  const auto open = [&] {
    impl_->file = h5::open_file(path, H5F_ACC_RDONLY, h5::access_properties());
    impl_->read_root();
  };
  rehearse(path, impl_->seal, [&] {
    try {
      open();
      read_structure();
    } catch (const Error&) {
    }
    impl_->file = h5::File();  // closing reads metadata too
  });
  impl_->inside(open);
  warn_if_broken(impl_->seal, path);
}

/// Everything but the losses themselves.
void LandscapeReader::read_structure() const {
  const auto attempt = [](auto&& read) {
    try {
      read();
    } catch (const Error&) {  // one part may be damaged where others are not
    }
  };
  attempt([&] { problem_attributes(); });
  attempt([&] { points(); });
  attempt([&] {
    for (const std::string& group : result_groups()) {
      attempt([&] { has_results(group); });
      attempt([&] { results(group); });
    }
  });
  // By their names too: where the list of groups is damaged, they may still be found.
  for (const char* group : {"roughness/ritz", "roughness/galerkin", "roughness/comparison", "roughness/stopping",
                            "sweep/ritz", "sweep/galerkin"}) {
    attempt([&] { has_results(group); });
    attempt([&] { results(group); });
  }
  std::vector<std::string> found;
  attempt([&] { found = minimizers(); });
  for (const std::string& name : found) attempt([&] { minimizer(name); });
  found.clear();
  attempt([&] { found = blocks(); });
  for (const std::string& block : found) {
    attempt([&] { axis(block); });
    attempt([&] { row_axis(block); });
    attempt([&] { block_attributes(block); });
    attempt([&] { rows(block, 0, 1); });
    attempt([&] { has_row_vectors(block); });
    attempt([&] { row_vector(block, 0); });
    attempt([&] { n_complete_items(block); });
    attempt([&] { open_all_datasets(block); });
  }
}

/// Every dataset of the group, whatever it is called.
void LandscapeReader::open_all_datasets(const std::string& block) const {
  const h5::Group group = impl_->block_group(block);
  for (const std::string& name : h5::link_names(group.get())) {
    try {
      h5::open_dataset(group.get(), name, H5T_IEEE_F64LE, 1);
    } catch (const Error&) {
    }
  }
}

LandscapeReader::LandscapeReader(LandscapeReader&&) noexcept = default;
LandscapeReader& LandscapeReader::operator=(LandscapeReader&&) noexcept = default;
LandscapeReader::~LandscapeReader() = default;

const std::string& LandscapeReader::path() const { return impl_->path; }
const RunInfo& LandscapeReader::run() const { return impl_->run; }
RunState LandscapeReader::state() const { return impl_->state; }
const std::string& LandscapeReader::problem() const { return impl_->problem; }
int LandscapeReader::dimension() const { return impl_->dimension; }

AttributeList LandscapeReader::problem_attributes() const {
  return impl_->inside([&] { return h5::read_attributes(h5::open_group(impl_->file.get(), "problem").get()); });
}

PointSet LandscapeReader::points() const {
  return impl_->inside([&] {
    PointSet set;
    set.dimension = impl_->dimension;
    const h5::Group group = h5::open_group(impl_->file.get(), "problem");
    const bool trained_only = block_groups(impl_->file).empty();
    if (trained_only && !h5::has_link(group.get(), "points")) return set;
    std::vector<hsize_t> shape;
    set.points = impl_->with_checksums(
        [&](bool* missing) { return h5::read_dataset<double>(group.get(), "points", 2, &shape, missing); });
    set.weights = impl_->with_checksums(
        [&](bool* missing) { return h5::read_dataset<double>(group.get(), "weights", 1, nullptr, missing); });
    if (set.weights.size() != shape[0] || shape[1] != static_cast<hsize_t>(set.dimension)) {
      throw Error("its quadrature points and weights do not fit together.");
    }
    if (!h5::has_attribute(group.get(), "boundary_points")) return set;
    const std::int64_t n_boundary = h5::read_integer(group.get(), "boundary_points");
    if (n_boundary < 0 || static_cast<std::uint64_t>(n_boundary) > set.size())
      throw Error(fmt::format("it has {} points, but {} on the boundary.", set.size(), n_boundary));
    set.n_boundary = static_cast<std::size_t>(n_boundary);
    return set;
  });
}

std::vector<std::string> LandscapeReader::minimizers() const {
  return impl_->inside([&] { return minimizer_names(impl_->file); });
}

Minimizer LandscapeReader::minimizer(const std::string& name) const {
  return impl_->inside([&] {
    return impl_->with_checksums([&](bool* missing) { return read_minimizer_group(impl_->file, name, missing); });
  });
}

std::vector<std::string> LandscapeReader::blocks() const {
  return impl_->inside([&] { return block_groups(impl_->file); });
}
bool LandscapeReader::has_block(const std::string& block) const {
  return impl_->inside([&] { return h5::has_link(impl_->file.get(), block); });
}

std::int64_t LandscapeReader::n_rows(const std::string& block) const {
  return impl_->inside([&] { return impl_->open_block(block).n_rows; });
}
std::int64_t LandscapeReader::n_columns(const std::string& block) const {
  return impl_->inside([&] { return impl_->open_block(block).n_columns; });
}

std::vector<double> LandscapeReader::axis(const std::string& block) const {
  return impl_->inside([&] { return impl_->read_axis(block, kAxisName, impl_->open_block(block).n_columns); });
}
std::vector<double> LandscapeReader::row_axis(const std::string& block) const {
  return impl_->inside([&] {
    if (!h5::has_attribute(impl_->block_group(block).get(), kRowAxisName)) return std::vector<double>();
    return impl_->read_axis(block, kRowAxisName, impl_->open_block(block).n_rows);
  });
}

double LandscapeReader::seconds(const std::string& block) const {
  return impl_->inside([&] {
    double seconds = 0.0;
    h5::read_range(h5::open_dataset(impl_->block_group(block).get(), kSeconds, H5T_IEEE_F64LE, 1), H5T_NATIVE_DOUBLE, 0,
                   1, &seconds);
    return seconds;
  });
}

AttributeList LandscapeReader::block_attributes(const std::string& block) const {
  return impl_->inside([&] { return h5::read_attributes(impl_->block_group(block).get()); });
}

std::vector<double> LandscapeReader::rows(const std::string& block, std::int64_t first, std::int64_t count) const {
  return impl_->inside([&] {
    const BlockDatasets open = impl_->open_block(block);
    if (first < 0 || count < 0 || first > open.n_rows || count > open.n_rows - first)
      throw Error(fmt::format("rows {} to {} are not among its {}.", first, first + count, open.n_rows));
    std::vector<double> values(static_cast<std::size_t>(count * open.n_columns));
    h5::read_range(open.numbers, H5T_NATIVE_DOUBLE, static_cast<std::uint64_t>(first * open.n_columns), values.size(),
                   values.data());
    return values;
  });
}

std::vector<RowState> LandscapeReader::row_states(const std::string& block) const {
  return impl_->inside([&] {
    const BlockDatasets open = impl_->open_block(block);
    const auto p = static_cast<std::size_t>(open.n_columns);
    const std::int64_t rows_at_once = std::max<std::int64_t>(1, kItemsAtOnce / open.n_columns);
    std::vector<RowState> states;
    std::vector<std::uint8_t> mask;
    std::vector<double> values;
    std::vector<std::uint32_t> checksums;
    for (std::int64_t row = 0; row < open.n_rows; row += rows_at_once) {
      const auto n = static_cast<std::size_t>(std::min(rows_at_once, open.n_rows - row));
      const auto first = static_cast<std::uint64_t>(row * open.n_columns);
      mask.resize(n * p);
      values.resize(n * p);
      checksums.resize(n);
      // A job may be writing: what it wrote last is read first.
      h5::read_range(open.complete, H5T_NATIVE_UINT8, first, mask.size(), mask.data());
      h5::read_range(open.row_checksum, H5T_NATIVE_UINT32, static_cast<std::uint64_t>(row), n, checksums.data());
      h5::read_range(open.numbers, H5T_NATIVE_DOUBLE, first, values.size(), values.data());
      for (std::size_t i = 0; i < n; ++i) {
        const auto begin = mask.begin() + static_cast<std::ptrdiff_t>(i * p);
        const auto n_set =
            static_cast<std::size_t>(std::count(begin, begin + static_cast<std::ptrdiff_t>(p), std::uint8_t{1}));
        const bool sound = n_set == p && crc32c_of(std::span<const double>(values).subspan(i * p, p)) == checksums[i];
        // The checksum of a row put together by several ranks follows its mask.
        const bool vouched = n_set == p && (sound || checksums[i] != 0);
        states.push_back(n_set == 0 ? RowState::missing
                         : !vouched ? RowState::partial
                         : sound    ? RowState::intact
                                    : RowState::damaged);
      }
    }
    return states;
  });
}

std::int64_t LandscapeReader::n_complete_items(const std::string& block) const {
  return impl_->inside([&] {
    const BlockDatasets open = impl_->open_block(block);
    const std::int64_t total = open.n_rows * open.n_columns;
    std::int64_t n_set = 0;
    std::vector<std::uint8_t> mask;
    for (std::int64_t first = 0; first < total; first += kItemsAtOnce) {
      mask.resize(static_cast<std::size_t>(std::min(kItemsAtOnce, total - first)));
      h5::read_range(open.complete, H5T_NATIVE_UINT8, static_cast<std::uint64_t>(first), mask.size(), mask.data());
      n_set += std::count(mask.begin(), mask.end(), std::uint8_t{1});
    }
    return n_set;
  });
}

std::int64_t LandscapeReader::n_complete_rows(const std::string& block) const {
  return impl_->inside([&] {
    const BlockDatasets open = impl_->open_block(block);
    const std::int64_t rows_at_once = std::max<std::int64_t>(1, kItemsAtOnce / open.n_columns);
    std::int64_t n_whole = 0;
    std::vector<std::uint8_t> mask;
    for (std::int64_t row = 0; row < open.n_rows; row += rows_at_once) {
      const std::int64_t n = std::min(rows_at_once, open.n_rows - row);
      mask.resize(static_cast<std::size_t>(n * open.n_columns));
      h5::read_range(open.complete, H5T_NATIVE_UINT8, static_cast<std::uint64_t>(row * open.n_columns), mask.size(),
                     mask.data());
      for (auto at = mask.begin(); at != mask.end(); at += open.n_columns)
        n_whole += std::all_of(at, at + open.n_columns, [](std::uint8_t bit) { return bit == 1; });
    }
    return n_whole;
  });
}

bool LandscapeReader::has_row_vectors(const std::string& block) const {
  return impl_->inside([&] { return h5::has_attribute(impl_->block_group(block).get(), kRowVectorsName); });
}

std::vector<double> LandscapeReader::row_vector(const std::string& block, std::int64_t row) const {
  return impl_->inside([&] {
    const h5::Group group = impl_->block_group(block);
    const h5::OpenDataset dataset =
        h5::open_dataset(group.get(), h5::read_text(group.get(), kRowVectorsName), H5T_IEEE_F64LE, 2);
    if (row < 0 || static_cast<hsize_t>(row) >= dataset.shape[0])
      throw Error(fmt::format("{} {} is not in it.", h5::read_text(group.get(), kRowVectorsName), row));
    std::vector<double> values(dataset.shape[1]);
    h5::read_range(dataset, H5T_NATIVE_DOUBLE, static_cast<std::uint64_t>(row) * values.size(), values.size(),
                   values.data());
    return values;
  });
}

bool LandscapeReader::has_row_column(const std::string& block, const std::string& name) const {
  return impl_->inside([&] { return h5::has_link(impl_->block_group(block).get(), name); });
}

template <class T>
std::vector<T> LandscapeReader::row_column(const std::string& block, const std::string& name) const {
  return impl_->inside([&] {
    const std::int64_t n_rows = impl_->open_block(block).n_rows;
    const h5::OpenDataset dataset = h5::open_dataset(impl_->block_group(block).get(), name, h5::file_type<T>(), 1);
    if (static_cast<std::int64_t>(dataset.shape[0]) != n_rows)
      throw Error(fmt::format("the dataset {} has another number of rows than its block.", dataset.path));
    std::vector<T> values(dataset.shape[0]);
    h5::read_range(dataset, h5::native_type<T>(), 0, values.size(), values.data());
    return values;
  });
}
template std::vector<double> LandscapeReader::row_column(const std::string&, const std::string&) const;
template std::vector<std::int64_t> LandscapeReader::row_column(const std::string&, const std::string&) const;
template std::vector<std::uint8_t> LandscapeReader::row_column(const std::string&, const std::string&) const;

std::vector<std::string> LandscapeReader::result_groups() const {
  return impl_->inside([&] { return find_result_groups(impl_->file); });
}

bool LandscapeReader::has_results(const std::string& group) const {
  return impl_->inside([&] { return h5::has_link(impl_->file.get(), group) && is_complete(impl_->file, group); });
}

ResultGroup LandscapeReader::results(const std::string& group) const {
  return impl_->inside([&] {
    const bool was_complete = is_complete(impl_->file, group);
    StoredResults stored = read_results(impl_->file, group);
    if (stored.is_intact()) return stored.group;
    if (!stored.checksum && impl_->seal == Seal::absent) {
      warn_without_checksums(impl_->path);
      return stored.group;
    }
    if (was_complete && is_complete(impl_->file, group)) {  // before and after: no job was writing them
      throw Error(fmt::format(
          "the results in /{} are damaged, as their checksum does not match: --resume makes them again.", group));
    }
    for (Result& result : stored.group.results) result.value = undefined_like(result.value);
    return stored.group;
  });
}

template <class T>
T LandscapeReader::Impl::result(const ResultGroup& group, const std::string& name) const {
  return inside([&] {
    for (const Result& result : group.results) {
      if (result.name != name) continue;
      if (const T* value = std::get_if<T>(&result.value)) return *value;
      throw Error(fmt::format("the dataset /{}/{} holds another type of numbers than expected.", group.path, name));
    }
    throw Error(fmt::format("it lacks the dataset /{}/{}: use the original or a complete copy.", group.path, name));
  });
}

double LandscapeReader::real_result(const std::string& group, const std::string& name) const {
  return impl_->result<double>(results(group), name);
}
std::int64_t LandscapeReader::whole_result(const std::string& group, const std::string& name) const {
  return impl_->result<std::int64_t>(results(group), name);
}

}  // namespace landscape
