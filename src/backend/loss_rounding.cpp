// The size of rounding errors in a loss, by the shared formulas on numbers that carry them.
#include "landscape/backend/loss_rounding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "landscape/math/rounded.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/random/philox.hpp"
#include "network_jet.hpp"

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

// A step along a direction ends in rounded parameters, and folding rounds their products.
std::vector<Rounded> rounded_parameters(std::span<const double> theta) {
  std::vector<Rounded> rounded;
  for (const double t : theta) rounded.push_back(Rounded::computed(t));
  return rounded;
}

/// The integrand's parts at one point after another.
class RoundedEvaluator {
 public:
  RoundedEvaluator(const NetworkSpec& spec, QuantityTerms& terms, LossKind loss, std::span<const double> theta)
      : dimension_(spec.dimension),
        loss_(loss),
        all_terms_(terms),
        network_(spec, rounded_parameters(theta)),
        x_(static_cast<std::size_t>(spec.dimension)),
        slope_(x_.size()) {}

  /// The residual (Galerkin) or the integrand (Ritz) of term i.
  Rounded evaluate(std::size_t i) {
    std::copy_n(all_terms_.point(i), x_.size(), x_.begin());
    const Rounded* jet = network_.evaluate(x_.data()).data();
    const TermsEvaluator& terms = all_terms_.at(i);
    // Products of d factors; what is one or two roundings more plays no part.
    const double ulps = dimension_;
    for (std::size_t j = 0; j < slope_.size(); ++j) slope_[j] = Rounded::computed(terms.slope[j], ulps);
    const Rounded top = Rounded::computed(terms.top, ulps), value = Rounded::computed(terms.value, ulps);
    const Rounded source = Rounded::computed(terms.source, ulps), cubic = Rounded::computed(terms.cubic, ulps);
    const Rounded* cubic_term = terms.has_cubic() ? &cubic : nullptr;
    const math::IntegrandTerms<Rounded> at{&top, slope_.data(), 1, &value, &source, cubic_term};
    return loss_ == LossKind::galerkin ? math::residual(dimension_, jet, 1, at)
                                       : math::loss_integrand<LossKind::ritz>(dimension_, jet, 1, at);
  }

 private:
  int dimension_;
  LossKind loss_;
  QuantityTerms& all_terms_;
  NetworkJet<Rounded> network_;
  std::vector<Rounded> x_, slope_;
};

/// Of errors (Ritz) or their squares over the terms [first, last), represented by at most n_most of them.
double integral_of_errors(RoundedEvaluator& evaluator, LossKind loss, const QuantityTerms& terms, std::size_t first,
                          std::size_t last, std::size_t n_most) {
  const std::size_t count = last - first, n = std::min(count, n_most);
  if (n == 0) return 0.0;
  double sum = 0.0, weight = 0.0, all = 0.0;
  for (std::size_t q = first; q < last; ++q) all += std::fabs(terms.weight(q));
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t q = first + (n == count ? i : representative(i, count));
    const Rounded term = evaluator.evaluate(q);
    const double w = std::fabs(terms.weight(q));
    sum += w * (loss == LossKind::galerkin ? term.error * term.error : term.error);
    weight += w;
  }
  return sum * all / weight;
}

/// Of rounding errors (Ritz), or of their squares, over all terms of a quantity, in units of double precision.
double integral_of_errors(const NetworkSpec& spec, const Problem& problem, LossKind loss, Quantity quantity,
                          std::span<const double> theta, const PointSet& points) {
  const auto d = static_cast<std::size_t>(spec.dimension);
  if (theta.size() != ParameterLayout(spec).size() || points.size() == 0 || points.dimension != spec.dimension) {
    throw Error(fmt::format("{} parameters and {} points do not fit the network {}.", theta.size(), points.size(),
                            spec.describe()));
  }
  const std::size_t n = std::clamp(kMostProducts / (theta.size() * (d + 2)), kFewestPoints, kMostPoints);
  const LossKind kernel = kernel_loss(quantity, loss);
  QuantityTerms terms(problem, loss, quantity, points);
  RoundedEvaluator evaluator(spec, terms, kernel, theta);
  // Few points of the boundary may carry most of the error: they are represented by themselves.
  const std::size_t inside = terms.n_inside();
  return integral_of_errors(evaluator, kernel, terms, 0, inside, n) +
         integral_of_errors(evaluator, kernel, terms, inside, terms.size(), n);
}

math::LossError<double> gradient_rounding(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                          std::span<const double> theta, const PointSet& points) {
  constexpr std::uint64_t kChanges = 4;
  constexpr double kSafety = 32.0;
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const auto backend = make_cpu_backend(spec, problem, points, 1);
  std::vector<double> gradient(theta.size()), changed(theta.size()), moved(theta.size());
  backend->loss_and_gradient(loss, theta, gradient);
  double largest = 0.0;
  for (std::uint64_t k = 0; k < kChanges; ++k) {
    const std::uint64_t stream = subsequence(RandomUse::probes, k);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const double sign = philox_uniform_pair(0, stream, i)[0] < 0.5 ? -1.0 : 1.0;
      moved[i] = theta[i] * (1.0 + sign * kEpsilon);
    }
    backend->loss_and_gradient(loss, moved, changed);
    for (std::size_t i = 0; i < theta.size(); ++i) changed[i] -= gradient[i];
    const double change = norm_of(changed);
    if (!(change <= largest)) largest = change;
  }
  math::LossError<double> error;
  error.absolute = kSafety * largest;
  return error;
}

}  // namespace

math::LossError<double> loss_rounding(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                      std::span<const double> theta, const PointSet& points, Precision precision) {
  const double integral = integral_of_errors(spec, problem, loss, Quantity::loss, theta, points);
  // To first order every error is proportional to the unit roundoff.
  const bool single = precision == Precision::single_precision;
  const double units = single ? std::numeric_limits<float>::epsilon() / std::numeric_limits<double>::epsilon() : 1.0;
  math::LossError<double> error;
  if (single) error.relative = math::kDefaultLossError<float>;
  error.absolute = integral * units;
  if (loss == LossKind::galerkin) {
    error.absolute *= units;
    error.root = 2.0 * std::sqrt(error.absolute);
  }
  return error;
}

math::LossError<double> quantity_rounding(const NetworkSpec& spec, const Problem& problem, LossKind loss,
                                          Quantity quantity, std::span<const double> theta, const PointSet& points) {
  if (quantity == Quantity::loss) return loss_rounding(spec, problem, loss, theta, points);
  if (quantity == Quantity::gradient_norm) return gradient_rounding(spec, problem, loss, theta, points);
  math::LossError<double> error;
  error.absolute = std::sqrt(integral_of_errors(spec, problem, loss, quantity, theta, points));
  return error;
}

}  // namespace landscape
