// An 8-byte length, a JSON header of names, types, shapes and ranges, then raw little-endian data
// (the safetensors format). Every range is checked against the file's length.
#include "safetensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "landscape/io/file_system.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLargestHeader = 100'000'000;  // the format's own limit; metadata may be long
constexpr double kLargestExact = 9007199254740992.0;   // 2^53: whole numbers up to it are doubles

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

double from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const double size = exponent == 31  ? (fraction == 0 ? std::numeric_limits<double>::infinity()
                                                       : std::numeric_limits<double>::quiet_NaN())
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000) != 0 ? -size : size;
}

double from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

/// A whole number that a double has, else an error.
template <class Integer>
double from_integer(Integer value) {
  const auto number = static_cast<double>(value);
  if (!(std::abs(number) <= kLargestExact)) throw Error("holds a whole number beyond 2^53, which no double has.");
  return number;
}

/// What is stored as `Stored`, as doubles.
template <class Stored>
std::vector<double> read_as(std::ifstream& file, std::size_t count, double (*to_double)(Stored)) {
  std::vector<Stored> raw(count);
  file.read(reinterpret_cast<char*>(raw.data()), static_cast<std::streamsize>(count * sizeof(Stored)));
  std::vector<double> values(count);
  if (file) std::transform(raw.begin(), raw.end(), values.begin(), to_double);
  return values;
}

struct ElementType {
  const char* name;
  std::uint64_t n_bytes;
  std::vector<double> (*read)(std::ifstream&, std::size_t);
};
template <class Stored, double (*to_double)(Stored)>
ElementType element_type(const char* name) {
  return {name, sizeof(Stored),
          [](std::ifstream& file, std::size_t count) { return read_as<Stored>(file, count, to_double); }};
}
double same(double value) { return value; }
double widened(float value) { return value; }
const std::array<ElementType, 12>& element_types() {
  static const std::array<ElementType, 12> types{element_type<double, same>("F64"),
                                                 element_type<float, widened>("F32"),
                                                 element_type<std::uint16_t, from_half>("F16"),
                                                 element_type<std::uint16_t, from_bfloat16>("BF16"),
                                                 element_type<std::int8_t, from_integer<std::int8_t>>("I8"),
                                                 element_type<std::int16_t, from_integer<std::int16_t>>("I16"),
                                                 element_type<std::int32_t, from_integer<std::int32_t>>("I32"),
                                                 element_type<std::int64_t, from_integer<std::int64_t>>("I64"),
                                                 element_type<std::uint8_t, from_integer<std::uint8_t>>("U8"),
                                                 element_type<std::uint16_t, from_integer<std::uint16_t>>("U16"),
                                                 element_type<std::uint32_t, from_integer<std::uint32_t>>("U32"),
                                                 element_type<std::uint64_t, from_integer<std::uint64_t>>("U64")};
  return types;
}

std::string element_type_names() {
  std::string names;
  for (const ElementType& type : element_types()) names += fmt::format("{}{}", names.empty() ? "" : ", ", type.name);
  return names;
}

/// JSON may escape half of a surrogate pair, as writers do with names in other encodings; the parser takes no such
/// text.
std::string without_lone_surrogates(std::string text) {
  const auto unit = [&](std::size_t at) -> int {  // of \uXXXX at this place, else -1
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
    int code = 0;
    const auto read = std::from_chars(text.data() + at + 2, text.data() + at + 6, code, 16);
    return read.ec == std::errc() && read.ptr == text.data() + at + 6 ? code : -1;
  };
  for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at)) {
    const int code = unit(at);
    if (code < 0xD800 || code > 0xDFFF) {
      at += 2;
      continue;
    }
    const int next = unit(at + 6);
    if (code < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF) {
      at += 12;
      continue;
    }
    text.replace(at, 6, "\\ufffd");
    at += 6;
  }
  return text;
}

SafeTensor read_tensor(const std::string& name, const Json& entry, std::uint64_t n_bytes, std::uint64_t data_start,
                       std::ifstream& file) {
  const std::string where = fmt::format("tensor '{}'", name);
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() || !entry.contains("shape") ||
      !entry.contains("data_offsets")) {
    throw Error(fmt::format("{} is not described as the format demands.", where));
  }
  const std::string name_of_type = entry["dtype"].get<std::string>();
  const auto type = std::ranges::find(element_types(), name_of_type, &ElementType::name);
  if (type == element_types().end())
    throw Error(fmt::format("{} has the type {}; only {} are read.", where, name_of_type, element_type_names()));
  const std::uint64_t element = type->n_bytes;
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
  file.seekg(static_cast<std::streamoff>(data_start + offsets[0]));
  try {
    tensor.values = type->read(file, count);
  } catch (const Error& error) {
    throw Error(fmt::format("{} {}", where, error.what()));
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
  const Json header = Json::parse(without_lone_surrogates(std::move(text)), nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) throw Error("its header is no JSON object.");

  const std::uint64_t data_start = kLengthBytes + length, n_bytes = size - data_start;
  SafeTensors result;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (entry.is_null()) continue;  // some writers put it there
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
