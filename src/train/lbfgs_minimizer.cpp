// The library's first descent works on losses; a second one, on their gradients alone, goes on where losses are
// rounding. An exception of the loss is kept inside and thrown again outside.
#include "lbfgs_minimizer.hpp"

#include <fmt/format.h>
#include <lbfgs.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>

#include "landscape/model/error.hpp"
#include "landscape/model/vectors.hpp"
#include "landscape/train/lbfgs_memory.hpp"

namespace landscape {
namespace {

struct Context {
  const std::function<double(std::span<const double>, std::span<double>)>& evaluate;
  const std::function<void(std::span<const double>, double, std::int64_t)>& observe;
  std::exception_ptr failure;
  std::int64_t iterations = 0;
};

lbfgsfloatval_t evaluate_trampoline(void* instance, const lbfgsfloatval_t* x, lbfgsfloatval_t* g, const int n,
                                    const lbfgsfloatval_t) {
  auto& context = *static_cast<Context*>(instance);
  const auto size = static_cast<std::size_t>(n);
  if (context.failure == nullptr) {
    try {
      return context.evaluate({x, size}, {g, size});
    } catch (...) {
      context.failure = std::current_exception();
    }
  }
  // The library offers no way out of an evaluation: a zero gradient ends its line search at once.
  std::fill_n(g, n, 0.0);
  return 0.0;
}

int progress_trampoline(void* instance, const lbfgsfloatval_t* x, const lbfgsfloatval_t*, const lbfgsfloatval_t fx,
                        const lbfgsfloatval_t, const lbfgsfloatval_t, const lbfgsfloatval_t, int n, int k, int) {
  auto& context = *static_cast<Context*>(instance);
  if (context.failure == nullptr) {
    try {
      context.iterations = k;
      context.observe({x, static_cast<std::size_t>(n)}, fx, k);
    } catch (...) {
      context.failure = std::current_exception();
    }
  }
  return context.failure == nullptr ? 0 : 1;
}

StopReason reason_of(int code) {
  switch (code) {
    case LBFGS_SUCCESS:
    case LBFGS_ALREADY_MINIMIZED:
      return stop_reason::kGradient;
    case LBFGSERR_MAXIMUMITERATION:
      return stop_reason::kLimit;
    case LBFGSERR_ROUNDING_ERROR:
    case LBFGSERR_MAXIMUMLINESEARCH:
    case LBFGSERR_MINIMUMSTEP:
    case LBFGSERR_WIDTHTOOSMALL:
    case LBFGSERR_INCREASEGRADIENT:
      return stop_reason::kRounding;
    case LBFGSERR_MAXIMUMSTEP:  // as an energy without a minimum does
      return stop_reason::kUnbounded;
    default:
      throw Error(fmt::format("L-BFGS failed with code {}: train with --lbfgs-iterations 0.", code));
  }
}

constexpr double kMostRise = 1e-6;  // of the loss, beyond which it is no rounding

struct Descent {
  std::int64_t iterations;
  int code;  // the library's
};

/// Runs the library from x and leaves x at the last accepted iterate.
Descent descend(std::span<double> x, std::int64_t max_iterations, double epsilon,
                const std::function<double(std::span<const double>, std::span<double>)>& evaluate,
                const std::function<void(std::span<const double>, double, std::int64_t)>& observe) {
  const int n = static_cast<int>(x.size());
  // The library's vectors must come from its own, aligned allocator.
  const std::unique_ptr<lbfgsfloatval_t, decltype(&lbfgs_free)> own(lbfgs_malloc(n), &lbfgs_free);
  if (own == nullptr) throw Error("L-BFGS could not allocate its vectors.");
  std::copy(x.begin(), x.end(), own.get());
  lbfgs_parameter_t parameters;
  lbfgs_parameter_init(&parameters);
  parameters.m = kLbfgsMemory;
  parameters.epsilon = epsilon;
  parameters.max_iterations = static_cast<int>(max_iterations);
  parameters.max_linesearch = 60;
  Context context{evaluate, observe, nullptr, 0};
  double last = 0.0;
  const int code = lbfgs(n, own.get(), &last, evaluate_trampoline, progress_trampoline, &context, &parameters);
  if (context.failure != nullptr) std::rethrow_exception(context.failure);
  // A line search that gave up has restored the last accepted iterate.
  std::copy_n(own.get(), x.size(), x.begin());
  return {context.iterations, code};
}

/// Goes on from theta by gradients alone, because loss values of rounding u place a minimum only to sqrt(u). The change
/// of the loss since the start theta_0 is taken as (g(theta) + g(theta_0)) . (theta - theta_0) / 2, exact for a
/// quadratic and free of cancellation (the approximate Wolfe condition of Hager and Zhang, SIAM J. Optim. 16 (2005)
/// 170-192, rests on the same). Keeps the end point only if its gradient is smaller and its loss no higher than
/// rounding can make it: far from a minimum the change above says nothing.
std::int64_t finish_by_gradient(std::vector<double>& theta, std::int64_t max_iterations,
                                const std::function<double(std::span<const double>, std::span<double>)>& evaluate) {
  std::vector<double> first(theta.size()), gradient(theta.size()), end = theta;
  const double before = evaluate(theta, first);
  const auto change = [&](std::span<const double> x, std::span<double> g) {
    evaluate(x, g);
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += 0.5 * (g[i] + first[i]) * (x[i] - theta[i]);
    return sum;
  };
  const Descent descent = descend(end, max_iterations, 1e-16, change, [](auto, double, std::int64_t) {});
  const double rise = evaluate(end, gradient) - before;
  if (norm_of(gradient) < norm_of(first) && rise <= kMostRise * std::max(1.0, std::abs(before))) theta = end;
  return descent.iterations;
}

}  // namespace

MinimizerOutcome minimize_lbfgs(std::vector<double>& theta, std::int64_t max_iterations,
                                const std::function<double(std::span<const double>, std::span<double>)>& evaluate,
                                const std::function<void(std::span<const double>, double, std::int64_t)>& observe) {
  const Descent descent = descend(theta, max_iterations, 1e-13, evaluate, observe);
  const StopReason reason = reason_of(descent.code);
  std::vector<double> gradient(theta.size());
  if (descent.iterations < max_iterations) {
    const std::int64_t more = finish_by_gradient(theta, max_iterations - descent.iterations, evaluate);
    if (more > 0) observe(std::vector(theta), evaluate(theta, gradient), descent.iterations + more);
  }
  return {evaluate(theta, gradient), reason};
}

}  // namespace landscape
