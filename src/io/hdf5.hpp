// The only header that includes hdf5.h: owning handles, one checker, and the few shapes of attributes and datasets this
// program uses.
#pragma once

#ifndef H5_USE_110_API
#define H5_USE_110_API  // newer libraries offer the same functions under the same names
#endif
#include <hdf5.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "landscape/io/attributes.hpp"
#include "landscape/model/error.hpp"

namespace landscape::h5 {

/// Before the first HDF5 call: no printing of error stacks, no file locks (the output has its own lock, and readers of
/// a running job must not be kept out, nor keep the job out).
void start();

/// HDF5's error stack as one clause, innermost cause first; empties the stack.
std::string last_error();

/// Throws Error "HDF5 cannot <doing> (<cause>)." for a negative return value.
void check(herr_t status, std::string_view doing);
hid_t check_id(hid_t id, std::string_view doing);

/// Throws Error "it lacks the attribute width of /minimizer/ritz: use the original or a complete copy."; the caller
/// heads it with the file's name.
[[noreturn]] void lacks(hid_t object, std::string_view what, const std::string& name);

/// Owns one identifier; which family is in the type.
template <herr_t (*kClose)(hid_t)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) : id_(id) {}
  Handle(hid_t id, std::string_view doing) : id_(check_id(id, doing)) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, H5I_INVALID_HID);
    }
    return *this;
  }
  ~Handle() { reset(); }

  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  void close(std::string_view doing) {
    if (id_ >= 0) check(kClose(std::exchange(id_, H5I_INVALID_HID)), doing);
  }
  /// Forgets the identifier without closing it.
  void leak() { id_ = H5I_INVALID_HID; }

 private:
  void reset() noexcept;
  hid_t id_ = H5I_INVALID_HID;
};

void log_failed_close() noexcept;
template <herr_t (*kClose)(hid_t)>
void Handle<kClose>::reset() noexcept {
  if (id_ >= 0 && kClose(std::exchange(id_, H5I_INVALID_HID)) < 0) log_failed_close();
}

using File = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Dataset = Handle<H5Dclose>;
using Dataspace = Handle<H5Sclose>;
using Datatype = Handle<H5Tclose>;
using PropertyList = Handle<H5Pclose>;
using AttributeHandle = Handle<H5Aclose>;

// ---- files and groups
/// Written in the earliest format (a newer one marks an open file so that readers refuse it after a crash), no locks,
/// no hidden buffers.
PropertyList access_properties();
/// A new file, its HDF5 part after `user_block` bytes (0, or a power of two from 512).
File create_file(const std::string& path, hsize_t user_block = 0);
File open_file(const std::string& path, unsigned flags, const PropertyList& access);
/// Creates the group and those above it.
Group create_group(hid_t parent, const std::string& name);
/// Throws Error "it lacks the group /problem: ..." where there is none.
Group open_group(hid_t parent, const std::string& name);
/// Whether the path leads to an object; each part of it is looked for.
bool has_link(hid_t parent, const std::string& name);
/// Throws Error "it lacks the dataset /problem/points: ..." unless the path leads to an object of this type.
void require_object(hid_t parent, const std::string& name, H5I_type_t type);
/// Whether the file begins as HDF5 does, with a user block or without.
bool is_hdf5_file(const std::string& path);
/// Names of the hard links in a group, in the file's order (by name).
std::vector<std::string> link_names(hid_t group);
/// Of them, those of groups. Throws Error where one cannot be opened, unless such are passed over.
enum class Unreadable { refused, passed_over };
std::vector<std::string> group_names(hid_t group, Unreadable unreadable = Unreadable::refused);
/// Makes everything written so far durable: HDF5's buffers, then the disk's.
void flush_to_disk(const File& file, const std::string& path);

// ---- attributes
/// UTF-8 of a fixed number of bytes, padded with nulls: of texts that are written into a place that is there.
Datatype text_type(std::size_t capacity);
/// Throws Error where it is longer.
std::string padded(std::string text, std::size_t capacity, const std::string& name);
void write_attribute(hid_t object, const Attribute& attribute);
void write_text_list(hid_t object, const std::string& name, const std::vector<std::string>& texts);
std::vector<std::string> read_text_list(hid_t object, const std::string& name);
bool has_attribute(hid_t object, const std::string& name);
/// Throw Error where the attribute is missing or of another type.
std::string read_text(hid_t object, const std::string& name);
std::int64_t read_integer(hid_t object, const std::string& name);
std::vector<std::int64_t> read_integers(hid_t object, const std::string& name);
double read_number(hid_t object, const std::string& name);
std::string read_text_or(hid_t object, const std::string& name, const std::string& otherwise);
double read_number_or(hid_t object, const std::string& name, double otherwise);
/// All attributes with one of our types, in the order they were written; lists of texts and tables are passed over.
AttributeList read_attributes(hid_t object);

// ---- datasets: contiguous, allocated at once, never filled
struct DatasetText {
  std::string description;
  std::string shape;  // "(M, P)"
  std::string units = "1";
};
Dataset create_dataset(hid_t parent, const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
                       const DatasetText& text);
template <class T>
hid_t native_type();
template <class T>
hid_t file_type();

/// Writes a whole dataset once, with its CRC-32C as an attribute.
template <class T>
void write_dataset(hid_t parent, const std::string& name, std::span<const T> values, const std::vector<hsize_t>& shape,
                   const DatasetText& text);
/// Opens a dataset of the wanted rank and kind of number (float or integer) whose bytes lie inside the file, in
/// whatever layout and however compressed. Throws Error otherwise.
struct OpenDataset {
  Dataset dataset;
  std::vector<hsize_t> shape;
  std::string path;  // for messages
};
OpenDataset open_dataset(hid_t parent, const std::string& name, hid_t like, std::size_t rank);
/// Overwrites or reads all of a dataset. Writing throws Error where it has another size.
template <class T>
void write_whole(const OpenDataset& target, std::span<const T> values);
template <class T>
std::vector<T> read_whole(const OpenDataset& source);

/// What a dataset that another function is to read consists of. Throws Error where it is neither numbers nor text, or
/// has more than three dimensions.
struct DatasetKind {
  bool is_text = false, is_real = false, is_signed = false;
  std::size_t rank = 0;
};
DatasetKind kind_of_dataset(hid_t parent, const std::string& name);

/// A single text of at most `capacity` bytes.
Dataset create_text_dataset(hid_t parent, const std::string& name, std::size_t capacity, const DatasetText& text);
/// Throws Error where it is longer than its place.
void write_text_dataset(hid_t parent, const std::string& name, const std::string& value);
/// Of a fixed length, or, as h5py writes it, of a variable one.
std::string read_text_dataset(hid_t parent, const std::string& name, std::size_t* capacity = nullptr);

/// Reads a whole dataset of ours and compares it with its CRC-32C, which may only be missing where `missing` is given:
/// it is set then.
template <class T>
std::vector<T> read_dataset(hid_t parent, const std::string& name, std::size_t rank,
                            std::vector<hsize_t>* shape = nullptr, bool* missing = nullptr);

/// Elements [first, first + count) of a dataset (R, C) or (R) counted row by row: up to three blocks (end of a row,
/// whole rows, start of a row), each contiguous in the file. Transfers are independent also where the file is open in
/// parallel.
void write_range(const OpenDataset& target, hid_t memory_type, std::uint64_t first, std::uint64_t count,
                 const void* values);
void read_range(const OpenDataset& source, hid_t memory_type, std::uint64_t first, std::uint64_t count, void* values);

}  // namespace landscape::h5
