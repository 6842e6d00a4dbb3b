// The size of rounding errors in a loss, by the shared formulas on numbers that carry them.
#include "landscape/backend/loss_rounding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "landscape/math/network.hpp"
#include "landscape/math/rounded.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

using math::Rounded;

constexpr std::size_t kFewestPoints = 16, kMostPoints = 1024;
constexpr std::size_t kMostProducts = 10'000'000;  // of parameters, channels and points: about 0.1 s

/// The i-th of few points that stand for `n`. Equal strides would not: they meet one side of a tensor grid, and every
/// 2^k-th point of a Sobol sequence lies in one corner. Fractions of i by the golden ratio resonate with nothing.
std::size_t representative(std::size_t i, std::size_t n) {
  constexpr double kGoldenRatio = 0.61803398874989485;
  const double whole = static_cast<double>(i) * kGoldenRatio;
  return std::min(n - 1, static_cast<std::size_t>((whole - std::floor(whole)) * static_cast<double>(n)));
}

/// The integrand's parts at one point after another.
class RoundedEvaluator {
 public:
  RoundedEvaluator(const NetworkSpec& spec, const Problem& problem, LossKind loss, std::span<const double> theta)
      : spec_(spec), loss_(loss), terms_(problem, loss, spec.dimension), shape_(spec.shape()) {
    // A step along a direction ends in rounded parameters, and folding rounds their products.
    std::vector<Rounded> rounded;
    for (const double t : theta) rounded.push_back(Rounded::computed(t));
    const auto d = static_cast<std::size_t>(spec.dimension);
    buffer_.resize(static_cast<std::size_t>(math::FoldedLayout{shape_}.buffer_size()));
    network_ = math::fold(shape_, static_cast<const Rounded*>(rounded.data()), buffer_.data());
    work_.resize(static_cast<std::size_t>(math::forward_work<true, 1, Rounded>(shape_)));
    x_.resize(d);
    jet_.resize(d + 2);
    slope_.resize(d);
  }

  /// The residual (Galerkin) or the integrand (Ritz) at x (d).
  Rounded evaluate(const double* x) {
    const int d = spec_.dimension;
    std::copy(x, x + d, x_.begin());
    forward();
    terms_.evaluate(x);
    // Products of d factors; what is one or two roundings more plays no part.
    const double ulps = d;
    for (std::size_t j = 0; j < slope_.size(); ++j) slope_[j] = Rounded::computed(terms_.slope[j], ulps);
    const Rounded top = Rounded::computed(terms_.top, ulps), value = Rounded::computed(terms_.value, ulps);
    const Rounded source = Rounded::computed(terms_.source, ulps), cubic = Rounded::computed(terms_.cubic, ulps);
    const math::IntegrandTerms<Rounded> at{&top, slope_.data(), 1, &value, &source,
                                           terms_.has_cubic() ? &cubic : nullptr};
    return loss_ == LossKind::galerkin ? math::residual(d, jet_.data(), 1, at)
                                       : math::loss_integrand<LossKind::ritz>(d, jet_.data(), 1, at);
  }

 private:
  template <Activation kActivation>
  void forward_with() {
    math::forward_jet<kActivation, true, 1>(shape_, network_, x_.data(), jet_.data(), work_.data());
  }
  void forward() {
    switch (spec_.activation) {
      case Activation::swish:
        return forward_with<Activation::swish>();
      case Activation::tanh:
        return forward_with<Activation::tanh>();
      case Activation::sin:
        return forward_with<Activation::sin>();
      case Activation::softplus:
        return forward_with<Activation::softplus>();
    }
  }

  NetworkSpec spec_;
  LossKind loss_;
  TermsEvaluator terms_;
  math::DynamicShape shape_;
  math::FoldedNetwork<Rounded> network_{};
  std::vector<Rounded> buffer_, work_, x_, jet_, slope_;
};

}  // namespace

math::LossError<double> loss_rounding(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                      std::span<const double> theta, const PointSet& points, Precision precision) {
  const auto d = static_cast<std::size_t>(spec.dimension);
  if (theta.size() != ParameterLayout(spec).size() || points.size() == 0 || points.dimension != spec.dimension) {
    throw Error(fmt::format("{} parameters and {} points do not fit the network {}.", theta.size(), points.size(),
                            spec.describe()));
  }
  const std::size_t n =
      std::min(points.size(), std::clamp(kMostProducts / (theta.size() * (d + 2)), kFewestPoints, kMostPoints));
  RoundedEvaluator evaluator(spec, problem, loss, theta);
  double sum = 0.0, weight = 0.0, all = 0.0;
  for (const double w : points.weights) all += std::fabs(w);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t q = n == points.size() ? i : representative(i, points.size());
    const Rounded term = evaluator.evaluate(points.points.data() + q * d);
    const double w = std::fabs(points.weights[q]);
    sum += w * (loss == LossKind::galerkin ? term.error * term.error : term.error);
    weight += w;
  }
  // To first order every error is proportional to the unit roundoff.
  const bool single = precision == Precision::single_precision;
  const double units = single ? std::numeric_limits<float>::epsilon() / std::numeric_limits<double>::epsilon() : 1.0;
  math::LossError<double> error;
  if (single) error.relative = math::kDefaultLossError<float>;
  error.absolute = sum * all / weight * units;
  if (loss == LossKind::galerkin) {
    error.absolute *= units;
    error.root = 2.0 * std::sqrt(error.absolute);
  }
  return error;
}

}  // namespace landscape
