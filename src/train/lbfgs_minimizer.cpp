#include "lbfgs_minimizer.hpp"

#include <fmt/format.h>
#include <lbfgs.h>

#include <algorithm>
#include <exception>
#include <memory>

#include "landscape/model/error.hpp"

namespace landscape {
namespace {

struct Context {
  const std::function<double(std::span<const double>, std::span<double>)>& evaluate;
  const std::function<void(std::span<const double>, double, std::int64_t)>& observe;
  std::exception_ptr failure;
  double value = 0.0;
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
      context.value = fx;
      context.observe({x, static_cast<std::size_t>(n)}, fx, k);
    } catch (...) {
      context.failure = std::current_exception();
    }
  }
  return context.failure == nullptr ? 0 : 1;
}

std::string reason_of(int code) {
  switch (code) {
    case LBFGS_SUCCESS:
    case LBFGS_ALREADY_MINIMIZED:
      return "gradient at rounding level";
    case LBFGSERR_MAXIMUMITERATION:
      return "iteration limit";
    case LBFGSERR_ROUNDING_ERROR:
    case LBFGSERR_MAXIMUMLINESEARCH:
    case LBFGSERR_MINIMUMSTEP:
    case LBFGSERR_WIDTHTOOSMALL:
    case LBFGSERR_INCREASEGRADIENT:
      return "no further descent in double precision";
    default:
      throw Error(fmt::format("L-BFGS failed with code {}: train with --lbfgs-iterations 0.", code));
  }
}

}  // namespace

LbfgsOutcome minimize_lbfgs(std::vector<double>& theta, std::int64_t max_iterations,
                            const std::function<double(std::span<const double>, std::span<double>)>& evaluate,
                            const std::function<void(std::span<const double>, double, std::int64_t)>& observe) {
  const int n = static_cast<int>(theta.size());
  // The library's vectors must come from its own, aligned allocator.
  const std::unique_ptr<lbfgsfloatval_t, decltype(&lbfgs_free)> x(lbfgs_malloc(n), &lbfgs_free);
  if (x == nullptr) throw Error("L-BFGS could not allocate its vectors.");
  std::copy(theta.begin(), theta.end(), x.get());
  lbfgs_parameter_t parameters;
  lbfgs_parameter_init(&parameters);
  parameters.m = 20;
  parameters.epsilon = 1e-13;
  parameters.max_iterations = static_cast<int>(max_iterations);
  parameters.max_linesearch = 60;
  std::vector<double> gradient(theta.size());
  Context context{evaluate, observe, nullptr, evaluate(theta, gradient)};
  double last = context.value;
  const int code = lbfgs(n, x.get(), &last, evaluate_trampoline, progress_trampoline, &context, &parameters);
  if (context.failure != nullptr) std::rethrow_exception(context.failure);
  std::string reason = reason_of(code);
  // A line search that gave up has restored the last accepted iterate.
  std::copy_n(x.get(), theta.size(), theta.begin());
  return {evaluate(theta, gradient), std::move(reason)};
}

}  // namespace landscape
