// A result group in the file: its results, their checksum and the word whether they are there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hdf5.hpp"
#include "landscape/io/results.hpp"

namespace landscape {

inline constexpr const char* kPending = "pending";
inline constexpr const char* kFinal = "complete";

/// A text that says how far something is: "state" of a result group and of the root.
void create_state(hid_t group, const std::string& description, const std::string& word);
void write_state(hid_t group, const std::string& word);
std::string read_state(hid_t group);

/// The group with everything in it, pending.
void create_result_group(const h5::File& file, const ResultGroup& group);
/// All values and their checksum. Throws Error where a name, a type or a shape is not that of the file, or a text does
/// not fit into its place.
void write_results(const h5::File& file, const ResultGroup& group);

struct StoredResults {
  ResultGroup group;
  std::optional<std::uint32_t> checksum;  // as stored; a copy by another program may lack it
  bool is_intact() const;                 // there is a checksum, and it is that of the values
};
StoredResults read_results(const h5::File& file, const std::string& path);
/// Whether what is stored says that the results are there. Throws Error where it says neither.
bool is_complete(const h5::File& file, const std::string& path);

/// Paths of all result groups, by name.
std::vector<std::string> find_result_groups(const h5::File& file);

}  // namespace landscape
