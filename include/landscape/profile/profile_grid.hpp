// The steps s_j of a loss profile f(s) = L(theta* + s d).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace landscape {

/// even: num equidistant steps with both ends, indexed by integers. arange: the released code's arange(-l, l + h, h),
/// whose rounding sometimes adds a point beyond the end (l = 0.02, m = 100: 102 points up to 0.0204). It measures such
/// a grid as it is, |I| = last step - first step: a monotone profile has T = 1/0.0404 there, not 1/0.04.
enum class GridRule { even, arange };

/// min:max:num, end points included, num >= 2.
struct ProfileGrid {
  double min = -1.0;
  double max = 1.0;
  int num = 101;
  GridRule rule = GridRule::even;

  friend bool operator==(const ProfileGrid&, const ProfileGrid&) = default;
  std::vector<double> steps() const;  // ascending; (num), or num + 1 where arange gains one
  double length() const;              // |I|, last step minus first
};

/// "-1:1:101". Throws UsageError that names `option`.
ProfileGrid parse_grid(std::string_view text, std::string_view option = "--grid");
/// Shortest text that parses back to the same grid.
std::string to_string(const ProfileGrid& grid);
std::string to_string(GridRule rule);
GridRule parse_grid_rule(std::string_view text, std::string_view option = "--grid-rule");

}  // namespace landscape
