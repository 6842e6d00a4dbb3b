// Union-find over the points in the order of their values.
#include "landscape/roughness/basins.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace landscape {
namespace {

class Components {
 public:
  explicit Components(std::size_t n) : parent_(n, kNone) {}

  bool has(std::size_t point) const { return parent_[point] != kNone; }
  void begin(std::size_t point) { parent_[point] = point; }
  /// The lowest point of the component.
  std::size_t lowest(std::size_t point) {
    while (parent_[point] != point) point = parent_[point] = parent_[parent_[point]];
    return point;
  }
  void join(std::size_t higher, std::size_t lower) { parent_[higher] = lower; }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> parent_;
};

}  // namespace

std::vector<Basin> find_basins(std::span<const double> values, std::int64_t n_rows, std::int64_t n_columns) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) order.push_back(i);
  }
  const auto is_lower = [&](std::size_t a, std::size_t b) {
    return values[a] != values[b] ? values[a] < values[b] : a < b;
  };
  std::ranges::sort(order, is_lower);

  Components components(values.size());
  std::vector<Basin> basins;
  const auto add = [&](std::size_t lowest, double depth, std::optional<std::int64_t> saddle) {
    const auto at = static_cast<std::int64_t>(lowest);
    const std::int64_t row = at / n_columns, column = at % n_columns;
    const bool ends_row = column == 0 || column == n_columns - 1;
    const bool ends_column = n_rows > 1 && (row == 0 || row == n_rows - 1);
    basins.push_back({at, values[lowest], depth, ends_row || ends_column, saddle});
  };
  for (const std::size_t point : order) {
    components.begin(point);
    const auto at = static_cast<std::int64_t>(point);
    const std::int64_t row = at / n_columns, column = at % n_columns;
    for (std::int64_t r = std::max<std::int64_t>(0, row - 1); r <= std::min(n_rows - 1, row + 1); ++r) {
      for (std::int64_t c = std::max<std::int64_t>(0, column - 1); c <= std::min(n_columns - 1, column + 1); ++c) {
        const auto neighbour = static_cast<std::size_t>(r * n_columns + c);
        if (!components.has(neighbour)) continue;
        std::size_t lower = components.lowest(neighbour), higher = components.lowest(point);
        if (lower == higher) continue;
        if (is_lower(higher, lower)) std::swap(lower, higher);
        if (values[higher] < values[point]) add(higher, values[point] - values[higher], at);
        components.join(higher, lower);
      }
    }
  }
  for (const std::size_t point : order) {
    if (components.lowest(point) == point) add(point, std::numeric_limits<double>::infinity(), std::nullopt);
  }
  std::ranges::sort(basins, [&](const Basin& a, const Basin& b) {
    return is_lower(static_cast<std::size_t>(a.at), static_cast<std::size_t>(b.at));
  });
  return basins;
}

}  // namespace landscape
