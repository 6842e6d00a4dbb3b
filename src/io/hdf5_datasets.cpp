// Datasets: contiguous, so that a range of elements is a range of bytes, and allocated at creation, so that writing
// changes no metadata. Copies by other programs may be chunked and compressed: they are read, never written.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checksum.hpp"
#include "hdf5.hpp"

namespace landscape::h5 {
namespace {

constexpr const char* kChecksum = "crc32c";

std::uint64_t file_bytes(hid_t object) {
  const File file(H5Iget_file_id(object), "find a dataset's file");
  hsize_t size = 0;
  check(H5Fget_filesize(file.get(), &size), "read the file's size");
  return size;
}

/// One block of a range: rows [row, row + n_rows) and columns [column, column + n_columns).
struct Block {
  hsize_t row, n_rows, column, n_columns;
  hsize_t size() const { return n_rows * n_columns; }
};

std::vector<Block> blocks_of(std::uint64_t first, std::uint64_t count, std::uint64_t n_columns) {
  std::vector<Block> blocks;
  while (count > 0) {
    const std::uint64_t row = first / n_columns, column = first % n_columns;
    const Block block = column == 0 && count >= n_columns ? Block{row, count / n_columns, 0, n_columns}
                                                          : Block{row, 1, column, std::min(count, n_columns - column)};
    blocks.push_back(block);
    first += block.size();
    count -= block.size();
  }
  return blocks;
}

template <class Transfer>
void for_each_block(const OpenDataset& data, std::uint64_t first, std::uint64_t count, Transfer&& transfer) {
  const std::uint64_t n_columns = data.shape.size() == 2 ? data.shape[1] : 1;
  const std::uint64_t total = data.shape[0] * n_columns;
  if (first > total || count > total - first) {
    throw Error(
        fmt::format("Items {} to {} lie outside the dataset {} of {}.", first, first + count, data.path, total));
  }
  std::uint64_t done = 0;
  for (const Block& block : blocks_of(first, count, n_columns)) {
    const Dataspace in_file(H5Dget_space(data.dataset.get()), fmt::format("read the shape of {}", data.path));
    const hsize_t offset[2] = {block.row, block.column}, size[2] = {block.n_rows, block.n_columns};
    check(H5Sselect_hyperslab(in_file.get(), H5S_SELECT_SET, offset, nullptr, size, nullptr),
          fmt::format("select in {}", data.path));
    const hsize_t n = block.size();
    const Dataspace in_memory(H5Screate_simple(1, &n, nullptr), "create a dataspace");
    transfer(in_memory.get(), in_file.get(), done);
    done += n;
  }
}

}  // namespace

namespace {

/// Every chunk is decompressed once, even where one row after the other is read from chunks larger than HDF5's cache.
Dataset open_with_cache(hid_t parent, const std::string& name) {
  constexpr std::uint64_t kUsualCache = std::uint64_t{1} << 20, kLargestCache = std::uint64_t{1} << 30;
  const std::string doing = fmt::format("open the dataset {}", name);
  Dataset dataset(H5Dopen2(parent, name.c_str(), H5P_DEFAULT), doing);
  const PropertyList creation(H5Dget_create_plist(dataset.get()), doing);
  std::array<hsize_t, H5S_MAX_RANK> chunk{};
  if (H5Pget_layout(creation.get()) != H5D_CHUNKED) return dataset;
  const int rank = H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data());
  std::uint64_t bytes = sizeof(double);
  for (int i = 0; i < rank && bytes <= kLargestCache; ++i) bytes *= std::min<hsize_t>(chunk[i], kLargestCache);
  if (bytes <= kUsualCache || bytes > kLargestCache) return dataset;
  const PropertyList access(H5Pcreate(H5P_DATASET_ACCESS), doing);
  check(H5Pset_chunk_cache(access.get(), H5D_CHUNK_CACHE_NSLOTS_DEFAULT, bytes, H5D_CHUNK_CACHE_W0_DEFAULT), doing);
  return Dataset(H5Dopen2(parent, name.c_str(), access.get()), doing);
}

/// A compressed dataset needs its filters.
void check_filters(const PropertyList& creation, const std::string& name) {
  const int n_filters = H5Pget_nfilters(creation.get());
  for (int i = 0; i < n_filters; ++i) {
    std::array<char, 80> text{};
    std::size_t n_values = 0;
    unsigned flags = 0, config = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &n_values, nullptr,
                                               text.size() - 1, text.data(), &config);
    if (filter >= 0 && H5Zfilter_avail(filter) > 0) continue;
    H5Eclear2(H5E_DEFAULT);
    throw Error(
        fmt::format("The dataset {} is compressed by the filter {} ({}), which HDF5 does not have here: "
                    "rewrite the file with h5repack -f NONE where it has it.",
                    name, filter, text.data()));
  }
}

/// A damaged file may claim any shape: it must fit into the bytes that are there before memory is taken for it.
void check_layout(const OpenDataset& open, std::size_t element) {
  constexpr std::uint64_t kMostCompression = 1100;               // deflate reaches 1032
  constexpr std::uint64_t kSmallBytes = std::uint64_t{1} << 26;  // no harm in any case
  const std::string& name = open.path;
  const PropertyList creation(H5Dget_create_plist(open.dataset.get()), fmt::format("read the layout of {}", name));
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  const std::uint64_t bytes = file_bytes(open.dataset.get());
  const bool external = H5Pget_external_count(creation.get()) != 0;
  H5Eclear2(H5E_DEFAULT);
  if (external || (layout != H5D_CONTIGUOUS && layout != H5D_COMPACT && layout != H5D_CHUNKED)) {
    throw Error(fmt::format("The dataset {} is stored outside the file: copy it into the file with h5repack.", name));
  }
  std::uint64_t room = bytes;
  if (layout == H5D_CHUNKED) {
    check_filters(creation, name);
    const std::uint64_t stored = std::min<std::uint64_t>(H5Dget_storage_size(open.dataset.get()), bytes);
    room = std::max(kSmallBytes, stored * kMostCompression);
  }
  std::uint64_t elements = 1;
  for (const hsize_t n : open.shape) {
    if (n != 0 && elements > room / n)
      throw Error(fmt::format("The dataset {} claims more data than the file holds.", name));
    elements *= n;
  }
  if (layout == H5D_CHUNKED && elements > room / element)
    throw Error(fmt::format("The dataset {} claims more data than the file holds.", name));
  if (layout != H5D_CONTIGUOUS) return;  // compact data is limited by the object header
  const haddr_t start = H5Dget_offset(open.dataset.get());
  H5Eclear2(H5E_DEFAULT);
  if (elements > 0 && (start == HADDR_UNDEF || start > bytes || elements > (bytes - start) / element))
    throw Error(fmt::format("The dataset {} reaches beyond the end of the file.", name));
}

}  // namespace

template <>
hid_t native_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t native_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t native_type<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
hid_t native_type<std::uint32_t>() {
  return H5T_NATIVE_UINT32;
}
template <>
hid_t native_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
hid_t file_type<double>() {
  return H5T_IEEE_F64LE;
}
template <>
hid_t file_type<std::int64_t>() {
  return H5T_STD_I64LE;
}
template <>
hid_t file_type<std::uint64_t>() {
  return H5T_STD_U64LE;
}
template <>
hid_t file_type<std::uint32_t>() {
  return H5T_STD_U32LE;
}
template <>
hid_t file_type<std::uint8_t>() {
  return H5T_STD_U8LE;
}

Dataset create_dataset(hid_t parent, const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
                       const DatasetText& text) {
  const std::string doing = fmt::format("create the dataset {}", name);
  const PropertyList creation(H5Pcreate(H5P_DATASET_CREATE), doing);
  check(H5Pset_layout(creation.get(), H5D_CONTIGUOUS), doing);
  check(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY), doing);
  check(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER), doing);
  check(H5Pset_obj_track_times(creation.get(), false), doing);  // equal jobs make equal files
  const Dataspace space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), doing);
  Dataset dataset(H5Dcreate2(parent, name.c_str(), type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), doing);
  write_attribute(dataset.get(), {"description", text.description});
  write_attribute(dataset.get(), {"shape", text.shape});
  write_attribute(dataset.get(), {"units", text.units});
  return dataset;
}

template <class T>
void write_dataset(hid_t parent, const std::string& name, std::span<const T> values, const std::vector<hsize_t>& shape,
                   const DatasetText& text) {
  std::uint64_t size = 1;
  for (const hsize_t n : shape) size *= n;
  if (size != values.size())
    throw Error(fmt::format("The dataset {} has {} values where {} are due.", name, values.size(), size));
  const Dataset dataset = create_dataset(parent, name, file_type<T>(), shape, text);
  write_attribute(dataset.get(), {kChecksum, std::int64_t{crc32c_of(values)}});
  check(H5Dwrite(dataset.get(), native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
        fmt::format("write the dataset {}", name));
}

OpenDataset open_dataset(hid_t parent, const std::string& name, hid_t like, std::size_t rank) {
  OpenDataset open;
  open.path = name;
  require_object(parent, name, H5I_DATASET);
  open.dataset = open_with_cache(parent, name);
  const Dataspace space(H5Dget_space(open.dataset.get()), fmt::format("read the shape of {}", name));
  const int found_rank = H5Sget_simple_extent_ndims(space.get());
  if (found_rank != static_cast<int>(rank)) {
    throw Error(fmt::format("The dataset {} has {} dimensions, expected {}.", name, found_rank, rank));
  }
  open.shape.resize(rank);
  check(H5Sget_simple_extent_dims(space.get(), open.shape.data(), nullptr), fmt::format("read the shape of {}", name));

  const Datatype type(H5Dget_type(open.dataset.get()), fmt::format("read the type of {}", name));
  const std::size_t element = H5Tget_size(type.get());
  const bool same_sign = H5Tget_class(like) == H5T_FLOAT || H5Tget_sign(type.get()) == H5Tget_sign(like);
  if (H5Tget_class(type.get()) != H5Tget_class(like) || element == 0 || element > 8 || !same_sign) {
    throw Error(fmt::format("The dataset {} holds another type of numbers than expected.", name));
  }
  check_layout(open, element);
  return open;
}

template <class T>
void write_whole(const OpenDataset& target, std::span<const T> values) {
  std::uint64_t size = 1;
  for (const hsize_t n : target.shape) size *= n;
  if (size != values.size())
    throw Error(fmt::format("The dataset {} has room for {} values, not for {}.", target.path, size, values.size()));
  check(H5Dwrite(target.dataset.get(), native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
        fmt::format("write the dataset {}", target.path));
}

template <class T>
std::vector<T> read_whole(const OpenDataset& source) {
  std::uint64_t size = 1;
  for (const hsize_t n : source.shape) size *= n;
  std::vector<T> values(size);
  if (size > 0) {
    check(H5Dread(source.dataset.get(), native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
          fmt::format("read the dataset {}", source.path));
  }
  return values;
}

DatasetKind kind_of_dataset(hid_t parent, const std::string& name) {
  constexpr int kMostDimensions = 3;
  require_object(parent, name, H5I_DATASET);
  const std::string doing = fmt::format("open the dataset {}", name);
  const Dataset dataset(H5Dopen2(parent, name.c_str(), H5P_DEFAULT), doing);
  const Datatype type(H5Dget_type(dataset.get()), doing);
  const Dataspace space(H5Dget_space(dataset.get()), doing);
  const H5T_class_t family = H5Tget_class(type.get());
  const int rank = H5Sget_simple_extent_ndims(space.get());
  const bool is_number = family == H5T_FLOAT || family == H5T_INTEGER;
  const bool is_empty = H5Sget_simple_extent_type(space.get()) == H5S_NULL;
  H5Eclear2(H5E_DEFAULT);
  if ((!is_number && family != H5T_STRING) || rank < 0 || rank > kMostDimensions || is_empty)
    throw Error(fmt::format("The dataset {} is damaged or not of this program: it is no number, table or text.", name));
  return {family == H5T_STRING, family == H5T_FLOAT, family == H5T_INTEGER && H5Tget_sign(type.get()) == H5T_SGN_2,
          static_cast<std::size_t>(rank)};
}

namespace {

/// A dataset of one text, and its length in the file; 0 where that is variable.
struct OpenText {
  OpenDataset open;
  Datatype type;
  std::size_t capacity = 0;
};

OpenText open_text(hid_t parent, const std::string& name) {
  constexpr std::size_t kLongest = 1 << 16;
  const DatasetKind kind = kind_of_dataset(parent, name);
  if (!kind.is_text || kind.rank != 0) throw Error(fmt::format("The dataset {} should be a single text.", name));
  const std::string doing = fmt::format("open the dataset {}", name);
  OpenText text{{Dataset(H5Dopen2(parent, name.c_str(), H5P_DEFAULT), doing), {}, name}, {}, 0};
  text.type = Datatype(H5Dget_type(text.open.dataset.get()), doing);
  const bool is_variable = H5Tis_variable_str(text.type.get()) > 0;
  const std::size_t n_bytes = H5Tget_size(text.type.get());
  if (n_bytes == 0 || n_bytes > kLongest) throw Error(fmt::format("The dataset {} has an impossible length.", name));
  if (!is_variable) text.capacity = n_bytes;
  check_layout(text.open, n_bytes);
  return text;
}

}  // namespace

Dataset create_text_dataset(hid_t parent, const std::string& name, std::size_t capacity, const DatasetText& text) {
  return create_dataset(parent, name, text_type(capacity).get(), {}, text);
}

void write_text_dataset(hid_t parent, const std::string& name, const std::string& value) {
  const OpenText text = open_text(parent, name);
  check(H5Dwrite(text.open.dataset.get(), text.type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                 padded(value, text.capacity, name).data()),
        fmt::format("write the dataset {}", name));
}

std::string read_text_dataset(hid_t parent, const std::string& name, std::size_t* capacity) {
  const OpenText text = open_text(parent, name);
  if (capacity != nullptr) *capacity = text.capacity;
  const std::string doing = fmt::format("read the dataset {}", name);
  const auto read = [&](void* to) {
    check(H5Dread(text.open.dataset.get(), text.type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, to), doing);
  };
  if (text.capacity == 0) {
    char* found = nullptr;
    read(&found);
    std::string copy(found == nullptr ? "" : found);
    H5free_memory(found);
    return copy;
  }
  std::string found(text.capacity, '\0');
  read(found.data());
  return found.substr(0, found.find('\0'));
}

template <class T>
std::vector<T> read_dataset(hid_t parent, const std::string& name, std::size_t rank, std::vector<hsize_t>* shape,
                            bool* missing) {
  const OpenDataset open = open_dataset(parent, name, file_type<T>(), rank);
  std::vector<T> values = read_whole<T>(open);
  if (missing != nullptr && !has_attribute(open.dataset.get(), kChecksum)) {
    *missing = true;
  } else if (read_integer(open.dataset.get(), kChecksum) != std::int64_t{crc32c_of(std::span<const T>(values))}) {
    throw Error(fmt::format("The dataset {} is damaged: its checksum does not match.", name));
  }
  if (shape != nullptr) *shape = open.shape;
  return values;
}

template void write_dataset(hid_t, const std::string&, std::span<const double>, const std::vector<hsize_t>&,
                            const DatasetText&);
template void write_dataset(hid_t, const std::string&, std::span<const std::int64_t>, const std::vector<hsize_t>&,
                            const DatasetText&);
template std::vector<double> read_dataset(hid_t, const std::string&, std::size_t, std::vector<hsize_t>*, bool*);
template std::vector<std::int64_t> read_dataset(hid_t, const std::string&, std::size_t, std::vector<hsize_t>*, bool*);

template void write_whole(const OpenDataset&, std::span<const double>);
template void write_whole(const OpenDataset&, std::span<const std::int64_t>);
template void write_whole(const OpenDataset&, std::span<const std::uint64_t>);
template void write_whole(const OpenDataset&, std::span<const std::uint32_t>);
template std::vector<double> read_whole(const OpenDataset&);
template std::vector<std::int64_t> read_whole(const OpenDataset&);
template std::vector<std::uint64_t> read_whole(const OpenDataset&);
template std::vector<std::uint32_t> read_whole(const OpenDataset&);

void write_range(const OpenDataset& target, hid_t memory_type, std::uint64_t first, std::uint64_t count,
                 const void* values) {
  const auto* bytes = static_cast<const std::byte*>(values);
  const std::size_t element = H5Tget_size(memory_type);
  for_each_block(target, first, count, [&](hid_t in_memory, hid_t in_file, std::uint64_t done) {
    check(H5Dwrite(target.dataset.get(), memory_type, in_memory, in_file, H5P_DEFAULT, bytes + done * element),
          fmt::format("write to the dataset {}", target.path));
  });
}

void read_range(const OpenDataset& source, hid_t memory_type, std::uint64_t first, std::uint64_t count, void* values) {
  auto* bytes = static_cast<std::byte*>(values);
  const std::size_t element = H5Tget_size(memory_type);
  for_each_block(source, first, count, [&](hid_t in_memory, hid_t in_file, std::uint64_t done) {
    check(H5Dread(source.dataset.get(), memory_type, in_memory, in_file, H5P_DEFAULT, bytes + done * element),
          fmt::format("read the dataset {}", source.path));
  });
}

}  // namespace landscape::h5
