// The rounds: every rank writes its losses, makes them durable and marks them, by itself: what it marks is its own.
// Only the checksum of a row that several ranks share waits until all have said that their marks are there.
#include "landscape/io/landscape_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>

#include "block_group.hpp"
#include "checksum.hpp"
#include "hdf5.hpp"
#include "landscape/io/file_system.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/native.hpp"
#include "metadata_seal.hpp"

namespace landscape {
namespace {

/// Items that were written in this round.
struct Piece {
  std::int64_t first = 0, count = 0;
  std::vector<std::uint32_t> checksums;  // of the whole rows among them
};

/// The datasets of a block that change during the rounds.
struct OpenBlock {
  std::string group;
  std::int64_t n_rows = 0, n_columns = 0;
  h5::OpenDataset numbers, complete, row_checksum;
  std::optional<h5::OpenDataset> row_vectors;
  std::vector<Piece> written;

  std::int64_t row_of(std::int64_t item) const { return item / n_columns; }
  /// Rows [first, last) that lie in [begin, begin + count) as a whole.
  std::pair<std::int64_t, std::int64_t> whole_rows(std::int64_t begin, std::int64_t count) const {
    const std::int64_t first = (begin + n_columns - 1) / n_columns, last = (begin + count) / n_columns;
    return {first, std::max(first, last)};
  }
  std::vector<std::int64_t> partial_rows() const;
  void mark(const Piece& piece) const;
  void finish_row(std::int64_t row) const;
};

/// Rows of which this rank wrote only a part in some call: another call, rank or round has the rest.
std::vector<std::int64_t> OpenBlock::partial_rows() const {
  std::vector<std::int64_t> rows;
  for (const Piece& piece : written) {
    const auto [first, last] = whole_rows(piece.first, piece.count);
    for (const std::int64_t row : {row_of(piece.first), row_of(piece.first + piece.count - 1)}) {
      if (row < first || row >= last) rows.push_back(row);
    }
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

void OpenBlock::mark(const Piece& piece) const {
  const auto [first, last] = whole_rows(piece.first, piece.count);
  if (last > first) {
    h5::write_range(row_checksum, H5T_NATIVE_UINT32, static_cast<std::uint64_t>(first),
                    static_cast<std::uint64_t>(last - first), piece.checksums.data());
  }
  const std::vector<std::uint8_t> ones(static_cast<std::size_t>(piece.count), 1);
  h5::write_range(complete, H5T_NATIVE_UINT8, static_cast<std::uint64_t>(piece.first),
                  static_cast<std::uint64_t>(piece.count), ones.data());
}

/// Writes the checksum of a row if nothing of it is missing. Several ranks may do so at once: they write the same
/// bytes.
void OpenBlock::finish_row(std::int64_t row) const {
  const auto first = static_cast<std::uint64_t>(row * n_columns), count = static_cast<std::uint64_t>(n_columns);
  std::vector<std::uint8_t> mask(count);
  h5::read_range(complete, H5T_NATIVE_UINT8, first, count, mask.data());
  if (!std::all_of(mask.begin(), mask.end(), [](std::uint8_t bit) { return bit == 1; })) return;
  std::vector<double> values(count);
  h5::read_range(numbers, H5T_NATIVE_DOUBLE, first, count, values.data());
  const std::uint32_t checksum = crc32c_of(std::span<const double>(values));
  h5::write_range(row_checksum, H5T_NATIVE_UINT32, static_cast<std::uint64_t>(row), 1, &checksum);
}

OpenBlock open_block(const h5::File& file, const std::string& group) {
  const h5::Group id = h5::open_group(file.get(), group);
  OpenBlock block;
  block.group = group;
  block.numbers = h5::open_dataset(id.get(), h5::read_text(id.get(), kValuesName), H5T_IEEE_F64LE, 2);
  block.complete = h5::open_dataset(id.get(), kMask, H5T_STD_U8LE, 2);
  block.row_checksum = h5::open_dataset(id.get(), kRowChecksum, H5T_STD_U32LE, 1);
  if (h5::has_attribute(id.get(), kRowVectorsName)) {
    block.row_vectors = h5::open_dataset(id.get(), h5::read_text(id.get(), kRowVectorsName), H5T_IEEE_F64LE, 2);
  }
  const std::vector<hsize_t>& shape = block.numbers.shape;
  if (block.complete.shape != shape || block.row_checksum.shape[0] != shape[0] || shape[0] == 0 || shape[1] == 0 ||
      (block.row_vectors && block.row_vectors->shape[0] != shape[0])) {
    throw Error(fmt::format("The datasets of /{} do not fit together: the file is damaged.", group));
  }
  block.n_rows = static_cast<std::int64_t>(shape[0]);
  block.n_columns = static_cast<std::int64_t>(shape[1]);
  return block;
}

/// This process's descriptors of the file that was opened.
std::vector<int> descriptors_of(const struct stat& file) {
  std::vector<int> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const int descriptor = std::atoi(entry.path().filename().c_str());
    struct stat status = {};
    if (fstat(descriptor, &status) == 0 && status.st_dev == file.st_dev && status.st_ino == file.st_ino)
      found.push_back(descriptor);
  }
  return found;
}

/// Writes the superblock as it is: throws Error where this process cannot write the file any more.
void require_writable(const std::string& path, const struct stat& file, std::uint64_t superblock) {
  std::array<char, 96> bytes{};
  for (const int descriptor : descriptors_of(file)) {
    if ((fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDWR) continue;
    const ssize_t n = pread(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(superblock));
    if (n > 0 && pwrite(descriptor, bytes.data(), static_cast<std::size_t>(n), static_cast<off_t>(superblock)) == n)
      continue;
    throw Error(
        fmt::format("The output '{}' cannot be written any more {}: the rounds before are kept, go on with --resume.",
                    path, errno_text()));
  }
}

/// Where MPI-IO's own descriptor is not to be found: any descriptor of a file syncs all of it.
bool sync_by_name(const std::string& path, const struct stat& file) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat status = {};
  const bool same = descriptor >= 0 && fstat(descriptor, &status) == 0 && status.st_ino == file.st_ino &&
                    status.st_dev == file.st_dev;
  const bool synced = same && fdatasync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  return synced;
}

/// What this process wrote through MPI-IO is on the disk on return. H5Fflush would be collective, and there is nothing
/// but raw data to flush: the MPI-IO driver keeps none of it back.
void make_durable(const std::string& path, const struct stat& file) {
  bool found = false;
  for (const int descriptor : descriptors_of(file)) {
    if ((fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDWR) continue;
    found = true;
    if (fdatasync(descriptor) != 0) {
      throw Error(
          fmt::format("The output '{}' cannot be written any more {}: the rounds before are kept, go on with --resume.",
                      path, errno_text()));
    }
  }
  if (!found && !sync_by_name(path, file))
    throw Error(fmt::format("The output '{}' cannot be made durable {}.", path, errno_text()));
}

/// What is written from now on goes nowhere.
void detach(const struct stat& file) noexcept {
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0) return;
  for (const int descriptor : descriptors_of(file)) dup2(nowhere, descriptor);
  ::close(nowhere);
}

/// Ranks on another node may see another file under the same name, or none: then each would write into its own.
struct stat check_same_file(const std::string& path, const Communicator& comm) {
  struct stat status = {};
  collectively(comm, [&] {
    if (stat(path.c_str(), &status) != 0) {
      throw Error(fmt::format("The output '{}' cannot be found {}: it must lie on a file system that all nodes share.",
                              path, errno_text()));
    }
  });
  struct Identity {
    std::uint64_t inode, size;
  } root{status.st_ino, static_cast<std::uint64_t>(status.st_size)};
  comm.broadcast(root);
  collectively(comm, [&] {
    if (root.inode != status.st_ino || root.size != static_cast<std::uint64_t>(status.st_size)) {
      throw Error(fmt::format(
          "The output '{}' is another file here than on rank 0: it must lie on a file system that all nodes "
          "share.",
          path));
    }
  });
  return status;
}

}  // namespace

struct LandscapeFile::Impl {
  std::string path;
  Communicator comm;
  struct stat identity = {};
  std::uint64_t superblock = 0;  // where in the file
  h5::File file;
  std::vector<OpenBlock> blocks;

  Impl(std::string file_path, const Communicator& communicator) : path(std::move(file_path)), comm(communicator) {}

  OpenBlock& of(const std::string& group) {
    for (OpenBlock& candidate : blocks) {
      if (candidate.group == group) return candidate;
    }
    throw Error(fmt::format("The file '{}' has no block /{}.", path, group));
  }

  /// Where one rank cannot write inside HDF5's collective calls, it leaves the others waiting there: so that is tried
  /// first. The barrier is patient; HDF5's own waits are not.
  void prepare_collective() {
    comm.barrier();
    collectively(comm, [&] { require_writable(path, identity, superblock); });
  }

  /// Where the error had nothing to do with the disk, the file closes as usual: HDF5 may want to set its size, which a
  /// detached descriptor refuses, and then crashes at the end of MPI over a file that it could not close.
  bool writable_everywhere() {
    try {
      prepare_collective();
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  void close() {
    if (!file) return;
    prepare_collective();
    close_handles();
  }

  void close_handles() {
    comm.barrier();
    blocks.clear();
    collectively(comm, [&] { file.close(fmt::format("close '{}'", path)); });
  }

  ~Impl() {
    if (!file) return;
    if (std::uncaught_exceptions() > 0 && !unwinding_together()) {
      // Closing would wait for ranks that do not come; the job is about to be aborted.
      for (OpenBlock& each : blocks) {
        each.numbers.dataset.leak();
        each.complete.dataset.leak();
        each.row_checksum.dataset.leak();
        if (each.row_vectors) each.row_vectors->dataset.leak();
      }
      file.leak();
      return;
    }
    try {
      // Whatever went wrong, the rounds before are on the disk: nothing that HDF5 may still want to write is needed.
      if (unwinding_together()) {
        if (!writable_everywhere()) detach(identity);
        close_handles();
      } else {
        close();
      }
    } catch (const std::exception& error) {
      fmt::print(stderr, "warning: {}\n", error.what());
    }
  }
};

LandscapeFile::LandscapeFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LandscapeFile::LandscapeFile(LandscapeFile&&) noexcept = default;
LandscapeFile& LandscapeFile::operator=(LandscapeFile&&) noexcept = default;
LandscapeFile::~LandscapeFile() = default;

LandscapeFile LandscapeFile::open_parallel(const std::string& path, const Communicator& comm) {
  const struct stat identity = check_same_file(path, comm);
  root_only(comm, [&] { require_seal(path); });
  auto impl = std::make_unique<Impl>(path, comm);
  impl->identity = identity;
  collectively(comm, [&] {
    const h5::PropertyList access = h5::access_properties();
    h5::check(H5Pset_fapl_mpio(access.get(), native(comm), MPI_INFO_NULL), "choose the MPI-IO driver");
    // OMPIO loses a name of one character.
    const bool is_bare = path.find('/') == std::string::npos;
    impl->file = h5::open_file(is_bare ? "./" + path : path, H5F_ACC_RDWR, access);
    const h5::PropertyList creation(H5Fget_create_plist(impl->file.get()), "read a file's properties");
    hsize_t block = 0;
    h5::check(H5Pget_userblock(creation.get(), &block), "read the user block's size");
    impl->superblock = block;
  });
  collectively(comm, [&] {
    for (const std::string& group : block_groups(impl->file)) impl->blocks.push_back(open_block(impl->file, group));
  });
  // HDF5 sets the file's size at its first flush, or else when it closes: it must not be left with that where a round
  // fails for want of a disk.
  impl->prepare_collective();
  collectively(comm, [&] { h5::check(H5Fflush(impl->file.get(), H5F_SCOPE_GLOBAL), fmt::format("flush '{}'", path)); });
  return LandscapeFile(std::move(impl));
}

std::int64_t LandscapeFile::n_rows(const std::string& block) const { return impl_->of(block).n_rows; }
std::int64_t LandscapeFile::n_columns(const std::string& block) const { return impl_->of(block).n_columns; }

bool LandscapeFile::has_row_vectors(const std::string& block) const { return impl_->of(block).row_vectors.has_value(); }

void LandscapeFile::write_items(const std::string& group, std::int64_t first_item, std::span<const double> values) {
  if (values.empty()) return;
  OpenBlock& block = impl_->of(group);
  if (first_item < 0) throw Error(fmt::format("Item {} does not exist.", first_item));
  h5::write_range(block.numbers, H5T_NATIVE_DOUBLE, static_cast<std::uint64_t>(first_item), values.size(),
                  values.data());
  Piece piece{first_item, static_cast<std::int64_t>(values.size()), {}};
  const auto [first, last] = block.whole_rows(piece.first, piece.count);
  for (std::int64_t row = first; row < last; ++row) {
    const auto at = static_cast<std::size_t>(row * block.n_columns - first_item);
    piece.checksums.push_back(crc32c_of(values.subspan(at, static_cast<std::size_t>(block.n_columns))));
  }
  block.written.push_back(std::move(piece));
}

void LandscapeFile::write_row_vector(const std::string& group, std::int64_t row, std::span<const double> values) {
  const OpenBlock& block = impl_->of(group);
  if (!block.row_vectors)
    throw Error(fmt::format("The file '{}' has no place for the vectors of /{}.", impl_->path, group));
  const std::uint64_t n = block.row_vectors->shape[1];
  if (values.size() != n || row < 0)
    throw Error(fmt::format("Vector {} of /{} has {} entries, {} are due.", row, group, values.size(), n));
  h5::write_range(*block.row_vectors, H5T_NATIVE_DOUBLE, static_cast<std::uint64_t>(row) * n, n, values.data());
}

std::int64_t LandscapeFile::mark_items() {
  std::int64_t n_partial = 0;
  bool any = false;
  for (const OpenBlock& block : impl_->blocks) any = any || !block.written.empty();
  if (!any) return 0;
  make_durable(impl_->path, impl_->identity);
  for (const OpenBlock& block : impl_->blocks) {
    for (const Piece& piece : block.written) block.mark(piece);
    n_partial += static_cast<std::int64_t>(block.partial_rows().size());
  }
  make_durable(impl_->path, impl_->identity);
  return n_partial;
}

void LandscapeFile::finish_rows() {
  bool any = false;
  for (OpenBlock& block : impl_->blocks) {
    for (const std::int64_t row : block.partial_rows()) {
      block.finish_row(row);
      any = true;
    }
    block.written.clear();
  }
  if (any) make_durable(impl_->path, impl_->identity);
}

void LandscapeFile::commit_round() {
  std::int64_t n_partial = 0;
  for (const std::int64_t n : collectively_gather(impl_->comm, [&] { return mark_items(); })) n_partial += n;
  // A row that was put together from several calls is whole or not only now that every rank's marks are in the file.
  if (n_partial > 0) {
    collectively(impl_->comm, [&] { finish_rows(); });
  } else {
    finish_rows();
  }
}

void LandscapeFile::close() { impl_->close(); }

}  // namespace landscape
