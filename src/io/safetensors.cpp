// An 8-byte length, a JSON header of names, types, shapes and ranges, then raw little-endian data
// (the safetensors format). Every range is checked against the file's length.
#include "safetensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "landscape/io/file_system.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLargestHeader = std::uint64_t{1} << 20;  // 404 tensors, the most a network has, need 50 KiB

std::uint64_t decode_length(const std::array<char, kLengthBytes>& bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  return length;
}

/// A list of non-negative whole numbers, each at most `largest`.
std::vector<std::uint64_t> numbers(const Json& list, std::uint64_t largest, const std::string& where) {
  std::vector<std::uint64_t> values;
  if (!list.is_array()) throw Error(fmt::format("{} is no list of numbers.", where));
  for (const Json& item : list) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > largest) {
      throw Error(fmt::format("{} holds something that is no possible size.", where));
    }
    values.push_back(item.get<std::uint64_t>());
  }
  return values;
}

SafeTensor read_tensor(const std::string& name, const Json& entry, std::uint64_t n_bytes, std::uint64_t data_start,
                       std::ifstream& file) {
  const std::string where = fmt::format("tensor '{}'", name);
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() || !entry.contains("shape") ||
      !entry.contains("data_offsets")) {
    throw Error(fmt::format("{} is not described as the format demands.", where));
  }
  const std::string type = entry["dtype"].get<std::string>();
  if (type != "F64" && type != "F32")
    throw Error(fmt::format("{} has the type {}; only F64 and F32 are read.", where, type));
  const std::uint64_t element = type == "F64" ? 8 : 4;
  const auto shape = numbers(entry["shape"], n_bytes, "the shape of " + where);
  const auto offsets = numbers(entry["data_offsets"], n_bytes, "the data_offsets of " + where);
  std::uint64_t count = 1;
  for (const std::uint64_t n : shape) {
    if (n != 0 && count > n_bytes / n) throw Error(fmt::format("{} claims more data than the file holds.", where));
    count *= n;
  }
  if (offsets.size() != 2 || offsets[0] > offsets[1] || (offsets[1] - offsets[0]) % element != 0 ||
      (offsets[1] - offsets[0]) / element != count) {
    throw Error(fmt::format("{} of shape ({}) does not fit its place in the file.", where, fmt::join(shape, ", ")));
  }
  SafeTensor tensor;
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.values.resize(count);
  file.seekg(static_cast<std::streamoff>(data_start + offsets[0]));
  if (type == "F64") {
    file.read(reinterpret_cast<char*>(tensor.values.data()), static_cast<std::streamsize>(count * element));
  } else {
    std::vector<float> narrow(count);
    file.read(reinterpret_cast<char*>(narrow.data()), static_cast<std::streamsize>(count * element));
    tensor.values.assign(narrow.begin(), narrow.end());
  }
  if (!file) throw Error(fmt::format("{} cannot be read to its end.", where));
  return tensor;
}

SafeTensors read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw Error(fmt::format("it cannot be opened {}.", errno_text()));
  const auto size = static_cast<std::uint64_t>(std::max<std::streamoff>(0, file.tellg()));
  file.seekg(0);
  std::array<char, kLengthBytes> prefix{};
  if (size < kLengthBytes || !file.read(prefix.data(), prefix.size()))
    throw Error("it is too short for a safetensors file.");
  const std::uint64_t length = decode_length(prefix);
  if (length > size - kLengthBytes)
    throw Error("its header is longer than the file: it is no safetensors file or was cut off.");
  if (length > kLargestHeader)
    throw Error(fmt::format("its header of {} bytes is too long for a network of this program.", length));
  std::string text(length, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(length))) throw Error("its header cannot be read.");
  const Json header = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) throw Error("its header is no JSON object.");

  const std::uint64_t data_start = kLengthBytes + length, n_bytes = size - data_start;
  SafeTensors result;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) throw Error("its __metadata__ is no JSON object.");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) throw Error(fmt::format("its __metadata__ entry '{}' is no text.", key));
        result.metadata[key] = value.get<std::string>();
      }
    } else {
      result.tensors[name] = read_tensor(name, entry, n_bytes, data_start, file);
    }
  }
  return result;
}

}  // namespace

bool looks_like_safetensors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, kLengthBytes> prefix{};
  char first = 0;
  return file.read(prefix.data(), prefix.size()) && file.get(first) && first == '{';
}

SafeTensors read_safetensors(const std::string& path) {
  try {
    return read_all(path);
  } catch (const Error& error) {
    throw Error(fmt::format("The safetensors file '{}' cannot be used: {}", path, error.what()));
  } catch (const Json::exception& error) {
    throw Error(fmt::format("The safetensors file '{}' cannot be used: {}.", path, error.what()));
  }
}

}  // namespace landscape
