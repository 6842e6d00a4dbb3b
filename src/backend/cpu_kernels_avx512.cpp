// CPU kernels compiled for AVX-512.
#if defined(__AVX512F__)
#define LANDSCAPE_MATH_ABI avx512
#define LANDSCAPE_CPU_LANES 8
#define LANDSCAPE_CPU_ROWS 4
#define LANDSCAPE_CPU_COLUMNS 6
#include "cpu_kernels.ipp"

const landscape::cpu::Kernels* landscape::cpu::avx512_kernels() {
  static const Kernels kernels{"AVX-512", loss_work,      loss,          fold_size, fold,         jets_work,  jets,
                               unfold,    gradient_work,  gradient_size, gradient,  product_work, product,    rows_work,
                               rows,      curvature_work, curvature,     add_gram,  single_work,  single_loss};
  return &kernels;
}
#else
#include "cpu_kernels.hpp"

const landscape::cpu::Kernels* landscape::cpu::avx512_kernels() { return nullptr; }
#endif
