// Every change of a permutation is carried out at once on a copy of the parameters.
#include "landscape/model/unit_matching.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "landscape/model/assignment.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/random/philox.hpp"

namespace landscape {
namespace {

constexpr int kMostStarts = 200;      // of small networks
constexpr double kMostWork = 2e9;     // operations of all starts together, roughly
constexpr double kLeastGain = 1e-13;  // of |A||B|: less is rounding
constexpr std::uint64_t kSeed = 20210311;

bool is_odd(Activation activation) {
  switch (activation) {
    case Activation::tanh:
    case Activation::sin:
      return true;
    case Activation::swish:
    case Activation::softplus:
      return false;
  }
  return false;
}

/// Entry (row, column) of a tensor in theta.
std::size_t at(const TensorInfo& tensor, std::size_t row, std::size_t column) {
  return tensor.offset + row * static_cast<std::size_t>(tensor.columns) + column;
}

/// (units, units): what unit i of `a` and unit j of `b` add to <A, P B> where j goes to i.
std::vector<double> gains(const ParameterLayout& layout, const UnitGroup& group, std::span<const double> a,
                          std::span<const double> b) {
  const std::size_t n = group.n_units;
  std::vector<double> gain(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double& sum = gain[i * n + j];
      for (const std::size_t t : group.rows) {
        const TensorInfo& tensor = layout.tensors()[t];
        for (std::size_t c = 0; c < static_cast<std::size_t>(tensor.columns); ++c)
          sum += a[at(tensor, i, c)] * b[at(tensor, j, c)];
      }
      for (const std::size_t t : group.columns) {
        const TensorInfo& tensor = layout.tensors()[t];
        for (std::size_t r = 0; r < static_cast<std::size_t>(tensor.rows); ++r)
          sum += a[at(tensor, r, i)] * b[at(tensor, r, j)];
      }
    }
  }
  return gain;
}

/// The best permutation of one group, the others held.
void match_group(const ParameterLayout& layout, const UnitGroup& group, std::span<const double> a,
                 std::span<double> b) {
  const std::size_t n = group.n_units;
  const std::vector<double> gain = gains(layout, group, a, b);
  std::vector<double> cost(gain.size()), sign(n, 1.0);
  for (std::size_t k = 0; k < gain.size(); ++k) cost[k] = group.takes_sign ? -std::abs(gain[k]) : -gain[k];
  const std::vector<std::size_t> from = least_cost_assignment(cost, n);
  for (std::size_t i = 0; i < n; ++i) {
    if (group.takes_sign && gain[i * n + from[i]] < 0.0) sign[i] = -1.0;
  }
  permute_units(layout, group, from, sign, b);
}

/// Layer after layer until nothing improves.
void match_all(const ParameterLayout& layout, std::span<const UnitGroup> groups, std::span<const double> a,
               std::vector<double>& b) {
  const double least = kLeastGain * std::sqrt(dot(a, a) * dot(b, b));
  for (double before = dot(a, b);;) {
    std::vector<double> next = b;
    for (const UnitGroup& group : groups) match_group(layout, group, a, next);
    const double now = dot(a, next);
    if (!(now > before + least)) return;
    before = now;
    b = std::move(next);
  }
}

/// A random order and, where they are free, random signs of every group.
void shuffle(const ParameterLayout& layout, std::span<const UnitGroup> groups, std::uint64_t start,
             std::span<double> theta) {
  std::uint64_t drawn = 0;
  const auto uniform = [&] { return philox_uniform_pair(kSeed, subsequence(RandomUse::batches, start), drawn++)[0]; };
  for (const UnitGroup& group : groups) {
    std::vector<std::size_t> from(group.n_units);
    std::vector<double> sign(group.n_units, 1.0);
    std::iota(from.begin(), from.end(), std::size_t{0});
    for (std::size_t i = group.n_units; i > 1; --i)
      std::swap(from[i - 1], from[std::min(i - 1, static_cast<std::size_t>(uniform() * static_cast<double>(i)))]);
    for (double& s : sign) s = group.takes_sign && uniform() < 0.5 ? -1.0 : 1.0;
    permute_units(layout, group, from, sign, theta);
  }
}

/// Layers of a network: number l has the tensors 2l and 2l + 1 of the layout, its weight and its bias.
class Layers {
 public:
  explicit Layers(const NetworkSpec& spec) : layout_(spec), odd_(is_odd(spec.activation)) {}
  std::size_t size() const { return layout_.tensors().size() / 2; }  // layer_out is the last
  /// The units that a layer gives to the next one.
  UnitGroup units_of(std::size_t layer) const {
    return {
        static_cast<std::size_t>(layout_.tensors()[2 * layer].rows), {2 * layer, 2 * layer + 1}, {2 * layer + 2}, odd_};
  }

 private:
  ParameterLayout layout_;
  bool odd_;
};

std::vector<UnitGroup> groups_of_chain(const Layers& layers) {
  std::vector<UnitGroup> groups;
  for (std::size_t layer = 0; layer + 1 < layers.size(); ++layer) groups.push_back(layers.units_of(layer));
  return groups;
}

// What layer_in gives, every second layer adds to: one order for all of these; the layers between have their own.
std::vector<UnitGroup> groups_of_resnet(const Layers& layers) {
  std::vector<UnitGroup> groups;
  UnitGroup stream = layers.units_of(0);
  stream.columns = {2 * (layers.size() - 1)};
  for (std::size_t layer = 1; layer + 1 < layers.size(); layer += 2) {
    groups.push_back(layers.units_of(layer));
    stream.columns.push_back(2 * layer);
    for (const std::size_t tensor : layers.units_of(layer + 1).rows) stream.rows.push_back(tensor);
  }
  groups.push_back(std::move(stream));
  return groups;
}

}  // namespace

std::vector<UnitGroup> unit_groups(const NetworkSpec& spec) {
  const Layers layers(spec);
  switch (spec.kind) {  // without default: a kind that is not decided does not compile
    case NetworkKind::linear:
      return {};
    case NetworkKind::mlp:
      return groups_of_chain(layers);
    case NetworkKind::fcnet: {
      std::vector<UnitGroup> groups = groups_of_chain(layers);
      groups.front().takes_sign = true;  // there is no activation after layer_in
      return groups;
    }
    case NetworkKind::resnet:
      return groups_of_resnet(layers);
  }
  return {};
}

void permute_units(const ParameterLayout& layout, const UnitGroup& group, std::span<const std::size_t> from,
                   std::span<const double> sign, std::span<double> theta) {
  const std::vector<double> before(theta.begin(), theta.end());
  for (const std::size_t t : group.rows) {
    const TensorInfo& tensor = layout.tensors()[t];
    for (std::size_t i = 0; i < group.n_units; ++i) {
      for (std::size_t c = 0; c < static_cast<std::size_t>(tensor.columns); ++c)
        theta[at(tensor, i, c)] = sign[i] * before[at(tensor, from[i], c)];
    }
  }
  for (const std::size_t t : group.columns) {
    const TensorInfo& tensor = layout.tensors()[t];
    for (std::size_t r = 0; r < static_cast<std::size_t>(tensor.rows); ++r) {
      for (std::size_t i = 0; i < group.n_units; ++i)
        theta[at(tensor, r, i)] = sign[i] * before[at(tensor, r, from[i])];
    }
  }
}

std::vector<double> match_units(const NetworkSpec& spec, std::span<const double> a, std::span<const double> b) {
  const ParameterLayout layout(spec);
  const std::vector<UnitGroup> groups = unit_groups(spec);
  std::vector<double> best(b.begin(), b.end());
  if (groups.empty()) return best;
  match_all(layout, groups, a, best);
  double work = 0.0;  // of a start: some ten sweeps
  for (const UnitGroup& group : groups) {
    const auto n = static_cast<double>(group.n_units);
    work += 10.0 * n * (static_cast<double>(a.size()) + n * n);
  }
  const int n_starts = static_cast<int>(std::clamp(kMostWork / work, 1.0, static_cast<double>(kMostStarts)));
  for (int start = 0; start < n_starts; ++start) {
    std::vector<double> other(b.begin(), b.end());
    shuffle(layout, groups, static_cast<std::uint64_t>(start), other);
    match_all(layout, groups, a, other);
    if (dot(a, other) > dot(a, best)) best = std::move(other);
  }
  return best;
}

}  // namespace landscape
