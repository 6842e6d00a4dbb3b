// The checksum is the CRC-32C of the values' little-endian bytes in the order of the attribute `results`, of texts
// without the nulls at their end, so that copies with texts of variable length have it too.
#include "result_group.hpp"

#include <fmt/format.h>

#include "checksum.hpp"

namespace landscape {
namespace {

constexpr const char* kState = "state";
constexpr const char* kChecksum = "crc32c";
constexpr const char* kOrder = "results";  // attribute: their names, in the order of the layout
constexpr std::size_t kStateCapacity = 16;
constexpr int kDeepest = 8;  // of groups below a root

template <class T>
constexpr bool kIsText = std::is_same_v<T, std::string>;
template <class T>
constexpr bool kIsTable = std::is_same_v<T, std::vector<double>> || std::is_same_v<T, std::vector<std::int64_t>>;

std::uint32_t checksum_of(const ResultGroup& group) {
  std::uint32_t crc = 0;
  for (const Result& result : group.results) {
    const auto add = [&]<class T>(const T& value) {
      if constexpr (kIsText<T> || kIsTable<T>) {
        crc = crc32c(std::as_bytes(std::span(value)), crc);
      } else {
        crc = crc32c(std::as_bytes(std::span(&value, 1)), crc);
      }
    };
    std::visit(add, result.value);
  }
  return crc;
}

void write_value(hid_t group, const std::string& name, const std::vector<std::int64_t>& shape,
                 const ResultValue& value) {
  const auto write = [&]<class T>(const T& held) {
    if constexpr (kIsText<T>) {
      h5::write_text_dataset(group, name, held);
    } else if constexpr (kIsTable<T>) {
      using Number = typename T::value_type;
      h5::write_whole<Number>(h5::open_dataset(group, name, h5::file_type<Number>(), shape.size()), held);
    } else {
      h5::write_whole<T>(h5::open_dataset(group, name, h5::file_type<T>(), 0), std::span(&held, 1));
    }
  };
  std::visit(write, value);
}

void create_result(hid_t group, const Result& result) {
  const h5::DatasetText text{result.description, result.shape_names, result.units};
  const std::vector<hsize_t> shape(result.shape.begin(), result.shape.end());
  const auto create = [&]<class T>(const T&) {
    if constexpr (kIsText<T>) {
      h5::create_text_dataset(group, result.name, result.capacity, text);
    } else if constexpr (kIsTable<T>) {
      h5::create_dataset(group, result.name, h5::file_type<typename T::value_type>(), shape, text);
    } else {
      h5::create_dataset(group, result.name, h5::file_type<T>(), {}, text);
    }
  };
  std::visit(create, result.value);
  write_value(group, result.name, result.shape, result.value);
}

void write_checksum(hid_t group, const ResultGroup& of) {
  const std::uint32_t crc = checksum_of(of);
  h5::write_whole<std::uint32_t>(h5::open_dataset(group, kChecksum, h5::file_type<std::uint32_t>(), 0),
                                 std::span(&crc, 1));
}

Result read_result(hid_t group, const std::string& name) {
  Result result;
  result.name = name;
  const h5::DatasetKind kind = h5::kind_of_dataset(group, name);
  const auto numbers = [&]<class T>(T) {
    const h5::OpenDataset open = h5::open_dataset(group, name, h5::file_type<T>(), kind.rank);
    const std::vector<T> values = h5::read_whole<T>(open);
    result.shape.assign(open.shape.begin(), open.shape.end());
    if constexpr (!std::is_same_v<T, std::uint64_t>) {
      if (kind.rank > 0) {
        result.value = values;
        return;
      }
    }
    result.value = values.at(0);
  };
  if (kind.is_text) {
    result.value = h5::read_text_dataset(group, name, &result.capacity);
  } else if (kind.is_real) {
    numbers(double{});
  } else if (kind.is_signed || kind.rank > 0) {
    numbers(std::int64_t{});
  } else {
    numbers(std::uint64_t{});
  }
  const h5::Dataset dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT), fmt::format("open the dataset {}", name));
  result.description = h5::read_text_or(dataset.get(), "description", "");
  result.units = h5::read_text_or(dataset.get(), "units", "");
  result.shape_names = h5::read_text_or(dataset.get(), "shape", "");
  return result;
}

void collect_groups(const h5::File& file, const std::string& path, int depth, std::vector<std::string>& found) {
  const h5::Group group = h5::open_group(file.get(), path);
  if (h5::has_link(group.get(), kState) || h5::has_attribute(group.get(), kOrder)) found.push_back(path);
  if (depth == kDeepest) return;
  for (const std::string& name : h5::group_names(group.get()))
    collect_groups(file, path + "/" + name, depth + 1, found);
}

}  // namespace

void create_state(hid_t group, const std::string& description, const std::string& word) {
  h5::create_text_dataset(group, kState, kStateCapacity, {description, "()", "1"});
  write_state(group, word);
}
void write_state(hid_t group, const std::string& word) { h5::write_text_dataset(group, kState, word); }
std::string read_state(hid_t group) { return h5::read_text_dataset(group, kState); }

void create_result_group(const h5::File& file, const ResultGroup& group) {
  const h5::Group open = h5::create_group(file.get(), group.path);
  std::vector<std::string> names;
  for (const Result& result : group.results) names.push_back(result.name);
  h5::write_attribute(open.get(), {"description", group.description});
  h5::write_text_list(open.get(), kOrder, names);
  create_state(open.get(), "complete once the results of this group are there, else pending", kPending);
  h5::create_dataset(
      open.get(), kChecksum, h5::file_type<std::uint32_t>(), {},
      {"CRC-32C of the little-endian bytes of the results in the order of the group's attribute results, "
       "of texts without the nulls at their end",
       "()", "1"});
  for (const Result& result : group.results) create_result(open.get(), result);
  write_checksum(open.get(), group);
}

void write_results(const h5::File& file, const ResultGroup& group) {
  const h5::Group open = h5::open_group(file.get(), group.path);
  std::vector<std::string> names;
  for (const Result& result : group.results) names.push_back(result.name);
  if (names != h5::read_text_list(open.get(), kOrder))
    throw Error(fmt::format("The results of /{} are not those that the file has places for.", group.path));
  for (const Result& result : group.results) write_value(open.get(), result.name, result.shape, result.value);
  write_checksum(open.get(), group);
}

bool StoredResults::is_intact() const { return checksum && *checksum == checksum_of(group); }

StoredResults read_results(const h5::File& file, const std::string& path) {
  const h5::Group open = h5::open_group(file.get(), path);
  StoredResults stored;
  stored.group.path = path;
  stored.group.description = h5::read_text_or(open.get(), "description", "");
  if (h5::has_link(open.get(), kChecksum)) {
    stored.checksum =
        h5::read_whole<std::uint32_t>(h5::open_dataset(open.get(), kChecksum, h5::file_type<std::uint32_t>(), 0)).at(0);
  }
  for (const std::string& name : h5::read_text_list(open.get(), kOrder))
    stored.group.results.push_back(read_result(open.get(), name));
  return stored;
}

bool is_complete(const h5::File& file, const std::string& path) {
  const std::string word = read_state(h5::open_group(file.get(), path).get());
  if (word != kFinal && word != kPending)
    throw Error(
        fmt::format("the state of the results in /{} is damaged: it is neither {} nor {}.", path, kPending, kFinal));
  return word == kFinal;
}

std::vector<std::string> find_result_groups(const h5::File& file) {
  std::vector<std::string> found;
  for (const std::string& name : h5::group_names(file.get())) collect_groups(file, name, 0, found);
  return found;
}

}  // namespace landscape
