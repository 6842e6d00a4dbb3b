// From an activation known at run time to one known to the compiler; the branch is the same for all threads.
#pragma once

#include "device_api.cuh"
#include "landscape/math/activation.hpp"

namespace landscape::cuda {

/// Calls f(integral constant) for the activation known at run time.
template <Activation kActivation>
struct ActivationConstant {
  static constexpr Activation value = kActivation;
};
template <class F>
__device__ __forceinline__ void with_activation(Activation activation, const F& f) {
  switch (activation) {
    case Activation::swish:
      return f(ActivationConstant<Activation::swish>{});
    case Activation::tanh:
      return f(ActivationConstant<Activation::tanh>{});
    case Activation::sin:
      return f(ActivationConstant<Activation::sin>{});
    case Activation::softplus:
      return f(ActivationConstant<Activation::softplus>{});
  }
}

}  // namespace landscape::cuda
