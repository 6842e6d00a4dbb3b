// Exact for small networks, by Lanczos for large ones.
#include "landscape/hessian/critical_point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "landscape/hessian/lanczos.hpp"
#include "landscape/hessian/newton_step.hpp"
#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/hessian/whole_hessian.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// The curvature that is called none; `level` is what rounding makes.
double noticeable(const CriticalPoint& point, double level) {
  return std::max(level,
                  kNoticeable * std::max(std::abs(point.smallest_eigenvalue), std::abs(point.largest_eigenvalue)));
}

void put_step(CriticalPoint& point, const NewtonStep& step) {
  point.newton_step = step.length;
  point.predicted_decrease = step.decrease + step.from_negative;
  point.decrease_of_positive = step.decrease;
}

bool examine_whole(CriticalPoint& point, std::vector<double> hessian, std::span<const double> gradient) {
  if (!is_finite(hessian)) return false;
  const std::size_t n = gradient.size();
  const Eigensystem system = symmetric_eigensystem(std::move(hessian), n, true);
  const double level =
      static_cast<double>(n) * kEpsilon * std::max(std::abs(system.values.front()), std::abs(system.values.back()));
  point.smallest_eigenvalue = system.values.front();
  point.largest_eigenvalue = system.values.back();
  point.eigenvalue_error = level;
  point.trace = std::accumulate(system.values.begin(), system.values.end(), 0.0);
  const double least = noticeable(point, level);
  point.n_negative = static_cast<double>(std::ranges::count_if(system.values, [&](double x) { return x < -least; }));
  point.newton_step_error = 0.0;
  put_step(point, newton_step(system, gradient, level));
  return true;
}

// |g|^2 times the quadrature's sums.
NewtonStep step_of(const std::vector<RitzValue>& run, double square, double level) {
  NewtonStep step;
  double length = 0.0;
  for (const RitzValue& ritz : run) {
    if (!(std::abs(ritz.node) > level)) continue;
    length += square * ritz.weight / (ritz.node * ritz.node);
    (ritz.node > 0.0 ? step.decrease : step.from_negative) += 0.5 * square * ritz.weight / ritz.node;
  }
  step.length = std::sqrt(length);
  return step;
}

bool examine_by_lanczos(CriticalPoint& point, const SymmetricOperator& hessian, std::span<const double> gradient,
                        std::uint64_t seed) {
  const std::size_t n = gradient.size();
  std::vector<double> alpha(kCheckSteps), beta(kCheckSteps);
  lanczos(hessian, random_probe(seed, 0, n, false), alpha, beta);
  if (!is_finite(alpha) || !is_finite(beta)) return false;
  const std::vector<RitzValue> ends = ritz_values(alpha, beta);
  const double level = static_cast<double>(n) * kEpsilon * std::max(std::abs(ends.front().node), ends.back().node);
  point.smallest_eigenvalue = ends.front().node;
  point.largest_eigenvalue = ends.back().node;
  point.eigenvalue_error = std::max({ends.front().residual, ends.back().residual, level});
  const double least = noticeable(point, level);
  point.n_negative =
      static_cast<double>(std::ranges::count_if(ends, [&](const RitzValue& r) { return r.node < -least; }));
  if (!(norm_of(gradient) > 0.0)) {
    put_step(point, {});
    point.newton_step_error = 0.0;
    return true;
  }
  lanczos(hessian, gradient, alpha, beta);
  if (!is_finite(alpha) || !is_finite(beta)) return false;
  const double square = norm_of(gradient) * norm_of(gradient);
  const auto step_after = [&](std::size_t n_steps) {
    return step_of(ritz_values(std::span(alpha).first(n_steps), std::span(beta).first(n_steps)), square, level);
  };
  const NewtonStep all = step_after(kCheckSteps), fewer = step_after(kCheckSteps - kCheckSteps / 6);
  put_step(point, fewer.decrease < all.decrease ? fewer : all);
  point.newton_step_error = std::abs(all.length - fewer.length);
  return true;
}

// Sets verdict and sentence.
void judge(CriticalPoint& point, const LossHeight& height) {
  const bool is_known = std::isfinite(height.above_least);
  const double most = is_known ? kNotCritical * height.above_least : kNotCriticalOfScale * height.scale;
  const bool is_whole = point.method == "dense";
  const double flat = noticeable(point, point.eigenvalue_error);
  const std::string step =
      fmt::format("|grad L| = {:.2g}, and on its quadratic model a Newton step would lower the loss by {:.2g}",
                  point.gradient_norm, point.decrease_of_positive);
  if (point.decrease_of_positive > std::max({most, height.rounding, 0.5 * flat})) {
    point.verdict = "not critical";
    point.sentence = "is not critical: " + step;
    if (height.above_least > 0.0) {
      point.sentence += fmt::format(", {:.2g} times what it has above the least value",
                                    point.decrease_of_positive / height.above_least);
    }
    return;
  }
  if (point.n_negative > 0.0) {
    point.verdict = "saddle";
    point.sentence =
        fmt::format("is a saddle: {}{:.0f} falling direction{}, the deepest with the eigenvalue {:.2g}; {}",
                    is_whole ? "" : "at least ", point.n_negative, point.n_negative == 1.0 ? "" : "s",
                    point.smallest_eigenvalue, step);
    return;
  }
  point.verdict = "minimum";
  point.sentence =
      is_whole ? fmt::format("is a minimum to {:.2g}, the least eigenvalue being {:.2g}; {}", flat,
                             point.smallest_eigenvalue, step)
               : fmt::format(
                     "is a minimum as far as {} steps of Lanczos see, the least eigenvalue being {:.2g} +- {:.1g}; {}",
                     kCheckSteps, point.smallest_eigenvalue, point.eigenvalue_error, step);
}

}  // namespace

std::size_t n_check_products(std::size_t n) { return n <= kLargestWhole ? n : 2 * kCheckSteps; }

CriticalPoint examine_critical_point(LossBackend& backend, LossKind loss, std::span<const double> theta,
                                     const LossHeight& height, std::uint64_t seed) {
  CriticalPoint point;
  std::vector<double> gradient(theta.size());
  backend.loss_and_gradient(loss, theta, gradient);
  point.gradient_norm = norm_of(gradient);
  bool is_known = is_finite(gradient);
  point.method = theta.size() <= kLargestWhole ? "dense" : "lanczos";
  if (is_known && theta.size() <= kLargestWhole) {
    is_known = examine_whole(point, whole_hessian(backend, loss, theta), gradient);
  } else if (is_known) {
    const auto product = [&](std::span<const double> v, std::span<double> out) {
      backend.hessian_products(loss, theta, v, out);
    };
    is_known = examine_by_lanczos(point, product, gradient, seed);
  }
  if (!is_known) {
    const std::string method = point.method;
    point = {};
    point.method = method;
    point.verdict = "unknown";
    point.sentence = "is not known to be a minimum: the gradient or the Hessian is not finite";
    return point;
  }
  judge(point, height);
  return point;
}

}  // namespace landscape
