// Random directions around a minimizer: Gaussian entries, then scaled against the minimizer's own weights.
//
// Entry p of direction k before scaling is normal number p of the Philox subsequence k: a pure function of (seed, k,
// p), so any rank (or the GPU) can make any direction. Scaling after Li et al. 2018 and arXiv 2103.11069:
//   filter   every output row: d_row <- d_row |w_row| / |d_row|      layer            the same per tensor
//   weight   d <- d w, entry by entry                               dfilter, dlayer  to unit norm
//   none     as drawn
// and for 1-D tensors (biases)  zero   copy: d = b   random: d |b| / |d|   gaussian: as drawn. A row of zeros stays
// one. With none and gaussian d ~ N(0, 1) in all parameters, so that E d'Hd is the trace of H. The released code
// divides by |d| + 1e-10, which makes rows of one entry differ in length by 1e-10/|d| and changes no printed digit: no
// mode does so here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/model/network_spec.hpp"

namespace landscape {

enum class DirectionNorm { filter, layer, weight, dfilter, dlayer, none };
enum class BiasMode { zero, copy, random, gaussian };

std::string to_string(DirectionNorm norm);
std::string to_string(BiasMode mode);
DirectionNorm parse_direction_norm(std::string_view text, std::string_view option = "--norm");
BiasMode parse_bias_mode(std::string_view text, std::string_view option = "--bias");

/// Directions of one minimizer. Either drawn (seed, norm, bias) or given as a matrix.
class DirectionSet {
 public:
  /// Directions to be drawn around theta (copied).
  DirectionSet(const NetworkSpec& spec, std::span<const double> theta, std::uint64_t seed, DirectionNorm norm,
               BiasMode bias);
  /// Directions given row by row, (M, n) row-major. Throws UsageError where the size is no multiple of n.
  DirectionSet(const NetworkSpec& spec, std::span<const double> theta, std::vector<double> rows);

  /// Directions given row by row, (M, n), around the same minimizer.
  DirectionSet with_rows(std::vector<double> rows) const;

  /// Writes direction k (n entries). Throws Error if k is beyond a given matrix.
  void generate(std::int64_t k, std::span<double> direction) const;

  /// Writes the normal numbers (n) that direction k is made of, whatever norm and bias; of drawn directions only.
  void draw(std::int64_t k, std::span<double> normal) const;
  /// sqrt(E |d|^2) of drawn directions: their length, where that does not vary.
  double typical_length() const;
  /// Drawn directions lie on spheres, of a row of weights, a tensor or all entries of a tensor (over w with weight;
  /// as-drawn entries have the length sqrt(E |d|^2)). Replaces a vector (n) by that point of these spheres' balls which
  /// lies farthest along it: max v'd. Parts of `v` that are zero stay so; biases are as --bias says.
  void reach_along(std::span<double> v) const;

  /// The same draws scaled against the weights of another theta (n); given directions as they are.
  DirectionSet around(std::span<const double> theta) const;

  std::size_t parameter_count() const { return theta_.size(); }
  const ParameterLayout& layout() const { return layout_; }
  std::span<const double> theta() const { return theta_; }
  bool is_given() const { return !rows_.empty(); }
  std::span<const double> given_rows() const { return rows_; }
  std::uint64_t seed() const { return seed_; }
  DirectionNorm norm() const { return norm_; }
  BiasMode bias() const { return bias_; }

 private:
  ParameterLayout layout_;
  std::vector<double> theta_;
  std::vector<double> rows_;
  std::uint64_t seed_ = 0;
  DirectionNorm norm_ = DirectionNorm::filter;
  BiasMode bias_ = BiasMode::zero;
};

}  // namespace landscape
