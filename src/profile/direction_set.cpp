// Draw a direction into its place, then scale it tensor by tensor.
#include "landscape/profile/direction_set.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "landscape/model/choices.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

constexpr Choices<DirectionNorm, 6> kNorms{{{DirectionNorm::filter, "filter"},
                                            {DirectionNorm::layer, "layer"},
                                            {DirectionNorm::weight, "weight"},
                                            {DirectionNorm::dfilter, "dfilter"},
                                            {DirectionNorm::dlayer, "dlayer"},
                                            {DirectionNorm::none, "none"}}};
constexpr Choices<BiasMode, 4> kBiasModes{{{BiasMode::zero, "zero"},
                                           {BiasMode::copy, "copy"},
                                           {BiasMode::random, "random"},
                                           {BiasMode::gaussian, "gaussian"}}};

void scale_to(std::span<double> d, double length) {
  const double drawn = norm_of(d);
  const double factor = drawn > 0.0 ? length / drawn : 0.0;
  for (double& x : d) x *= factor;
}

void scale_weights(const TensorInfo& tensor, std::span<const double> w, std::span<double> d, DirectionNorm norm) {
  const auto columns = static_cast<std::size_t>(tensor.columns);
  switch (norm) {
    case DirectionNorm::filter:
    case DirectionNorm::dfilter:
      for (std::size_t at = 0; at < d.size(); at += columns) {
        scale_to(d.subspan(at, columns), norm == DirectionNorm::filter ? norm_of(w.subspan(at, columns)) : 1.0);
      }
      break;
    case DirectionNorm::layer:
      scale_to(d, norm_of(w));
      break;
    case DirectionNorm::dlayer:
      scale_to(d, 1.0);
      break;
    case DirectionNorm::weight:
      for (std::size_t i = 0; i < d.size(); ++i) d[i] *= w[i];
      break;
    case DirectionNorm::none:
      break;
  }
}

void scale_bias(std::span<const double> b, std::span<double> d, BiasMode mode) {
  switch (mode) {
    case BiasMode::zero:
      std::fill(d.begin(), d.end(), 0.0);
      break;
    case BiasMode::copy:
      std::copy(b.begin(), b.end(), d.begin());
      break;
    case BiasMode::random:
      scale_to(d, norm_of(b));
      break;
    case BiasMode::gaussian:
      break;
  }
}

double root_of(std::size_t n) { return std::sqrt(static_cast<double>(n)); }

}  // namespace

std::string to_string(DirectionNorm norm) { return choice_name(kNorms, norm); }
std::string to_string(BiasMode mode) { return choice_name(kBiasModes, mode); }
DirectionNorm parse_direction_norm(std::string_view text, std::string_view option) {
  return parse_choice(kNorms, text, option);
}
BiasMode parse_bias_mode(std::string_view text, std::string_view option) {
  if (text == "biasbn") return BiasMode::zero;  // what tomgoldstein/loss-landscape calls it
  return parse_choice(kBiasModes, text, option);
}

DirectionSet::DirectionSet(const NetworkSpec& spec, std::span<const double> theta, std::uint64_t seed,
                           DirectionNorm norm, BiasMode bias)
    : layout_(spec), theta_(theta.begin(), theta.end()), seed_(seed), norm_(norm), bias_(bias) {
  if (theta_.size() != layout_.size()) {
    throw Error(fmt::format("{} parameters given for a network that has {}.", theta_.size(), layout_.size()));
  }
}

DirectionSet::DirectionSet(const NetworkSpec& spec, std::span<const double> theta, std::vector<double> rows)
    : layout_(spec), theta_(theta.begin(), theta.end()), rows_(std::move(rows)) {
  if (rows_.empty() || rows_.size() % layout_.size() != 0) {
    throw UsageError(fmt::format("The given directions hold {} numbers, no multiple of the network's {} parameters.",
                                 rows_.size(), layout_.size()));
  }
}

DirectionSet DirectionSet::with_rows(std::vector<double> rows) const {
  DirectionSet set(*this);
  set.rows_ = std::move(rows);
  if (set.rows_.empty() || set.rows_.size() % theta_.size() != 0)
    throw Error("Directions are no rows of as many numbers as there are parameters.");
  return set;
}

DirectionSet DirectionSet::around(std::span<const double> theta) const {
  if (theta.size() != theta_.size())
    throw Error(fmt::format("{} parameters given for a network that has {}.", theta.size(), theta_.size()));
  DirectionSet moved = *this;
  std::copy(theta.begin(), theta.end(), moved.theta_.begin());
  return moved;
}

void DirectionSet::draw(std::int64_t k, std::span<double> normal) const {
  const std::size_t n = theta_.size();
  const std::uint64_t stream = subsequence(RandomUse::direction, static_cast<std::uint64_t>(k));
  for (std::size_t p = 0; p < n; p += 2) {
    const math::NormalPair pair = philox_normal_pair(seed_, stream, p / 2);
    normal[p] = pair.first;
    if (p + 1 < n) normal[p + 1] = pair.second;
  }
}

double DirectionSet::typical_length() const {
  double square = 0.0;
  for (const TensorInfo& tensor : layout_.tensors()) {
    const double w = norm_of(std::span(theta_).subspan(tensor.offset, tensor.size()));
    const auto size = static_cast<double>(tensor.size());
    if (tensor.is_bias) {
      square += bias_ == BiasMode::zero ? 0.0 : bias_ == BiasMode::gaussian ? size : w * w;
      continue;
    }
    switch (norm_) {
      case DirectionNorm::filter:
      case DirectionNorm::layer:
      case DirectionNorm::weight:
        square += w * w;
        break;
      case DirectionNorm::dfilter:
        square += tensor.rows;
        break;
      case DirectionNorm::dlayer:
        square += 1.0;
        break;
      case DirectionNorm::none:
        square += size;
        break;
    }
  }
  return std::sqrt(square);
}

void DirectionSet::reach_along(std::span<double> v) const {
  for (const TensorInfo& tensor : layout_.tensors()) {
    const auto w = std::span(theta_).subspan(tensor.offset, tensor.size());
    const auto d = v.subspan(tensor.offset, tensor.size());
    if (tensor.is_bias) {
      if (bias_ == BiasMode::gaussian) scale_to(d, root_of(d.size()));
      scale_bias(w, d, bias_);
    } else if (norm_ == DirectionNorm::weight) {  // d = w x with |x| at most sqrt(size): x along w v
      for (std::size_t i = 0; i < d.size(); ++i) d[i] *= w[i];
      scale_to(d, root_of(d.size()));
      scale_weights(tensor, w, d, norm_);
    } else {
      if (norm_ == DirectionNorm::none) scale_to(d, root_of(d.size()));
      scale_weights(tensor, w, d, norm_);
    }
  }
}

void DirectionSet::generate(std::int64_t k, std::span<double> direction) const {
  const std::size_t n = theta_.size();
  if (is_given()) {
    const auto row = static_cast<std::size_t>(k);
    if (k < 0 || (row + 1) * n > rows_.size())
      throw Error(fmt::format("Direction {} is beyond the {} given.", k, rows_.size() / n));
    std::copy_n(rows_.begin() + static_cast<std::ptrdiff_t>(row * n), n, direction.begin());
    return;
  }
  draw(k, direction);
  const std::span<const double> theta(theta_);
  for (const TensorInfo& tensor : layout_.tensors()) {
    const auto w = theta.subspan(tensor.offset, tensor.size());
    const auto d = direction.subspan(tensor.offset, tensor.size());
    if (tensor.is_bias) {
      scale_bias(w, d, bias_);
    } else {
      scale_weights(tensor, w, d, norm_);
    }
  }
}

}  // namespace landscape
