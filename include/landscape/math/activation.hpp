// Activation functions with their first three derivatives, in forms that do not cancel: swish z sigma(z), tanh, sin and
// softplus log(1 + e^z). The third derivative enters the parameter gradient of the least-squares loss only; the
// compiler drops what a caller does not read. A new one has its word, its case and its formula in this file.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "landscape/math/config.hpp"
#include "landscape/math/elementary.hpp"

namespace landscape {

/// Activation of the hidden layers.
enum class Activation { swish, tanh, sin, softplus };

/// Their words, on the command line and in files.
inline constexpr std::array<std::pair<Activation, std::string_view>, 4> kActivations{
    {{Activation::swish, "swish"},
     {Activation::tanh, "tanh"},
     {Activation::sin, "sin"},
     {Activation::softplus, "softplus"}}};

template <Activation kActivation>
struct ActivationConstant {
  static constexpr Activation value = kActivation;
};

}  // namespace landscape

LANDSCAPE_MATH_BEGIN

/// f(ActivationConstant) of the activation known at run time; on a GPU the branch is the same for all threads.
#if defined(__CUDACC__)
#pragma nv_exec_check_disable
#endif
template <class F>
LANDSCAPE_INLINE decltype(auto) with_activation(Activation activation, const F& f) {
  switch (activation) {  // without default: one that has no case does not compile
    case Activation::swish:
      return f(ActivationConstant<Activation::swish>{});
    case Activation::tanh:
      return f(ActivationConstant<Activation::tanh>{});
    case Activation::sin:
      return f(ActivationConstant<Activation::sin>{});
    case Activation::softplus:
      return f(ActivationConstant<Activation::softplus>{});
  }
  __builtin_unreachable();
}

/// phi(z) and its derivatives.
template <class T>
struct ActivationJet {
  T f, f1, f2, f3;
};

template <Activation kActivation, class T>
LANDSCAPE_INLINE ActivationJet<T> activate(T z) {
  ActivationJet<T> jet;
  if constexpr (kActivation == Activation::swish) {
    // With e = exp(-z): sigma = 1/(1+e), sigma' = e sigma^2 = q, 1 - 2 sigma = (e - 1) sigma = t.
    const T e = exp(-z);
    const T sigma = reciprocal(T(1.0) + e);
    const T q = (e * sigma) * sigma;
    const T t = (e - T(1.0)) * sigma;
    jet.f = z * sigma;
    jet.f1 = fma(z, q, sigma);
    jet.f2 = q * fma(z, t, T(2.0));
    jet.f3 = q * fma(z, fma(t, t, T(-2.0) * q), T(3.0) * t);
  } else if constexpr (kActivation == Activation::tanh) {
    // With e = exp(-2|z|): |tanh| = (1-e)/(1+e), tanh' = 4e/(1+e)^2.
    const T e = exp(T(-2.0) * abs(z));
    const T r = reciprocal(T(1.0) + e);
    jet.f = copy_sign((T(1.0) - e) * r, z);
    jet.f1 = (T(4.0) * e * r) * r;
    jet.f2 = T(-2.0) * jet.f * jet.f1;
    jet.f3 = T(-2.0) * fma(jet.f1, jet.f1, jet.f * jet.f2);
  } else if constexpr (kActivation == Activation::sin) {
    sincos(z, jet.f, jet.f1);
    jet.f2 = -jet.f;
    jet.f3 = -jet.f1;
  } else {
    static_assert(kActivation == Activation::softplus, "this activation has no formula");
    // With e = exp(-|z|): softplus = max(z, 0) + log(1+e), whose derivative is sigma.
    const T e = exp(-abs(z));
    const T r = reciprocal(T(1.0) + e);
    const T q = (e * r) * r;
    jet.f = pick_if_negative(z, T(0.0), z) + log1p_unit(e);
    jet.f1 = pick_if_negative(z, e * r, r);
    jet.f2 = q;
    jet.f3 = q * copy_sign((e - T(1.0)) * r, -z);
  }
  return jet;
}

LANDSCAPE_MATH_END
