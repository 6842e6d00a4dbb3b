// The birth of the output file: every group, attribute and dataset it will ever hold.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "block_group.hpp"
#include "checksum.hpp"
#include "durable_file.hpp"
#include "hdf5.hpp"
#include "landscape/io/file_system.hpp"
#include "landscape/io/landscape_file.hpp"
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
  h5::write_attribute(id, {"command", run.command});
  h5::write_attribute(id, {"device", run.device});
  h5::write_attribute(id, {"config", run.config});
  h5::write_attribute(id, {"config_hash", run.config_hash});
  h5::write_attribute(id, {"goal", run.goal});
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
  if (layout.points.n_boundary > 0)
    h5::write_attribute(group.get(), {"boundary_points", static_cast<std::int64_t>(layout.points.n_boundary)});
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

hid_t file_type_of(ColumnType type) {
  switch (type) {
    case ColumnType::real:
      return h5::file_type<double>();
    case ColumnType::whole:
      return h5::file_type<std::int64_t>();
    case ColumnType::byte:
      return h5::file_type<std::uint8_t>();
  }
  throw Error("A column of a block has no type.");
}

void write_block(const h5::File& file, const Block& block) {
  const h5::Group group = h5::create_group(file.get(), block.group);
  const hid_t id = group.get();
  const hsize_t m = static_cast<hsize_t>(block.rows), p = static_cast<hsize_t>(block.columns);
  h5::write_attribute(id, {kValuesName, block.values});
  h5::write_attribute(id, {kAxisName, block.axis.name});
  for (const Attribute& attribute : block.attributes) h5::write_attribute(id, attribute);
  h5::write_dataset<double>(id, block.axis.name, block.axis.values, {p}, {block.axis.description, "(P)", "1"});
  if (!block.row_axis.name.empty()) {
    h5::write_attribute(id, {kRowAxisName, block.row_axis.name});
    h5::write_dataset<double>(id, block.row_axis.name, block.row_axis.values, {m},
                              {block.row_axis.description, "(M)", "1"});
  }
  h5::create_dataset(id, block.values, H5T_IEEE_F64LE, {m, p},
                     {block.description + "; valid where complete is 1", block.shape_names, "1"});
  const std::string what = fmt::format("1 where {} has been computed, else 0", block.values);
  h5::OpenDataset complete{
      h5::create_dataset(id, kMask, H5T_STD_U8LE, {m, p}, {what, block.shape_names, "1"}), {m, p}, kMask};
  write_zeros(complete);
  h5::create_dataset(
      id, kRowChecksum, H5T_STD_U32LE, {m},
      {fmt::format("CRC-32C of the little-endian bytes of {}[k, :]; written once the row is complete", block.values),
       "(M)", "1"});
  h5::create_dataset(id, kSeconds, H5T_IEEE_F64LE, {1},
                     {"spent on computing these numbers, mean over ranks", "(1)", "s"});
  const double none = 0.0;
  h5::write_range(h5::open_dataset(id, kSeconds, H5T_IEEE_F64LE, 1), H5T_NATIVE_DOUBLE, 0, 1, &none);
  for (const RowColumn& column : block.row_columns) {
    h5::create_dataset(id, column.name, file_type_of(column.type), {m}, {column.description, "(M)", "1"});
  }
  if (block.row_vectors.length == 0) return;
  h5::write_attribute(id, {kRowVectorsName, block.row_vectors.name});
  h5::create_dataset(id, block.row_vectors.name, H5T_IEEE_F64LE, {m, static_cast<hsize_t>(block.row_vectors.length)},
                     {block.row_vectors.description + "; valid where row k of complete has a 1", "(M, n)", "1"});
}

std::size_t count_datasets(const FileLayout& layout) {
  constexpr std::size_t kOfRoot = 1, kOfProblem = 2, kOfBlock = 7, kOfResults = 2;
  std::size_t n = kOfRoot + kOfProblem;
  for (const Minimizer& minimizer : layout.minimizers) n += count_datasets(minimizer);
  for (const Block& block : layout.blocks) n += kOfBlock + block.row_columns.size();
  for (const ResultGroup& group : layout.results) n += kOfResults + group.results.size();
  return n;
}

void check_layout(const FileLayout& layout) {
  check_names(layout.minimizers);
  for (const Minimizer& minimizer : layout.minimizers) {
    const std::size_t n = ParameterLayout(minimizer.spec).size();
    if (minimizer.theta.size() == n) continue;
    throw Error(fmt::format("The minimizer {} has {} parameters, but its network has {}.", minimizer.name,
                            minimizer.theta.size(), n));
  }
  for (const Block& block : layout.blocks) {
    if (block.rows < 1 || block.columns < 1 || block.axis.values.size() != static_cast<std::size_t>(block.columns)) {
      throw Error(fmt::format("The block /{} has no shape: {} rows, {} columns, {} values along a row.", block.group,
                              block.rows, block.columns, block.axis.values.size()));
    }
    if (!block.row_axis.name.empty() && block.row_axis.values.size() != static_cast<std::size_t>(block.rows))
      throw Error(fmt::format("The block /{} has {} rows, but {} values along a column.", block.group, block.rows,
                              block.row_axis.values.size()));
  }
}

/// Everything but the rows of blocks, sealed and with its disk space.
void write_whole_file(const TemporaryFile& temporary, const FileLayout& layout) {
  h5::File file = create_sealable_file(temporary.path(), count_datasets(layout));
  write_root(file, layout.run);
  write_problem(file, layout);
  write_minimizer_groups(file, layout.minimizers);
  for (const Block& block : layout.blocks) write_block(file, block);
  for (const ResultGroup& group : layout.results) create_result_group(file, group);
  file.close(fmt::format("close '{}'", temporary.path()));
  seal_metadata(temporary.path());
  temporary.reserve_disk_space();
}

/// Raw data only: the seal stays whole.
void copy_intact_rows(const LandscapeReader& from, const Block& block, const h5::File& to) {
  constexpr std::int64_t kItemsAtOnce = std::int64_t{1} << 21;  // 16 MiB
  const std::string group = block.group + "/";
  const h5::OpenDataset numbers = h5::open_dataset(to.get(), group + block.values, H5T_IEEE_F64LE, 2);
  const h5::OpenDataset complete = h5::open_dataset(to.get(), group + kMask, H5T_STD_U8LE, 2);
  const h5::OpenDataset checksum = h5::open_dataset(to.get(), group + kRowChecksum, H5T_STD_U32LE, 1);
  const std::vector<RowState> states = from.row_states(block.group);
  const auto n_rows = static_cast<std::int64_t>(states.size());
  const std::int64_t n_columns = from.n_columns(block.group);
  if (block.rows < n_rows || block.columns != n_columns) {
    throw Error(fmt::format("The {} x {} numbers in /{} of '{}' do not fit into {} x {}.", n_rows, n_columns,
                            block.group, from.path(), block.rows, block.columns));
  }
  const double seconds = from.seconds(block.group);
  h5::write_range(h5::open_dataset(to.get(), group + kSeconds, H5T_IEEE_F64LE, 1), H5T_NATIVE_DOUBLE, 0, 1, &seconds);
  const auto is_intact = [&](std::int64_t row) { return states[static_cast<std::size_t>(row)] == RowState::intact; };
  const auto p = static_cast<std::size_t>(n_columns);
  for (std::int64_t first = 0, end = 0; first < n_rows; first = std::max(end, first + 1)) {
    for (end = first; end < n_rows && is_intact(end) && (end == first || (end - first) * n_columns < kItemsAtOnce);)
      ++end;
    if (end == first) continue;
    const std::vector<double> values = from.rows(block.group, first, end - first);
    std::vector<std::uint32_t> sums;
    for (std::size_t at = 0; at < values.size(); at += p) {
      sums.push_back(crc32c_of(std::span<const double>(values).subspan(at, p)));
    }
    const std::vector<std::uint8_t> ones(values.size(), 1);
    const auto item = static_cast<std::uint64_t>(first * n_columns);
    h5::write_range(numbers, H5T_NATIVE_DOUBLE, item, values.size(), values.data());
    h5::write_range(checksum, H5T_NATIVE_UINT32, static_cast<std::uint64_t>(first), sums.size(), sums.data());
    h5::write_range(complete, H5T_NATIVE_UINT8, item, ones.size(), ones.data());
  }
}

}  // namespace

std::uint64_t file_size_estimate(const FileLayout& layout) {
  constexpr double kMetadata = 1 << 16, kPerBlock = 1 << 13, kPerResult = 1 << 11;
  double bytes = kMetadata + static_cast<double>(layout.run.config.size()) +
                 8.0 * static_cast<double>(layout.points.points.size() + layout.points.weights.size());
  for (const Minimizer& minimizer : layout.minimizers) bytes += size_estimate(minimizer);
  for (const Block& block : layout.blocks) {
    const auto p = static_cast<double>(block.columns);
    double per_row = 9.0 * p + 4.0 + 8.0 * static_cast<double>(block.row_vectors.length);
    for (const RowColumn& column : block.row_columns) per_row += column.type == ColumnType::byte ? 1.0 : 8.0;
    bytes += kPerBlock + 8.0 * p + 8.0 * static_cast<double>(block.row_axis.values.size()) +
             per_row * static_cast<double>(block.rows);
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
  for (const Block& block : layout.blocks) copy_intact_rows(earlier, block, file);
  file.close(fmt::format("close '{}'", temporary.path()));
  temporary.publish(ExistingOutput::replace);
}

}  // namespace landscape
