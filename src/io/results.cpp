// Results as values, apart from any file.
#include "landscape/io/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <type_traits>

#include "landscape/model/error.hpp"

namespace landscape {
namespace {

// More values of the same kind.
void append(ResultValue& table, const ResultValue& more) {
  std::visit(
      [&]<class T>(const T& value) {
        if constexpr (std::is_same_v<T, std::vector<double>> || std::is_same_v<T, std::vector<std::int64_t>>) {
          T& to = std::get<T>(table);
          to.insert(to.end(), value.begin(), value.end());
        } else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>) {
          std::get<std::vector<T>>(table).push_back(value);
        }
      },
      more);
}

ResultValue empty_table(const Result& of) {
  return std::visit(
      [&]<class T>(const T&) -> ResultValue {
        if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::vector<double>>) return std::vector<double>();
        if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::vector<std::int64_t>>)
          return std::vector<std::int64_t>();
        throw Error(fmt::format("The result {} cannot be one of many.", of.name));
      },
      of.value);
}

}  // namespace

ResultGroup stacked(const std::vector<ResultGroup>& groups, const std::string& name) {
  if (groups.empty()) throw Error("Nothing to stack: there is no group of results.");
  ResultGroup stack = groups.front();
  for (std::size_t i = 0; i < stack.results.size(); ++i) {
    Result& result = stack.results[i];
    result.value = empty_table(result);
    result.shape_names =
        result.shape.empty() ? "(" + name + ")" : fmt::format("({}, {}", name, result.shape_names.substr(1));
    result.shape.insert(result.shape.begin(), static_cast<std::int64_t>(groups.size()));
    for (const ResultGroup& group : groups) append(result.value, group.results.at(i).value);
  }
  return stack;
}

ResultValue undefined_like(const ResultValue& value) {
  constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
  return std::visit(
      [&]<class T>(const T& held) -> ResultValue {
        if constexpr (std::is_same_v<T, double>) return kUndefined;
        if constexpr (std::is_same_v<T, std::vector<double>>) return T(held.size(), kUndefined);
        if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) return T(held.size(), 0);
        return T{};
      },
      value);
}

}  // namespace landscape
