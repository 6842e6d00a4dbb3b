// A result group declared once, as a table: name, unit, description, shape, and how each result is had from a report.
// The places in a new file and the values that are later put there both come from it.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "landscape/io/results.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {

// ---- what the file keeps of what a report holds
inline double stored(double value) { return value; }
inline double stored(const std::optional<double>& value) { return or_undefined(value); }
inline std::uint64_t stored(std::uint64_t value) { return value; }  // a seed
std::int64_t stored(std::integral auto value) { return static_cast<std::int64_t>(value); }
inline std::string stored(std::string value) { return value; }
inline std::vector<double> stored(std::vector<double> values) { return values; }
inline std::vector<std::int64_t> stored(std::vector<std::int64_t> values) { return values; }
/// An interval: lower and upper bound.
template <class Interval>
requires requires(const Interval& interval) { interval.lower + interval.upper; }
std::vector<double> stored(const std::optional<Interval>& interval) {
  return interval ? std::vector<double>{interval->lower, interval->upper} : std::vector<double>{kUndefined, kUndefined};
}

template <class Source>
class ResultTable {
 public:
  explicit ResultTable(std::string description) : description_(std::move(description)) {}

  /// A number, or an interval, as `get` gives it: a function of the source or a pointer to its member.
  template <class Get>
  void add(std::string name, std::string units, std::string description, Get get) {
    constexpr bool kIsInterval = std::is_same_v<Stored<Get>, std::vector<double>>;
    add_field({std::move(name), std::move(description), std::move(units), kIsInterval ? "(2)" : "()",
               kIsInterval ? std::vector<std::int64_t>{2} : std::vector<std::int64_t>{}},
              std::move(get));
  }
  /// A table of numbers.
  template <class Get>
  void add(std::string name, std::string units, std::string description, std::string shape_names,
           std::vector<std::int64_t> shape, Get get) {
    add_field({std::move(name), std::move(description), std::move(units), std::move(shape_names), std::move(shape)},
              std::move(get));
  }
  /// A text of at most `capacity` bytes.
  template <class Get>
  void add_text(std::string name, std::size_t capacity, std::string description, Get get) {
    add_field({std::move(name), std::move(description), "1", "()", {}, capacity}, std::move(get));
  }

  /// The group with its values, or, without a source, undefined ones.
  ResultGroup group(std::string path, const Source* source = nullptr) const {
    ResultGroup made{std::move(path), description_, {}};
    for (const Field& field : fields_) {
      Result& result = made.results.emplace_back(field.result);
      if (source != nullptr) result.value = field.get(*source);
    }
    return made;
  }

 private:
  template <class Get>
  using Stored = decltype(stored(std::declval<std::invoke_result_t<Get, const Source&>>()));

  struct Field {
    Result result;  // undefined
    std::function<ResultValue(const Source&)> get;
  };

  template <class Get>
  void add_field(Result result, Get get) {
    Stored<Get> blank{};
    if constexpr (requires { blank.resize(0); } && !std::is_same_v<Stored<Get>, std::string>) {
      std::size_t size = 1;
      for (const std::int64_t extent : result.shape) size *= static_cast<std::size_t>(extent);
      blank.resize(size);
    }
    result.value = undefined_like(blank);
    fields_.push_back({std::move(result), [get = std::move(get)](const Source& source) {
                         return ResultValue(stored(std::invoke(get, source)));
                       }});
  }

  std::string description_;
  std::vector<Field> fields_;
};

}  // namespace landscape
