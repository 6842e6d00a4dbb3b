// Ranges are what is neither user block nor raw data, less the flags of an open file: so no knowledge of HDF5's layout
// is needed.
#include "metadata_seal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

#include "checksum.hpp"
#include "durable_file.hpp"

namespace landscape {
namespace {

constexpr std::string_view kTitle = "landscape_mpi file: HDF5 after ";
constexpr std::size_t kSmallestBlock = 4096;  // a multiple of the alignment, and a power of two as HDF5 demands
constexpr std::size_t kLargestBlock = std::size_t{1} << 20;
constexpr std::size_t kBytesPerRange = 36;  // two hexadecimal numbers of up to 16 digits and their separators
// In the superblock (version 0), four bytes that say whether somebody has the file open for writing: HDF5 may have
// written them when the writer is killed, and their value does not matter to a reader.
constexpr std::uint64_t kOpenFlags = 20, kOpenFlagsEnd = 24;

struct Range {
  std::uint64_t begin = 0, end = 0;
};

/// Bytes [begin, end) of a file.
std::string read_bytes(std::ifstream& file, const Range& range) {
  std::string bytes(range.end - range.begin, '\0');
  file.seekg(static_cast<std::streamoff>(range.begin));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw Error("The file's metadata cannot be read.");
  return bytes;
}

extern "C" herr_t landscape_h5_add_extent(hid_t root, const char* name, const H5O_info_t* info, void* extents) {
  if (info->type != H5O_TYPE_DATASET) return 0;
  const h5::Dataset dataset(H5Dopen2(root, name, H5P_DEFAULT));
  const haddr_t offset = H5Dget_offset(dataset.get());
  const hsize_t size = H5Dget_storage_size(dataset.get());
  if (offset == HADDR_UNDEF) return size == 0 ? 0 : -1;
  static_cast<std::vector<Range>*>(extents)->push_back({offset, offset + size});
  return 0;
}

/// What is neither user block nor raw data.
std::vector<Range> metadata_ranges(const std::string& path, std::uint64_t& block_size) {
  const h5::File file = h5::open_file(path, H5F_ACC_RDONLY, h5::access_properties());
  const h5::PropertyList creation(H5Fget_create_plist(file.get()), "read a file's properties");
  hsize_t block = 0;
  h5::check(H5Pget_userblock(creation.get(), &block), "read the user block's size");
  block_size = block;
  std::vector<Range> raw;
  h5::check(H5Ovisit(file.get(), H5_INDEX_NAME, H5_ITER_NATIVE, landscape_h5_add_extent, &raw), "list the datasets");
  std::sort(raw.begin(), raw.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  raw.push_back({std::filesystem::file_size(path), std::filesystem::file_size(path)});
  std::vector<Range> gaps;
  std::uint64_t at = block;
  for (const Range& range : raw) {
    if (range.begin > at) gaps.push_back({at, range.begin});
    at = std::max(at, range.end);
  }
  return gaps;
}

std::vector<Range> without(const std::vector<Range>& ranges, const Range& hole) {
  std::vector<Range> parts;
  for (const Range& range : ranges) {
    const Range before{range.begin, std::min(range.end, hole.begin)}, after{std::max(range.begin, hole.end), range.end};
    for (const Range& part : {before, after}) {
      if (part.begin < part.end) parts.push_back(part);
    }
  }
  return parts;
}

/// CRC-32C of all ranges one after the other.
std::uint32_t checksum_of(std::ifstream& file, const std::vector<Range>& ranges) {
  std::uint32_t crc = 0;
  for (const Range& range : ranges) {
    const std::string bytes = read_bytes(file, range);
    crc = crc32c(std::as_bytes(std::span<const char>(bytes)), crc);
  }
  return crc;
}

std::uint32_t text_checksum(std::string_view text) { return crc32c_of(std::span<const char>(text)); }

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

template <class Number>
bool take_number(std::string_view& text, Number& value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// What the text of a seal says; nothing where it is not as seal_metadata() writes it.
struct SealText {
  std::uint32_t checksum = 0;
  std::vector<Range> ranges;
};

std::optional<SealText> parse_seal(std::string_view block, std::uint64_t file_size) {
  SealText seal;
  std::string_view text = block;
  std::uint64_t block_size = 0;
  std::uint32_t own_checksum = 0;
  if (!take_word(text, kTitle) || !take_number(text, block_size, 10) || !take_word(text, " bytes\nunchanging bytes:"))
    return {};
  std::uint64_t at = block_size;
  while (take_word(text, " ")) {
    Range range;
    if (!take_number(text, range.begin, 16) || !take_word(text, "-") || !take_number(text, range.end, 16)) return {};
    if (range.begin < at || range.end <= range.begin || range.end > file_size) return {};
    at = range.end;
    seal.ranges.push_back(range);
  }
  if (!take_word(text, "\ntheir crc32c: ") || !take_number(text, seal.checksum, 16)) return {};
  const std::string_view body = block.substr(0, block.size() - text.size());
  if (!take_word(text, "\ncrc32c of this text: ") || !take_number(text, own_checksum, 16) || !take_word(text, "\n"))
    return {};
  if (text_checksum(body) != own_checksum) return {};
  return seal;
}

}  // namespace

h5::File create_sealable_file(const std::string& path, std::size_t n_datasets) {
  std::size_t block = kSmallestBlock;
  while (block < 256 + kTemporaryMarkBytes + kBytesPerRange * (n_datasets + 16)) block *= 2;
  h5::File file = h5::create_file(path, block);
  mark_temporary(path, block);
  return file;
}

void seal_metadata(const std::string& path) {
  std::uint64_t block_size = 0;
  const std::vector<Range> metadata = metadata_ranges(path, block_size);
  const std::vector<Range> unchanging = without(metadata, {block_size + kOpenFlags, block_size + kOpenFlagsEnd});

  std::string text = fmt::format("{}{} bytes\nunchanging bytes:", kTitle, block_size);
  for (const Range& range : unchanging) text += fmt::format(" {:x}-{:x}", range.begin, range.end);
  std::ifstream sealed(path, std::ios::binary);
  text += fmt::format("\ntheir crc32c: {:08x}", checksum_of(sealed, unchanging));
  text += fmt::format("\ncrc32c of this text: {:08x}\n", text_checksum(text));
  if (text.size() > block_size - kTemporaryMarkBytes) throw Error("The file's seal does not fit in front of it.");
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) throw Error(fmt::format("'{}' cannot be written.", path));
}

Seal check_seal(const std::string& path) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return Seal::absent;
  const std::string block = read_bytes(file, {0, std::min<std::uint64_t>(size, kLargestBlock)});
  // A damaged title must not make a file of ours pass for a foreign one: any of its two words will do.
  if (block.find("landscape_mpi") >= kTitle.size() && block.find("HDF5 after") >= kTitle.size()) return Seal::absent;
  const std::optional<SealText> seal = parse_seal(block, size);
  return seal && checksum_of(file, seal->ranges) == seal->checksum ? Seal::intact : Seal::broken;
}

void require_seal(const std::string& path) {
  if (check_seal(path) == Seal::intact) return;
  throw Error(fmt::format(
      "'{}' is damaged or was altered by another program (a copy by h5repack or h5py counts): nothing can be "
      "added to it; go on with the original, use this one for reading only, or compute it anew.",
      path));
}

}  // namespace landscape
