// Everything is read once in a rehearsal (rehearsal.hpp) before this process reads it.
#include "landscape/io/landscape_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "checksum.hpp"
#include "file_names.hpp"
#include "hdf5.hpp"
#include "minimizer_group.hpp"
#include "rehearsal.hpp"
#include "result_group.hpp"

namespace landscape {
namespace {

constexpr std::array<LossKind, 2> kLosses{LossKind::ritz, LossKind::galerkin};
constexpr std::array<RunState, 3> kStates{RunState::running, RunState::stopped, RunState::complete};
constexpr const char* kWanted = "an output file of landscape_mpi";
constexpr std::int64_t kItemsAtOnce = std::int64_t{1} << 21;  // 16 MiB of losses

/// Shapes of one loss's profiles, checked against each other.
struct ProfileShapes {
  std::int64_t n_directions = 0, n_steps = 0;
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
  h5::OpenDataset profile_dataset(ProfileKey key, const char* name, hid_t like, std::size_t rank) const {
    return h5::open_dataset(file.get(), fmt::format("{}/{}", profile_group_name(key), name), like, rank);
  }
  h5::Group profile_group(ProfileKey key) const {
    const std::string name = profile_group_name(key);
    if (key.set == 0 && !h5::has_link(file.get(), name)) {
      throw Error(
          fmt::format("there are no {} profiles in it: use the original or a complete copy.", to_string(key.loss)));
    }
    return h5::open_group(file.get(), name);
  }
  ProfileShapes shapes(ProfileKey key) const;
  template <class T>
  std::vector<T> column(ProfileKey key, const char* name) const;
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
  run.config = h5::read_text(root, "config");
  run.config_hash = h5::read_text(root, "config_hash");
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

ProfileShapes LandscapeReader::Impl::shapes(ProfileKey key) const {
  profile_group(key);
  const h5::OpenDataset losses = profile_dataset(key, "loss", H5T_IEEE_F64LE, 2);
  const h5::OpenDataset complete = profile_dataset(key, "complete", H5T_STD_U8LE, 2);
  const h5::OpenDataset checksum = profile_dataset(key, "row_checksum", H5T_STD_U32LE, 1);
  const h5::OpenDataset steps = profile_dataset(key.loss, "steps", H5T_IEEE_F64LE, 1);
  if (complete.shape != losses.shape || checksum.shape[0] != losses.shape[0] || steps.shape[0] != losses.shape[1] ||
      losses.shape[0] == 0 || losses.shape[1] == 0) {
    throw Error(fmt::format("the datasets of its {} profiles do not fit together.", to_string(key.loss)));
  }
  if (key.set > 0 && profile_dataset(key.loss, "loss", H5T_IEEE_F64LE, 2).shape != losses.shape) {
    throw Error(fmt::format("the profiles in /{} have another shape than the others.", profile_group_name(key)));
  }
  return {static_cast<std::int64_t>(losses.shape[0]), static_cast<std::int64_t>(losses.shape[1])};
}

template <class T>
std::vector<T> LandscapeReader::Impl::column(ProfileKey key, const char* name) const {
  const h5::OpenDataset dataset = profile_dataset(key, name, h5::file_type<T>(), 1);
  if (static_cast<std::int64_t>(dataset.shape[0]) != shapes(key).n_directions) {
    throw Error(fmt::format("the dataset {} has another number of directions than the losses.", dataset.path));
  }
  std::vector<T> values(dataset.shape[0]);
  h5::read_range(dataset, h5::native_type<T>(), 0, values.size(), values.data());
  return values;
}

LandscapeReader::LandscapeReader(const std::string& path) : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  require_readable(path, "", kWanted);
  if (!h5::is_hdf5_file(path)) {
    throw Error(fmt::format("'{}' is not HDF5, or its beginning is damaged: give {}.", path, kWanted));
  }
  const auto open = [&] {
    impl_->file = h5::open_file(path, H5F_ACC_RDONLY, h5::access_properties());
    impl_->read_root();
  };
  impl_->seal = rehearse(path, [&] {
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
  attempt([&] { minimizers(); });
  attempt([&] { profiles(); });
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
  for (const LossKind loss : kLosses) {
    attempt([&] { minimizer(loss); });
    attempt([&] { steps(loss); });
    attempt([&] { profile_attributes(loss); });
    attempt([&] { losses(loss, 0, 1); });
    attempt([&] { has_directions(loss); });
    attempt([&] { direction(loss, 0); });
    attempt([&] { direction_results(loss); });
    attempt([&] { n_complete_items(loss); });
    attempt([&] {
      for (int set = n_point_sets(loss); set > 0; --set) {
        attempt([&] { losses({loss, set}, 0, 1); });
        attempt([&] { n_complete_items({loss, set}); });
      }
    });
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
    const bool trained_only = !h5::has_link(impl_->file.get(), "profiles");
    if (trained_only && !h5::has_link(group.get(), "points")) return set;
    std::vector<hsize_t> shape;
    set.points = impl_->with_checksums(
        [&](bool* missing) { return h5::read_dataset<double>(group.get(), "points", 2, &shape, missing); });
    set.weights = impl_->with_checksums(
        [&](bool* missing) { return h5::read_dataset<double>(group.get(), "weights", 1, nullptr, missing); });
    if (set.weights.size() != shape[0] || shape[1] != static_cast<hsize_t>(set.dimension)) {
      throw Error("its quadrature points and weights do not fit together.");
    }
    return set;
  });
}

std::vector<LossKind> LandscapeReader::minimizers() const {
  return impl_->inside([&] {
    std::vector<LossKind> found;
    for (const LossKind loss : kLosses) {
      if (h5::has_link(impl_->file.get(), minimizer_group_name(loss))) found.push_back(loss);
    }
    return found;
  });
}

std::vector<LossKind> LandscapeReader::profiles() const {
  return impl_->inside([&] {
    std::vector<LossKind> found;
    for (const LossKind loss : kLosses) {
      if (h5::has_link(impl_->file.get(), profile_group_name(loss))) found.push_back(loss);
    }
    return found;
  });
}

Minimizer LandscapeReader::minimizer(LossKind loss) const {
  return impl_->inside([&] {
    return impl_->with_checksums([&](bool* missing) { return read_minimizer_group(impl_->file, loss, missing); });
  });
}

std::vector<double> LandscapeReader::steps(LossKind loss) const {
  return impl_->inside([&] {
    impl_->shapes(loss);
    return impl_->with_checksums([&](bool* missing) {
      return h5::read_dataset<double>(impl_->file.get(), profile_group_name(loss) + "/steps", 1, nullptr, missing);
    });
  });
}

std::int64_t LandscapeReader::n_directions(LossKind loss) const {
  return impl_->inside([&] { return impl_->shapes(loss).n_directions; });
}
std::int64_t LandscapeReader::n_steps(LossKind loss) const {
  return impl_->inside([&] { return impl_->shapes(loss).n_steps; });
}

AttributeList LandscapeReader::profile_attributes(LossKind loss) const {
  return impl_->inside([&] { return h5::read_attributes(impl_->profile_group(loss).get()); });
}

std::vector<double> LandscapeReader::losses(ProfileKey key, std::int64_t first, std::int64_t count) const {
  return impl_->inside([&] {
    const ProfileShapes shapes = impl_->shapes(key);
    if (first < 0 || count < 0 || first > shapes.n_directions || count > shapes.n_directions - first) {
      throw Error(fmt::format("directions {} to {} are not among its {}.", first, first + count, shapes.n_directions));
    }
    std::vector<double> values(static_cast<std::size_t>(count * shapes.n_steps));
    h5::read_range(impl_->profile_dataset(key, "loss", H5T_IEEE_F64LE, 2), H5T_NATIVE_DOUBLE,
                   static_cast<std::uint64_t>(first * shapes.n_steps), values.size(), values.data());
    return values;
  });
}

std::vector<RowState> LandscapeReader::row_states(ProfileKey key) const {
  return impl_->inside([&] {
    const ProfileShapes shapes = impl_->shapes(key);
    const h5::OpenDataset losses = impl_->profile_dataset(key, "loss", H5T_IEEE_F64LE, 2);
    const h5::OpenDataset complete = impl_->profile_dataset(key, "complete", H5T_STD_U8LE, 2);
    const h5::OpenDataset row_checksum = impl_->profile_dataset(key, "row_checksum", H5T_STD_U32LE, 1);
    const auto p = static_cast<std::size_t>(shapes.n_steps);
    const std::int64_t rows_at_once = std::max<std::int64_t>(1, kItemsAtOnce / shapes.n_steps);
    std::vector<RowState> states;
    std::vector<std::uint8_t> mask;
    std::vector<double> values;
    std::vector<std::uint32_t> checksums;
    for (std::int64_t row = 0; row < shapes.n_directions; row += rows_at_once) {
      const auto n_rows = static_cast<std::size_t>(std::min(rows_at_once, shapes.n_directions - row));
      const auto first = static_cast<std::uint64_t>(row * shapes.n_steps);
      mask.resize(n_rows * p);
      values.resize(n_rows * p);
      checksums.resize(n_rows);
      // A job may be writing: what it wrote last is read first.
      h5::read_range(complete, H5T_NATIVE_UINT8, first, mask.size(), mask.data());
      h5::read_range(row_checksum, H5T_NATIVE_UINT32, static_cast<std::uint64_t>(row), n_rows, checksums.data());
      h5::read_range(losses, H5T_NATIVE_DOUBLE, first, values.size(), values.data());
      for (std::size_t i = 0; i < n_rows; ++i) {
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

std::int64_t LandscapeReader::n_complete_items(ProfileKey key) const {
  return impl_->inside([&] {
    const ProfileShapes shapes = impl_->shapes(key);
    const h5::OpenDataset complete = impl_->profile_dataset(key, "complete", H5T_STD_U8LE, 2);
    const std::int64_t total = shapes.n_directions * shapes.n_steps;
    std::int64_t n_set = 0;
    std::vector<std::uint8_t> mask;
    for (std::int64_t first = 0; first < total; first += kItemsAtOnce) {
      mask.resize(static_cast<std::size_t>(std::min(kItemsAtOnce, total - first)));
      h5::read_range(complete, H5T_NATIVE_UINT8, static_cast<std::uint64_t>(first), mask.size(), mask.data());
      n_set += std::count(mask.begin(), mask.end(), std::uint8_t{1});
    }
    return n_set;
  });
}

std::int64_t LandscapeReader::n_complete_rows(ProfileKey key) const {
  return impl_->inside([&] {
    const ProfileShapes shapes = impl_->shapes(key);
    const h5::OpenDataset complete = impl_->profile_dataset(key, "complete", H5T_STD_U8LE, 2);
    const std::int64_t rows_at_once = std::max<std::int64_t>(1, kItemsAtOnce / shapes.n_steps);
    std::int64_t n_whole = 0;
    std::vector<std::uint8_t> mask;
    for (std::int64_t row = 0; row < shapes.n_directions; row += rows_at_once) {
      const std::int64_t n_rows = std::min(rows_at_once, shapes.n_directions - row);
      mask.resize(static_cast<std::size_t>(n_rows * shapes.n_steps));
      h5::read_range(complete, H5T_NATIVE_UINT8, static_cast<std::uint64_t>(row * shapes.n_steps), mask.size(),
                     mask.data());
      for (auto at = mask.begin(); at != mask.end(); at += shapes.n_steps)
        n_whole += std::all_of(at, at + shapes.n_steps, [](std::uint8_t bit) { return bit == 1; });
    }
    return n_whole;
  });
}

int LandscapeReader::n_point_sets(LossKind loss) const {
  return impl_->inside([&] {
    int n = 0;
    while (n < kMostPointSets && h5::has_link(impl_->file.get(), profile_group_name({loss, n + 1}))) ++n;
    return n;
  });
}

bool LandscapeReader::has_directions(LossKind loss) const {
  return impl_->inside([&] { return h5::has_link(impl_->file.get(), profile_group_name(loss) + "/direction"); });
}

std::vector<double> LandscapeReader::direction(LossKind loss, std::int64_t row) const {
  return impl_->inside([&] {
    const h5::OpenDataset dataset = impl_->profile_dataset(loss, "direction", H5T_IEEE_F64LE, 2);
    if (row < 0 || static_cast<hsize_t>(row) >= dataset.shape[0])
      throw Error(fmt::format("direction {} is not in it.", row));
    std::vector<double> values(dataset.shape[1]);
    h5::read_range(dataset, H5T_NATIVE_DOUBLE, static_cast<std::uint64_t>(row) * values.size(), values.size(),
                   values.data());
    return values;
  });
}

DirectionResults LandscapeReader::direction_results(LossKind loss) const {
  return impl_->inside([&] {
    DirectionResults results{
        impl_->column<double>(loss, "total_variation"),   impl_->column<std::int64_t>(loss, "slope_changes"),
        impl_->column<std::uint8_t>(loss, "shape_class"), impl_->column<double>(loss, "tilt"),
        impl_->column<double>(loss, "end_asymmetry"),     impl_->column<double>(loss, "minimum_offset"),
        impl_->column<double>(loss, "curvature")};
    if (h5::has_link(impl_->file.get(), profile_group_name(loss) + "/noise")) {
      results.noise = impl_->column<double>(loss, "noise");
    }
    return results;
  });
}

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
