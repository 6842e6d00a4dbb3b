// The birth of the output file: every group, attribute and dataset it will ever hold.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "checksum.hpp"
#include "durable_file.hpp"
#include "file_names.hpp"
#include "hdf5.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "landscape/io/output_path.hpp"
#include "metadata_seal.hpp"
#include "minimizer_group.hpp"
#include "result_group.hpp"

namespace landscape {
namespace {

void write_root(const h5::File& file, const RunInfo& run) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const hid_t id = file.get();
  h5::write_attribute(id, {"format_version", kFormatVersion});
  h5::write_attribute(id, {"program", run.program});
  h5::write_attribute(id, {"version", run.version});
  h5::write_attribute(id, {"git_revision", run.git_revision});
  h5::write_attribute(id, {"config", run.config});
  h5::write_attribute(id, {"config_hash", run.config_hash});
  h5::write_attribute(
      id, {"created", run.created.empty() ? fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now)) : run.created});
  create_state(id, "running, stopped or complete; a killed job's file says running", to_string(RunState::running));
}

void write_problem(const h5::File& file, const FileLayout& layout) {
  const h5::Group group = h5::create_group(file.get(), "problem");
  h5::write_attribute(group.get(), {"pde", layout.pde});
  h5::write_attribute(group.get(), {"problem", layout.problem});
  h5::write_attribute(group.get(), {"dimension", layout.dimension});
  h5::write_attribute(group.get(), {"exact_solution", layout.exact_solution});
  for (const Attribute& attribute : layout.problem_attributes) h5::write_attribute(group.get(), attribute);
  if (layout.points.size() == 0) return;
  const hsize_t n_points = layout.points.size(), dimension = static_cast<hsize_t>(layout.points.dimension);
  h5::write_dataset<double>(group.get(), "points", layout.points.points, {n_points, dimension},
                            {"quadrature points of the profiles", "(Q, d)", "1"});
  h5::write_dataset<double>(group.get(), "weights", layout.points.weights, {n_points},
                            {"quadrature weights of the profiles", "(Q)", "1"});
}

/// The completion mask is the one dataset whose initial content matters: zeros are written, not hoped for.
void write_zeros(const h5::OpenDataset& dataset) {
  constexpr std::uint64_t kPart = std::uint64_t{1} << 20;
  const std::uint64_t total = dataset.shape[0] * dataset.shape[1];
  const std::vector<std::uint8_t> zeros(std::min(total, kPart), 0);
  for (std::uint64_t first = 0; first < total; first += kPart) {
    h5::write_range(dataset, H5T_NATIVE_UINT8, first, std::min(kPart, total - first), zeros.data());
  }
}

/// What the rounds write.
void write_loss_rows(hid_t id, hsize_t m, hsize_t p) {
  h5::create_dataset(id, "loss", H5T_IEEE_F64LE, {m, p},
                     {"L(theta* + s_j d_k); valid where complete is 1", "(M, P)", "1"});
  h5::OpenDataset complete{h5::create_dataset(id, "complete", H5T_STD_U8LE, {m, p},
                                              {"1 where loss has been computed, else 0", "(M, P)", "1"}),
                           {m, p},
                           "complete"};
  write_zeros(complete);
  h5::create_dataset(
      id, "row_checksum", H5T_STD_U32LE, {m},
      {"CRC-32C of the little-endian bytes of loss[k, :]; written once the row is complete", "(M)", "1"});
}

void write_direction_results(hid_t id, const LossLayout& layout, hsize_t m) {
  const LossKind loss = layout.minimizer.loss;
  const std::string when = fmt::format("; valid once the state of /roughness/{} is complete", to_string(loss));
  h5::create_dataset(id, "total_variation", H5T_IEEE_F64LE, {m},
                     {"T_k = sum_j |f_(j+1) - f_j| / (|I| (max f - min f)), NaN where undefined" + when, "(M)", "1"});
  h5::create_dataset(id, "slope_changes", H5T_STD_I64LE, {m},
                     {"sign changes of the profile's slope" + when, "(M)", "1"});
  h5::create_dataset(
      id, "shape_class", H5T_STD_U8LE, {m},
      {"shape by the turning points between the ends: 0 none, monotone; 1 one valley; 2 several valleys, two lows or "
       "more; 3 one peak; 5 one valley and a peak on one side or both; 4 undefined" +
           when,
       "(M)", "1"});
  const std::pair<const char*, std::string> columns[] = {
      {"tilt",
       "part of T that the ends make: ((f_0 - min) + (f_m - min)) / (|I| (max f - min f)), NaN where undefined"},
      {"end_asymmetry", "(f_m - f_0) / (max f - min f) of the two ends, NaN where undefined"},
      {"minimum_offset", "step s_j of the lowest loss, unit of s, 0 at the minimizer; NaN where undefined"},
      {"curvature", "second derivative of f at the step nearest s = 0 from three steps, NaN where undefined"}};
  for (const auto& [name, description] : columns) {
    h5::create_dataset(id, name, H5T_IEEE_F64LE, {m}, {description + when, "(M)", "1"});
  }
  if (layout.noise) {
    h5::create_dataset(id, "noise", H5T_IEEE_F64LE, {m},
                       {"standard deviation of the single-precision loss minus the double-precision one over a few "
                        "steps" +
                            when,
                        "(M)", "1"});
  }
}

void write_profiles(const h5::File& file, const LossLayout& loss) {
  const ProfileKey main = loss.minimizer.loss;
  const h5::Group group = h5::create_group(file.get(), profile_group_name(main));
  const hid_t id = group.get();
  for (const Attribute& attribute : loss.attributes) h5::write_attribute(id, attribute);
  const hsize_t m = static_cast<hsize_t>(loss.n_directions), p = loss.steps.size(), n = loss.minimizer.theta.size();
  h5::write_dataset<double>(id, "steps", loss.steps, {p}, {"steps s_j along a direction", "(P)", "1"});
  write_loss_rows(id, m, p);
  if (loss.direction_results) write_direction_results(id, loss, m);
  for (std::size_t i = 0; i < loss.point_sets.size(); ++i) {
    const h5::Group set = h5::create_group(file.get(), profile_group_name({main.loss, static_cast<int>(i) + 1}));
    for (const Attribute& attribute : loss.point_sets[i]) h5::write_attribute(set.get(), attribute);
    write_loss_rows(set.get(), m, p);
  }
  if (loss.save_directions) {
    h5::create_dataset(id, "direction", H5T_IEEE_F64LE, {m, n},
                       {"direction d_k, parameters as in theta; valid where row k of complete has a 1", "(M, n)", "1"});
  }
}

std::size_t count_datasets(const FileLayout& layout) {
  constexpr std::size_t kOfRoot = 1, kOfProblem = 2, kOfMinimizer = 4, kOfProfiles = 12, kOfPointSet = 3,
                        kOfResults = 2;
  std::size_t n = kOfRoot + kOfProblem;
  for (const LossLayout& loss : layout.losses) n += kOfMinimizer + kOfProfiles + kOfPointSet * loss.point_sets.size();
  for (const ResultGroup& group : layout.results) n += kOfResults + group.results.size();
  return n;
}

void check_layout(const FileLayout& layout) {
  for (const LossLayout& loss : layout.losses) {
    const std::string name = to_string(loss.minimizer.loss);
    if (loss.minimizer.theta.size() != ParameterLayout(loss.minimizer.spec).size()) {
      throw Error(fmt::format("The {} minimizer has {} parameters, but its network has {}.", name,
                              loss.minimizer.theta.size(), ParameterLayout(loss.minimizer.spec).size()));
    }
    if (loss.n_directions < 0 || (loss.n_directions > 0 && loss.steps.empty())) {
      throw Error(fmt::format("The {} profiles have no shape: {} directions, {} steps.", name, loss.n_directions,
                              loss.steps.size()));
    }
  }
}

/// Everything but the rows of losses, sealed and with its disk space.
void write_whole_file(const TemporaryFile& temporary, const FileLayout& layout) {
  h5::File file = create_sealable_file(temporary.path(), count_datasets(layout));
  write_root(file, layout.run);
  write_problem(file, layout);
  for (const LossLayout& loss : layout.losses) {
    write_minimizer_group(file, loss.minimizer);
    if (loss.n_directions > 0) write_profiles(file, loss);
  }
  for (const ResultGroup& group : layout.results) create_result_group(file, group);
  file.close(fmt::format("close '{}'", temporary.path()));
  seal_metadata(temporary.path());
  temporary.reserve_disk_space();
}

/// Raw data only: the seal stays whole.
void copy_intact_rows(const LandscapeReader& from, ProfileKey key, const h5::File& to) {
  constexpr std::int64_t kItemsAtOnce = std::int64_t{1} << 21;  // 16 MiB of losses
  const std::string group = profile_group_name(key) + "/";
  const h5::OpenDataset losses = h5::open_dataset(to.get(), group + "loss", H5T_IEEE_F64LE, 2);
  const h5::OpenDataset complete = h5::open_dataset(to.get(), group + "complete", H5T_STD_U8LE, 2);
  const h5::OpenDataset checksum = h5::open_dataset(to.get(), group + "row_checksum", H5T_STD_U32LE, 1);
  const std::vector<RowState> states = from.row_states(key);
  const auto n_rows = static_cast<std::int64_t>(states.size());
  const std::int64_t n_steps = from.n_steps(key.loss);
  if (losses.shape[0] < states.size() || losses.shape[1] != static_cast<hsize_t>(n_steps)) {
    throw Error(fmt::format("The {} x {} losses of '{}' do not fit into {} x {}.", n_rows, n_steps, from.path(),
                            losses.shape[0], losses.shape[1]));
  }
  const auto is_intact = [&](std::int64_t row) { return states[static_cast<std::size_t>(row)] == RowState::intact; };
  const auto p = static_cast<std::size_t>(n_steps);
  for (std::int64_t first = 0, end = 0; first < n_rows; first = std::max(end, first + 1)) {
    for (end = first; end < n_rows && is_intact(end) && (end == first || (end - first) * n_steps < kItemsAtOnce);)
      ++end;
    if (end == first) continue;
    const std::vector<double> values = from.losses(key, first, end - first);
    std::vector<std::uint32_t> sums;
    for (std::size_t at = 0; at < values.size(); at += p) {
      sums.push_back(crc32c_of(std::span<const double>(values).subspan(at, p)));
    }
    const std::vector<std::uint8_t> ones(values.size(), 1);
    const auto item = static_cast<std::uint64_t>(first * n_steps);
    h5::write_range(losses, H5T_NATIVE_DOUBLE, item, values.size(), values.data());
    h5::write_range(checksum, H5T_NATIVE_UINT32, static_cast<std::uint64_t>(first), sums.size(), sums.data());
    h5::write_range(complete, H5T_NATIVE_UINT8, item, ones.size(), ones.data());
  }
}

}  // namespace

std::uint64_t file_size_estimate(const FileLayout& layout) {
  constexpr double kMetadata = 1 << 16, kPerLoss = 1 << 16, kPerPointSet = 1 << 13, kPerResult = 1 << 11;
  double bytes = kMetadata + 8.0 * static_cast<double>(layout.points.points.size() + layout.points.weights.size());
  for (const LossLayout& loss : layout.losses) {
    const auto m = static_cast<double>(loss.n_directions), p = static_cast<double>(loss.steps.size());
    const auto n = static_cast<double>(loss.minimizer.theta.size());
    bytes += kPerLoss + 8.0 * n + 24.0 * static_cast<double>(loss.minimizer.history.epoch.size()) + 8.0 * p;
    const auto n_sets = static_cast<double>(loss.point_sets.size());
    bytes += m * ((1.0 + n_sets) * (9.0 * p + 4.0) + 49.0 + (loss.noise ? 8.0 : 0.0) +
                  (loss.save_directions ? 8.0 * n : 0.0));
    bytes += kPerPointSet * n_sets;
  }
  for (const ResultGroup& group : layout.results) {
    for (const Result& result : group.results) {
      double n_values = 1.0;
      for (const std::int64_t extent : result.shape) n_values *= static_cast<double>(extent);
      bytes += kPerResult + 8.0 * n_values + static_cast<double>(result.capacity);
    }
  }
  return static_cast<std::uint64_t>(std::min(bytes, 9e18));
}

void LandscapeFile::create(const std::string& path, const FileLayout& layout, ExistingOutput existing) {
  check_layout(layout);
  const std::string target = resolve_path(path);
  struct stat status = {};
  const bool exists = stat(target.c_str(), &status) == 0;
  if (existing == ExistingOutput::refuse && exists) {
    throw UsageError(fmt::format("The output '{}' exists: give --overwrite, --resume or another --output.", path));
  }
  if (exists) check_output(target, OutputMode::overwrite);  // it may have come during the training
  TemporaryFile temporary(target, file_size_estimate(layout));
  write_whole_file(temporary, layout);
  temporary.publish(existing);
}

void LandscapeFile::extend(const std::string& path, const FileLayout& layout) {
  check_layout(layout);
  require_seal(path);
  const LandscapeReader earlier(path);
  TemporaryFile temporary(resolve_path(path), file_size_estimate(layout));
  write_whole_file(temporary, layout);
  h5::File file = h5::open_file(temporary.path(), H5F_ACC_RDWR, h5::access_properties());
  for (const LossLayout& loss : layout.losses) {
    const auto n_sets = static_cast<int>(loss.point_sets.size());
    for (int set = 0; set <= n_sets; ++set) copy_intact_rows(earlier, {loss.minimizer.loss, set}, file);
  }
  file.close(fmt::format("close '{}'", temporary.path()));
  temporary.publish(ExistingOutput::replace);
}

}  // namespace landscape
