// The lines start_k + s d_k along which losses are evaluated. A few starts and a few directions make many of them: with
// S starts and D directions, line k has start k / D and direction k % D. So every analysis of lines is one set:
//
//   profiles          start theta*, directions 0, 1, ... as many as are wanted
//   two points        start A, direction B - A: s = 0 is A and s = 1 is B
//   plane             starts theta* + t_i e, one direction d: a surface over (s, t), row by row
//   path              starts theta_0 ... theta_{S-1}, the same D directions from each of them
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "landscape/profile/direction_set.hpp"

namespace landscape {

class LineSet {
 public:
  /// From the directions' own minimizer; one line per direction, and where these are drawn, no end of them.
  LineSet(DirectionSet directions);  // NOLINT(google-explicit-constructor): a set of directions is one of lines
  /// From every start (S, n) along the first `n_directions` directions. Throws Error where there is no whole start or a
  /// direction is missing.
  LineSet(DirectionSet directions, std::int64_t n_directions, std::vector<double> starts);

  /// The line through two points (n): a at s = 0, b at s = 1.
  static LineSet through(const NetworkSpec& spec, std::span<const double> a, std::span<const double> b);
  /// Line i starts at origin + offsets_i across and runs along `along`; all vectors (n).
  static LineSet plane(const NetworkSpec& spec, std::span<const double> origin, std::span<const double> along,
                       std::span<const double> across, std::span<const double> offsets);

  /// The start of line k, (n).
  std::span<const double> start(std::int64_t k) const;
  /// Writes the direction of line k, (n). Throws Error where there is none.
  void direction(std::int64_t k, std::span<double> out) const { directions_.generate(k % n_directions_, out); }

  /// What the lines are made of, for backends that make them on a device.
  const DirectionSet& directions() const { return directions_; }
  std::span<const double> starts() const { return starts_.empty() ? directions_.theta() : starts_; }  // (S, n)
  std::int64_t n_starts() const { return static_cast<std::int64_t>(starts().size() / parameter_count()); }
  /// D; the largest number where one start meets drawn directions.
  std::int64_t n_directions() const { return n_directions_; }
  std::size_t parameter_count() const { return directions_.parameter_count(); }
  /// Throws Error where a line of the items first ... first + count - 1 is not there; item = line * n_steps + step.
  void require_items(std::int64_t n_steps, std::int64_t first, std::int64_t count) const;

 private:
  DirectionSet directions_;
  std::vector<double> starts_;  // empty: the directions' minimizer
  std::int64_t n_directions_;
};

}  // namespace landscape
