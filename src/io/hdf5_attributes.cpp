// Attributes: whole numbers, numbers, texts and short lists. Texts are UTF-8 of variable length, as h5py has them: they
// lie in the file's heap, which does not change after the attribute is written.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "hdf5.hpp"

namespace landscape::h5 {
namespace {

constexpr std::size_t kLargestAttribute = 60'000;  // without heap: a header message of the earliest format has 64 KiB

Dataspace space_of(std::size_t n) {
  if (n == 0) return Dataspace(H5Screate(H5S_NULL), "create an empty dataspace");
  const hsize_t size = n;
  return Dataspace(H5Screate_simple(1, &size, nullptr), "create a dataspace");
}
Dataspace scalar_space() { return Dataspace(H5Screate(H5S_SCALAR), "create a scalar dataspace"); }

void write_new(hid_t object, const std::string& name, hid_t file_type, hid_t memory_type, const Dataspace& space,
               const void* values) {
  const AttributeHandle attribute(H5Acreate2(object, name.c_str(), file_type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                                  fmt::format("create the attribute {}", name));
  if (values != nullptr)
    check(H5Awrite(attribute.get(), memory_type, values), fmt::format("write the attribute {}", name));
}

/// Type, dimensions and size of an attribute in a file nobody vouches for.
struct Found {
  AttributeHandle attribute;
  Datatype type;
  H5T_class_t kind = H5T_NO_CLASS;
  std::size_t element_size = 0;
  int rank = 0;
  bool empty = false;
  std::size_t count = 0;
};

Found open_attribute(hid_t object, const std::string& name) {
  if (!has_attribute(object, name)) lacks(object, "attribute", name);
  Found found;
  found.attribute =
      AttributeHandle(H5Aopen(object, name.c_str(), H5P_DEFAULT), fmt::format("open the attribute {}", name));
  found.type = Datatype(H5Aget_type(found.attribute.get()), fmt::format("read the type of the attribute {}", name));
  found.kind = H5Tget_class(found.type.get());
  found.element_size = H5Tget_size(found.type.get());
  const Dataspace space(H5Aget_space(found.attribute.get()), fmt::format("read the shape of the attribute {}", name));
  found.rank = H5Sget_simple_extent_ndims(space.get());
  found.empty = H5Sget_simple_extent_type(space.get()) == H5S_NULL;
  const hssize_t count = found.empty ? 0 : H5Sget_simple_extent_npoints(space.get());
  if (found.kind == H5T_NO_CLASS || found.element_size == 0 || found.rank < 0 || count < 0 ||
      static_cast<std::uint64_t>(count) > kLargestAttribute || found.element_size > kLargestAttribute ||
      static_cast<std::uint64_t>(count) * found.element_size > kLargestAttribute) {
    H5Eclear2(H5E_DEFAULT);
    throw Error(fmt::format("The attribute {} is damaged: its size is impossible.", name));
  }
  found.count = static_cast<std::size_t>(count);
  return found;
}

bool is_fixed_text(const Found& found) { return found.kind == H5T_STRING && H5Tis_variable_str(found.type.get()) == 0; }

template <class T>
std::vector<T> values_of(const Found& found, hid_t memory_type, const std::string& name) {
  std::vector<T> values(found.count);
  if (!values.empty())
    check(H5Aread(found.attribute.get(), memory_type, values.data()), fmt::format("read the attribute {}", name));
  return values;
}

std::string text_of(const Found& found, const std::string& name) {
  if (!is_fixed_text(found)) {  // as h5py writes them
    const Datatype memory(H5Tcopy(found.type.get()), "copy a text type");
    char* text = nullptr;
    check(H5Aread(found.attribute.get(), memory.get(), &text), fmt::format("read the attribute {}", name));
    std::string copy(text == nullptr ? "" : text);
    H5free_memory(text);
    return copy;
  }
  std::string text(found.element_size, '\0');
  const Datatype memory(H5Tcopy(found.type.get()), "copy a text type");
  check(H5Aread(found.attribute.get(), memory.get(), text.data()), fmt::format("read the attribute {}", name));
  return text.substr(0, text.find('\0'));
}

[[noreturn]] void wrong_type(const std::string& name, std::string_view wanted) {
  throw Error(fmt::format("The attribute {} is damaged or not of this program: it should be {}.", name, wanted));
}

/// The value in one of our types; nothing where the attribute has another.
std::optional<AttributeValue> value_of(const Found& found, const std::string& name) {
  if (found.kind == H5T_STRING) {
    if (found.rank == 0 && found.count == 1) return text_of(found, name);
    return std::nullopt;
  }
  if (found.rank > 1 || (found.kind != H5T_INTEGER && found.kind != H5T_FLOAT)) return std::nullopt;
  const bool list = found.rank == 1 || found.empty;
  if (found.kind == H5T_FLOAT) {
    auto values = values_of<double>(found, H5T_NATIVE_DOUBLE, name);
    return list ? AttributeValue(std::move(values)) : AttributeValue(values.at(0));
  }
  if (!list && H5Tget_sign(found.type.get()) == H5T_SGN_NONE && found.element_size == 8) {
    return AttributeValue(values_of<std::uint64_t>(found, H5T_NATIVE_UINT64, name).at(0));
  }
  auto values = values_of<std::int64_t>(found, H5T_NATIVE_INT64, name);
  return list ? AttributeValue(std::move(values)) : AttributeValue(values.at(0));
}

}  // namespace

namespace {

Datatype variable_text_type() {
  Datatype type(H5Tcopy(H5T_C_S1), "copy the text type");
  check(H5Tset_size(type.get(), H5T_VARIABLE), "set a text's size");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "set a text's encoding");
  return type;
}

}  // namespace

Datatype text_type(std::size_t capacity) {
  Datatype type(H5Tcopy(H5T_C_S1), "copy the text type");
  check(H5Tset_size(type.get(), std::max<std::size_t>(capacity, 1)), "set a text's size");
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "set a text's padding");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "set a text's encoding");
  return type;
}

std::string padded(std::string text, std::size_t capacity, const std::string& name) {
  if (text.size() > capacity)
    throw Error(fmt::format("The text {} has {} bytes, its place in the file {}.", name, text.size(), capacity));
  text.resize(std::max<std::size_t>(capacity, 1), '\0');
  return text;
}

void write_attribute(hid_t object, const Attribute& attribute) {
  const std::string& name = attribute.name;
  const auto write = [&]<class T>(const T& value) {
    if constexpr (std::is_same_v<T, std::int64_t>) {
      write_new(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, scalar_space(), &value);
    } else if constexpr (std::is_same_v<T, std::uint64_t>) {
      write_new(object, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, scalar_space(), &value);
    } else if constexpr (std::is_same_v<T, double>) {
      write_new(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, scalar_space(), &value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      const char* text = value.c_str();
      const Datatype type = variable_text_type();
      write_new(object, name, type.get(), type.get(), scalar_space(), &text);
    } else {
      constexpr bool kReal = std::is_same_v<T, std::vector<double>>;
      if (value.size() * 8 > kLargestAttribute)
        throw Error(fmt::format("The attribute {} has too many values for the file.", name));
      write_new(object, name, kReal ? H5T_IEEE_F64LE : H5T_STD_I64LE, kReal ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64,
                space_of(value.size()), value.empty() ? nullptr : value.data());
    }
  };
  std::visit(write, attribute.value);
}

void write_text_list(hid_t object, const std::string& name, const std::vector<std::string>& texts) {
  const Datatype type = variable_text_type();
  if (texts.size() * H5Tget_size(type.get()) > kLargestAttribute)
    throw Error(fmt::format("The attribute {} has too many texts for the file: {}.", name, texts.size()));
  std::vector<const char*> all;
  all.reserve(texts.size());
  for (const std::string& text : texts) all.push_back(text.c_str());
  write_new(object, name, type.get(), type.get(), space_of(texts.size()), all.empty() ? nullptr : all.data());
}

std::vector<std::string> read_text_list(hid_t object, const std::string& name) {
  const Found found = open_attribute(object, name);
  if (found.kind != H5T_STRING || (found.rank != 1 && !found.empty)) wrong_type(name, "a list of texts");
  std::vector<std::string> texts;
  if (found.count == 0) return texts;
  const Datatype memory(H5Tcopy(found.type.get()), "copy a text type");
  const std::string doing = fmt::format("read the attribute {}", name);
  if (!is_fixed_text(found)) {  // as h5py writes them
    std::vector<char*> pointers(found.count, nullptr);
    check(H5Aread(found.attribute.get(), memory.get(), pointers.data()), doing);
    for (char* text : pointers) {
      texts.emplace_back(text == nullptr ? "" : text);
      H5free_memory(text);
    }
    return texts;
  }
  std::string all(found.count * found.element_size, '\0');
  check(H5Aread(found.attribute.get(), memory.get(), all.data()), doing);
  for (std::size_t at = 0; at < all.size(); at += found.element_size) {
    const std::string text = all.substr(at, found.element_size);
    texts.push_back(text.substr(0, text.find('\0')));
  }
  return texts;
}

bool has_attribute(hid_t object, const std::string& name) {
  const htri_t found = H5Aexists(object, name.c_str());
  check(found, fmt::format("look for the attribute {}", name));
  return found > 0;
}

std::string read_text(hid_t object, const std::string& name) {
  const Found found = open_attribute(object, name);
  if (found.kind != H5T_STRING || found.rank != 0 || found.count != 1) wrong_type(name, "a text");
  return text_of(found, name);
}

std::int64_t read_integer(hid_t object, const std::string& name) {
  const Found found = open_attribute(object, name);
  if (found.kind != H5T_INTEGER || found.rank != 0 || found.count != 1) wrong_type(name, "a whole number");
  return values_of<std::int64_t>(found, H5T_NATIVE_INT64, name).at(0);
}

std::vector<std::int64_t> read_integers(hid_t object, const std::string& name) {
  const Found found = open_attribute(object, name);
  if (found.kind != H5T_INTEGER || found.rank != 1) wrong_type(name, "a list of whole numbers");
  return values_of<std::int64_t>(found, H5T_NATIVE_INT64, name);
}

double read_number(hid_t object, const std::string& name) {
  const Found found = open_attribute(object, name);
  const bool number = found.kind == H5T_FLOAT || found.kind == H5T_INTEGER;
  if (!number || found.rank != 0 || found.count != 1) wrong_type(name, "a number");
  return values_of<double>(found, H5T_NATIVE_DOUBLE, name).at(0);
}

std::string read_text_or(hid_t object, const std::string& name, const std::string& otherwise) {
  return has_attribute(object, name) ? read_text(object, name) : otherwise;
}
double read_number_or(hid_t object, const std::string& name, double otherwise) {
  return has_attribute(object, name) ? read_number(object, name) : otherwise;
}

AttributeList read_attributes(hid_t object) {
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  hsize_t index = 0;
  if (H5Aiterate2(object, H5_INDEX_CRT_ORDER, H5_ITER_NATIVE, &index, collect, &names) < 0) {
    H5Eclear2(H5E_DEFAULT);  // newer formats may keep the names only
    names.clear();
    index = 0;
    check(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &index, collect, &names), "list attributes");
  }
  AttributeList attributes;
  for (const std::string& name : names) {
    const Found found = open_attribute(object, name);
    if (std::optional<AttributeValue> value = value_of(found, name)) attributes.emplace_back(name, std::move(*value));
  }
  return attributes;
}

}  // namespace landscape::h5
