// Which instruction set runs.
#include "cpu_kernels.hpp"

#include <fmt/format.h>

#include <string_view>

#include "landscape/model/environment.hpp"
#include "landscape/model/error.hpp"

namespace landscape::cpu {

Evaluation evaluation_of(const NetworkSpec& spec, LossKind loss) {
  const math::DynamicShape s = spec.shape();
  return {s.d, s.w, s.nb, spec.kind, s.half, spec.activation, loss};
}

const Kernels& choose_kernels() {
  const char* wish = environment("LANDSCAPE_CPU_ISA");
  const std::string_view limit = wish == nullptr ? "avx512" : wish;
  if (limit != "portable" && limit != "avx2" && limit != "avx512") {
    throw UsageError(fmt::format("LANDSCAPE_CPU_ISA is '{}': choose portable, avx2 or avx512.", limit));
  }
#if defined(__x86_64__)
  if (limit == "avx512" && avx512_kernels() != nullptr && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    return *avx512_kernels();
  }
  if (limit != "portable" && avx2_kernels() != nullptr && __builtin_cpu_supports("avx2") &&
      __builtin_cpu_supports("fma")) {
    return *avx2_kernels();
  }
#endif
  return *portable_kernels();
}

}  // namespace landscape::cpu
