// Sums in the order of the parameters: the same bits wherever LAPACK's are.
#include "landscape/hessian/made_directions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "landscape/hessian/whole_hessian.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/numbers.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

constexpr std::size_t kAscents = 3;
constexpr int kMostSteps = 100;
constexpr double kLeastGamma = 1e-3;  // of a step
constexpr double kLeastRise = 1e-6;   // of a step, relative to the loss

}  // namespace

MadeDirections::MadeDirections(DirectionSource source) : source_(std::move(source)) {}

const Eigensystem& MadeDirections::eigensystem() {
  if (eigensystem_) return *eigensystem_;
  const std::size_t n = theta().size();
  std::vector<double> hessian = whole_hessian(source_.backend, source_.loss, theta(), source_.between);
  if (is_finite(hessian)) return eigensystem_.emplace(symmetric_eigensystem(std::move(hessian), n, true));
  return eigensystem_.emplace(Eigensystem{std::vector<double>(n, kUndefined), std::vector<double>(n * n, kUndefined)});
}

std::vector<double> MadeDirections::gradient() {
  std::vector<double> g(theta().size());
  source_.backend.loss_and_gradient(source_.loss, theta(), g);
  return g;
}

// Twice: the second pass takes what the first one's rounding left.
void MadeDirections::project(const DirectionKind& kind, std::span<double> v) {
  const std::size_t n = v.size();
  const Eigensystem& system = eigensystem();
  const std::size_t k = std::min(static_cast<std::size_t>(kind.k), n);
  std::vector<double> part(n);
  for (int pass = 0; pass < 2; ++pass) {
    std::fill(part.begin(), part.end(), 0.0);
    for (std::size_t i = n - k; i < n; ++i) {
      const auto vector = std::span(system.vectors).subspan(i * n, n);
      const double along = dot(vector, v);
      for (std::size_t p = 0; p < n; ++p) part[p] += along * vector[p];
    }
    for (std::size_t p = 0; p < n; ++p) v[p] = kind.family == DirectionFamily::top ? part[p] : v[p] - part[p];
  }
}

void MadeDirections::give_length(std::span<double> v) const {
  const double length = norm_of(v);
  const double factor = length == 0.0 ? 0.0 : source_.drawn.typical_length() / length;
  for (double& x : v) x *= factor;
}

// Replaces d by where the ascent ends and returns the loss there.
double MadeDirections::ascend(std::vector<double>& d) {
  const std::size_t n = d.size();
  std::vector<double> place(n), v(n), trial(n), gradient_there(n);
  const auto evaluate = [&](const std::vector<double>& direction, std::span<double> slope) {
    for (std::size_t p = 0; p < n; ++p) place[p] = theta()[p] + source_.end * direction[p];
    source_.between();
    return source_.backend.loss_and_gradient(source_.loss, place, slope);
  };
  double loss = evaluate(d, gradient_there);
  double first_gamma = 1.0;  // not far above the last one that the loss rose along
  for (int step = 0; step < kMostSteps; ++step) {
    for (std::size_t p = 0; p < n; ++p) v[p] = source_.end * gradient_there[p];
    source_.drawn.reach_along(v);
    double rise = 0.0;
    for (double gamma = first_gamma; gamma >= kLeastGamma && rise == 0.0; gamma /= 2.0) {
      for (std::size_t p = 0; p < n; ++p) trial[p] = d[p] + gamma * (v[p] - d[p]);
      const double there = evaluate(trial, gradient_there);
      if (!(std::isfinite(there) && there > loss)) continue;
      rise = there - loss;
      loss = there;
      first_gamma = std::min(1.0, 4.0 * gamma);
      d.swap(trial);
    }
    if (!(rise > kLeastRise * std::abs(loss))) break;
  }
  return loss;
}

std::vector<double> MadeDirections::worst() {
  const std::size_t n = theta().size();
  const std::vector<double> steps{source_.end};
  // The ball holds -d, too, but for biases that are copied.
  const bool both_ways = source_.drawn.bias() != BiasMode::copy;
  std::vector<double> starts;
  for (std::int64_t k = 0; k < kAscentDraws; ++k) {
    std::vector<double> d(n);
    source_.drawn.generate(k, d);
    starts.insert(starts.end(), d.begin(), d.end());
    for (double& x : d) x = -x;
    if (both_ways) starts.insert(starts.end(), d.begin(), d.end());
  }
  const LineSet lines(source_.drawn.with_rows(starts));
  std::vector<double> losses(starts.size() / n);
  source_.backend.evaluate({source_.loss, &lines, steps, 0, static_cast<std::int64_t>(losses.size())}, losses);
  std::vector<std::size_t> order(losses.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return !std::isfinite(losses[i]); });
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return losses[i]; });
  std::vector<double> best(starts.begin(), starts.begin() + static_cast<std::ptrdiff_t>(n));
  std::optional<double> highest;
  for (std::size_t i = 0; i < std::min(kAscents, order.size()); ++i) {
    const auto at = starts.begin() + static_cast<std::ptrdiff_t>(order[i] * n);
    std::vector<double> d(at, at + static_cast<std::ptrdiff_t>(n));
    const double loss = ascend(d);
    if (highest && !(loss > *highest)) continue;
    highest = loss;
    best = std::move(d);
  }
  return best;
}

std::vector<double> MadeDirections::rows(const DirectionKind& kind, std::int64_t n_directions) {
  const std::size_t n = theta().size();
  switch (kind.family) {
    case DirectionFamily::random:
      break;
    case DirectionFamily::top:
    case DirectionFamily::bulk: {
      std::vector<double> all(static_cast<std::size_t>(n_directions) * n);
      for (std::int64_t k = 0; k < n_directions; ++k) {
        const auto row = std::span(all).subspan(static_cast<std::size_t>(k) * n, n);
        source_.drawn.draw(k, row);
        project(kind, row);
        give_length(row);
      }
      return all;
    }
    case DirectionFamily::gradient: {
      std::vector<double> d = gradient();
      give_length(d);
      return d;
    }
    case DirectionFamily::adam: {
      std::vector<double> d = gradient();
      for (double& x : d) x = -x / (std::abs(x) + source_.adam_epsilon);
      give_length(d);
      return d;
    }
    case DirectionFamily::towards: {
      if (source_.other.size() != n) break;
      std::vector<double> d(n);
      for (std::size_t p = 0; p < n; ++p) d[p] = source_.other[p] - theta()[p];
      give_length(d);
      return d;
    }
    case DirectionFamily::worst:
      return worst();
  }
  throw Error(fmt::format("Directions of the kind {} cannot be made.", to_string(kind)));
}

}  // namespace landscape
